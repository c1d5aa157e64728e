import { execFile } from 'node:child_process'
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import bs58 from 'bs58'
import { TestNetwork } from 'passport-near/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProject } from '../frameworks/project'
import { Visitor } from '../frameworks/visitor'
import { Cleanup } from '../support/app'
import { codeUnder } from '../support/readme'

const run = promisify(execFile)
const root = process.cwd()
const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  devDependencies: Record<string, string>
}

let consumer: string
let packed: string[]

/** A project of a user, with the packed tarball as npm installs it, and a jest with default settings. */
beforeAll(async () => {
  if (!existsSync('dist/index.js')) throw new Error('The package is not built: run npm run build first')
  consumer = await mkdtemp(join(tmpdir(), 'passport-near-consumer-'))
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', consumer], { cwd: root })
  const [tarball] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
  packed = tarball.files.map(({ path }) => path)
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ private: true, scripts: { test: 'jest' } }))
  const theirs = [
    'express',
    'express-session',
    'passport',
    '@types/express',
    '@types/passport',
    '@types/node',
    'typescript',
  ]
  const wanted = ['jest@30', ...theirs.map((name) => `${name}@${devDependencies[name]!}`)]
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', '--loglevel=error']
  await run('npm', ['install', ...quiet, `./${tarball.filename}`, ...wanted], { cwd: consumer })
  for (const file of ['login.test.js', 'store.test.js']) {
    cpSync(join(root, 'test/package/fixtures', file), join(consumer, file))
  }
}, 240_000)

afterAll(() => rm(consumer, { recursive: true, force: true }))

async function node(code: string, type: 'commonjs' | 'module' = 'commonjs'): Promise<unknown> {
  const { stdout } = await run(process.execPath, [`--input-type=${type}`, '--no-warnings', '-e', code], {
    cwd: consumer,
  })
  return JSON.parse(stdout) as unknown
}

