import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { describeWithPostgres, startPostgres } from '../support/postgres'
import { codeBlocks } from '../support/readme'
import { describeWithRedis, RedisServer } from '../support/redis'

const run = promisify(execFile)

/** A code block of a page, by a line that it has. */
function codeWith(line: string, page: string): string {
  const found = codeBlocks(page).find(({ code }) => code.includes(line))
  if (!found) throw new Error(`${page} has no code with: ${line}`)
  return found.code
}

describeWithRedis('the README’s lines for many processes', () => {
  const cleanup = new Cleanup()
  afterAll(() => cleanup.run())

  it('run as they stand', async () => {
    const redis = await RedisServer.start(cleanup)
    const lines = codeWith('store: new RedisChallengeStore(client)', 'README.md').replace(
      "require('passport-near')",
      `require(${JSON.stringify(join(process.cwd(), 'dist/index.js'))})`,
    )
    const code = `
const express = require('express')
const session = require('express-session')
const NearStrategy = require(${JSON.stringify(join(process.cwd(), 'dist/index.js'))})
const verify = (profile, done) => done(null, profile)
const app = express()
${lines}
app.get('/', near.challengeHandler())
app.listen(0, '127.0.0.1', async function () {
  while (!client.isReady) await new Promise(setImmediate)
  const response = await fetch('http://127.0.0.1:' + this.address().port)
  console.log(JSON.stringify([response.status, response.headers.getSetCookie().length, (await client.keys('*')).sort()]))
  process.exit()
})`
    const { stdout } = await run(process.execPath, ['--input-type=commonjs', '-e', code], {
      env: { ...process.env, REDIS_URL: redis.url, SESSION_SECRET: 'a secret of the tests' },
    })
    expect(JSON.parse(stdout)).toEqual([
      200,
      1,
      [expect.stringMatching(/^near:challenge:/), expect.stringMatching(/^sess:/)],
    ])
  })
})

describeWithPostgres('the store of one’s own on PostgreSQL, of docs/stores.md', () => {
  const cleanup = new Cleanup()
  afterAll(() => cleanup.run())

  it('keeps the contract of stores, run as the page says, in node:test', async () => {
    const { url } = await startPostgres(cleanup)
    const directory = await mkdtemp(join(tmpdir(), 'passport-near-readme-'))
    cleanup.add(() => rm(directory, { recursive: true, force: true }))
    await symlink(join(process.cwd(), 'node_modules'), join(directory, 'node_modules'))
    const ofThePackage = (code: string): string =>
      code.replace(/require\('passport-near(\/testing)?'\)/g, (_, testing?: string) => {
        const entry = testing ? 'dist/testing/index.js' : 'dist/index.js'
        return `require(${JSON.stringify(join(process.cwd(), entry))})`
      })
    const file = join(directory, 'store.test.cjs')
    await writeFile(
      file,
      `${ofThePackage(codeWith('class PostgresChallengeStore', 'docs/stores.md'))}
const { Pool } = require('pg')
const { after, before } = require('node:test')
const pool = new Pool({ connectionString: process.env.DATABASE_URL })
before(() => pool.query(PostgresChallengeStore.schema))
after(() => pool.end())
${ofThePackage(codeWith('challengeStoreContract({ test', 'docs/stores.md'))}
const { deepEqual } = require('node:assert')
test('gives no strategy the challenge of another', async () => {
  const [signIn, link] = [new PostgresChallengeStore(pool), new PostgresChallengeStore(pool, 'link-near')]
  const req = { sessionID: 'one', session: {} }
  const issuedAt = Date.now()
  const nonce = Buffer.alloc(32).toString('base64')
  const challenge = { state: 's', nonce, message: 'm', issuedAt, expiresAt: issuedAt + 300_000, purpose: 'p', issuedTo: null }
  await signIn.issue(req, challenge)
  deepEqual(await link.consume(req, 's', 'p'), undefined)
  deepEqual(await signIn.consume(req, 's', 'p'), challenge)
})`,
    )
    const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', file], {
      env: { ...process.env, DATABASE_URL: url, NODE_OPTIONS: '' },
    }).catch((error: unknown) => error as { stdout: string })
    expect(stdout).toMatch(/^# pass 18$/m)
    expect(stdout).toMatch(/^# fail 0$/m)
  }, 60_000)
})
