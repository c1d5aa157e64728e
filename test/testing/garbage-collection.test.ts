import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { beforeAll, expect, it } from 'vitest'

const run = promisify(execFile)

/** In milliseconds. The parent process kills the child after this time: a deadlocked thread runs no timer. */
const TIME_LIMIT = 20_000

const FLAGS = ['--gc-global', '--max-semi-space-size=1', '--expose-gc']

/**
 * Node 20 deadlocks if it collects the job of a key pair while the same key is exported as JWK. The setter
 * starts a collection in that moment: Node sets the members of the JWK on a plain object. With the flags
 * alone, one run in three of 15,000 keys misses the moment.
 */
const CREATE_ACCOUNTS = `
  const { TestNetwork } = require('./dist/testing/index.js')
  TestNetwork.start().then(async (network) => {
    Object.defineProperty(Object.prototype, 'x', {
      configurable: true,
      set(value) {
        gc()
        Object.defineProperty(this, 'x', { value })
      },
    })
    for (let count = 0; count < 1000; count++) await network.createAccount('account-' + count + '.test')
    await network.stop()
    console.log('created')
  })`

beforeAll(() => {
  if (!existsSync('dist/index.js')) throw new Error('The package is not built: run npm run build first')
})

it('creates accounts while garbage is collected, without a deadlock', async () => {
  const child = run(process.execPath, [...FLAGS, '-e', CREATE_ACCOUNTS], {
    timeout: TIME_LIMIT,
    killSignal: 'SIGKILL',
  })
  expect((await child).stdout).toBe('created\n')
})