describe('the packed package', () => {
  it('contains the built files, the types and the texts, and no other file', () => {
    const unexpected = packed.filter(
      (path) =>
        !/^(dist\/.*\.(js|mjs|d\.ts|d\.mts)|(README|CHANGELOG|SECURITY)\.md|LICENSE|package\.json)$/.test(
          path,
        ),
    )
    expect(unexpected).toEqual([])
    for (const path of [
      'dist/index.js',
      'dist/index.mjs',
      'dist/index.d.ts',
      'dist/index.d.mts',
      'dist/testing/index.js',
      'dist/client/index.mjs',
      'dist/client/index.d.mts',
      'README.md',
      'LICENSE',
    ]) {
      expect(packed).toContain(path)
    }
  })

  it('passes with a CommonJS jest in default settings', async () => {
    const { stderr } = await run('npx', ['jest'], { cwd: consumer })
    expect(stderr).toMatch(/Tests:\s+17 passed, 17 total/)
  }, 60_000)

  it("runs the README's lines unchanged, through a whole login", async () => {
    const cleanup = new Cleanup()
    try {
      const network = await TestNetwork.start()
      cleanup.add(() => network.stop())
      writeFileSync(join(consumer, 'app.js'), codeUnder('Use')[0]!)
      const visitor = new Visitor(await startProject(consumer, network.rpcUrl, cleanup))
      expect((await visitor.post('/login/near', {})).status).toBe(400)
      const signed = await visitor.sign(await network.createAccount('alice.near'))
      const forged = { ...signed, signature: Buffer.alloc(64, 1).toString('base64') }
      expect((await visitor.post('/login/near', forged)).status).toBe(401)
      expect((await visitor.get('/me')).body).toBeNull()
      const again = await visitor.sign(await network.createAccount('bob.near'))
      expect(await visitor.post('/login/near', again)).toEqual({ status: 200, body: { id: 'bob.near' } })
      expect((await visitor.get('/me')).body).toEqual({ id: 'bob.near' })
    } finally {
      await cleanup.run()
    }
  })

  it('loads @noble/post-quantum only when a key needs it', async () => {
    const loaded =
      'JSON.stringify(Object.keys(require.cache).filter((file) => file.includes("post-quantum")).length > 0)'
    expect(
      await node(`require('passport-near'); require('passport-near/testing'); console.log(${loaded})`),
    ).toBe(false)
    const withKey = `require('passport-near').verifySignature(new Uint8Array(32), new Uint8Array(3309), 'ml-dsa-65:${bs58.encode(new Uint8Array(1952).fill(7))}')`
    expect(await node(`${withKey}.then(() => console.log(${loaded}))`)).toBe(true)
  })

  it('has one class through require and import, by name and as default', async () => {
    const required = `
      const whole = require('passport-near')
      const { Strategy, NearStrategy } = whole
      console.log(JSON.stringify([whole === Strategy, whole === NearStrategy, whole === whole.default, typeof whole]))`
    expect(await node(required)).toEqual([true, true, true, 'function'])
    const imported = `
      import whole, { NearStrategy, Strategy } from 'passport-near'
      import { createRequire } from 'node:module'
      const required = createRequire(process.cwd() + '/')('passport-near')
      console.log(JSON.stringify([whole === NearStrategy, whole === Strategy, whole === required]))`
    expect(await node(imported, 'module')).toEqual([true, true, true])
  })

  it('has the same names for require and import', async () => {
    const names = (await node(
      `import * as imported from 'passport-near'; console.log(JSON.stringify(Object.keys(imported).sort()))`,
      'module',
    )) as string[]
    expect(await node(`console.log(JSON.stringify(Object.keys(require('passport-near')).sort()))`)).toEqual(
      names,
    )
    expect(names).toEqual([
      'NearAuthError', 'NearLoginRejected', 'NearServiceError', 'NearStrategy', 'RedisChallengeStore', 'SealedChallengeStore', 'SessionChallengeStore', 'Strategy', 'default',
      'hashOffchainMessage', 'hashPayload', 'nearApiAccessKeys', 'resolveAuthorization', 'verifySignature',
    ]) // prettier-ignore
    const testing = `import * as imported from 'passport-near/testing'; console.log(JSON.stringify(Object.keys(imported).sort()))`
    expect(await node(testing, 'module')).toEqual([
      'TestAccount',
      'TestNetwork',
      'challengeStoreContract',
      'developmentWallet',
    ])
    const client = `import * as imported from 'passport-near/client'; console.log(JSON.stringify(Object.keys(imported).sort()))`
    expect(await node(client, 'module')).toEqual(['confirm', 'resumeSignIn', 'signIn'])
  })

  it.each([
    [
      'CommonJS',
      'consumer.cts',
      `import NearStrategy = require('passport-near')\nimport { type Challenge, NearServiceError, RedisChallengeStore, type RedisClient } from 'passport-near'`,
    ],
    [
      'an ES module',
      'consumer.mts',
      `import NearStrategy, { type Challenge, NearServiceError, RedisChallengeStore, type RedisClient } from 'passport-near'`,
    ],
  ])(
    'type-checks in %s without a cast',
    async (_, file, imports) => {
      writeFileSync(
        join(consumer, file),
        `${imports}
import { challengeStoreContract, TestNetwork, type TestAccount } from 'passport-near/testing'
import express from 'express'
import passport from 'passport'

const near = new NearStrategy({ recipient: 'app.example.com', message: () => 'Hello' }, async (profile, done) => {
  const accountId: string = profile.accountId
  done(null, { id: accountId })
})
const withRequest: NearStrategy<express.Request, true> = new NearStrategy<express.Request, true>(
  { recipient: 'app.example.com', passReqToCallback: true },
  (req, profile, done) => done(null, { path: req.path, id: profile.id }),
)
passport.use(near)
passport.use('near-with-request', withRequest)
const app = express()
app.get('/challenge', near.challengeHandler())
app.post('/login', passport.authenticate('near'), (req, res) => void res.json(req.user))
app.use(((error: unknown, _req, res, _next) => {
  if (error instanceof NearServiceError) {
    switch (error.code) {
      case 'ERR_NEAR_RPC_UNAVAILABLE':
        res.status(error.status)
        break
      case 'ERR_NEAR_SESSION_UNAVAILABLE':
      case 'ERR_NEAR_STORE_FAILED':
        break
      default: {
        const none: never = error.code
        throw none
      }
    }
  }
}) as express.ErrorRequestHandler)
export function store(client: RedisClient): RedisChallengeStore<express.Request> {
  return new RedisChallengeStore(client, { sessionId: (req: express.Request) => req.get('x-visitor') })
}
export function tests(test: (title: string, run: () => Promise<void>) => void, client: RedisClient): void {
  challengeStoreContract({ test, createStore: () => store(client) })
  new NearStrategy({ recipient: 'app.example.com', store: store(client) }, (profile, done) => done(null, profile))
}
// @ts-expect-error a client is required
new RedisChallengeStore()
export async function example(req: express.Request): Promise<[Challenge, TestAccount]> {
  return [await near.challenge(req), await (await TestNetwork.start()).createAccount('alice.test')]
}
// @ts-expect-error recipient is required
new NearStrategy({}, () => undefined)
// @ts-expect-error verify is required
new NearStrategy({ recipient: 'app.example.com' })
`,
      )
      const flags = [
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2022',
        '--esModuleInterop',
        '--types',
        'node',
      ]
      const { stdout } = await run('npx', ['tsc', ...flags, file], { cwd: consumer }).catch(
        (error: unknown) => error as { stdout: string },
      )
      expect(stdout).toBe('')
    },
    60_000,
  )
})
