import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEnvironment } from '../../example/site/environment.mjs'
import { StartupError } from '../../example/site/startup-error.mjs'
import { Cleanup, listen } from '../support/app'
import { copyEmptyDatabase } from '../support/example'

const SECRET = 'hunter2'
const cleanup = new Cleanup()
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'passport-near-environment-'))
  cleanup.add(() => rm(directory, { recursive: true, force: true }))
})
afterAll(() => cleanup.run())

/** Runs the site with only these variables until it ends. */
function run(env: NodeJS.ProcessEnv): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const all = { PATH: process.env.PATH, PORT: '0', WALLET_PORT: '0', DATA_DIR: directory, ...env }
    execFile(
      process.execPath,
      ['example/site/start.mjs'],
      { env: all, timeout: 30_000 },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }),
    )
  })
}

const port = 'must be a port from 0 to 65535, where 0 is any free port'
const secret = 'must be a secret of at least 16 characters, such as the output of: openssl rand -hex 32'
const database = 'must be a URL such as postgresql://user@host:5432/name'
const redis = 'must be a URL such as redis://127.0.0.1:6379'
const address = 'must be an address without a path such as https://app.example.com'
const rpc = 'must be an https URL, or an http URL on this machine such as http://127.0.0.1:3030'
const wallet = 'must be an http(s) URL such as http://localhost:3001'
const proxies = 'must be a number of proxies, loopback, or a list of addresses such as 10.0.0.0/8'
const limit = 'must be a whole number of requests a minute from 1 to 1000000'
const age = 'must be a whole number of milliseconds from 1 to 2147483647'
const interval = 'must be a whole number of milliseconds from 1 to 3600000'
const network = 'must be mainnet or testnet, or left out for the embedded test network'

/** Rejected before a port or a file is opened. */
const WRONG: [NodeJS.ProcessEnv, string][] = [
  [{ PORT: 'http' }, `PORT ${port}; got "http"`],
  [{ PORT: '-1' }, `PORT ${port}; got "-1"`],
  [{ PORT: '3000.5' }, `PORT ${port}; got "3000.5"`],
  [{ PORT: '65536' }, `PORT ${port}; got "65536"`],
  [{ PORT: '3\n000' }, `PORT ${port}; got "3\\n000"`],
  [{ WALLET_PORT: '0x10' }, `WALLET_PORT ${port}; got "0x10"`],
  [
    { PORT: '65535', WALLET_PORT: '' },
    'WALLET_PORT must be a port from 0 to 65535; its default is PORT + 1; got nothing',
  ],
  [
    { PORT: '4000', WALLET_PORT: '4000' },
    'WALLET_PORT must be another port than PORT, because the wallet has a separate origin; got 4000',
  ],
  [{ DATA_DIR: ' ' }, 'DATA_DIR must be the path of a folder; got " "'],
  [{ NEAR_NETWORK: 'betanet' }, `NEAR_NETWORK ${network}; got "betanet"`],
  [{ NEAR_NETWORK: 'Mainnet' }, `NEAR_NETWORK ${network}; got "Mainnet"`],
  [{ DATABASE_URL: 'localhost' }, `DATABASE_URL ${database}; got a text of 9 characters that is not a URL`],
  [
    { DATABASE_URL: `mysql://root:${SECRET}@127.0.0.1/x` },
    `DATABASE_URL ${database}; got a URL that starts with mysql://127.0.0.1`,
  ],
  [
    { DATABASE_URL: `postgresql://root:${SECRET}@127.0.0.1:99999/x` },
    `DATABASE_URL ${database}; got a text of 43 characters that is not a URL`,
  ],
  [{ REDIS_URL: '127.0.0.1:6379' }, `REDIS_URL ${redis}; got a text of 14 characters that is not a URL`],
  [
    { REDIS_URL: `http://:${SECRET}@127.0.0.1` },
    `REDIS_URL ${redis}; got a URL that starts with http://127.0.0.1`,
  ],
  [
    { REDIS_URL: 'redis://127.0.0.1:1' },
    'SESSION_SECRET must be set together with REDIS_URL, to the same value in all processes, such as the output of: openssl rand -hex 32; got nothing',
  ],
  [{ SESSION_SECRET: SECRET }, `SESSION_SECRET ${secret}; got 7 characters`],
  [{ SITE_URL: 'app.example.com' }, `SITE_URL ${address}; got a text of 15 characters that is not a URL`],
  [{ SITE_URL: 'app.example.com:80' }, `SITE_URL ${address}; got a URL of the scheme app.example.com:`],
  [{ SITE_URL: 'ftp://example.com' }, `SITE_URL ${address}; got a URL that starts with ftp://example.com`],
  [
    { SITE_URL: 'https://example.com/app' },
    `SITE_URL ${address}; got a URL that starts with https://example.com and has more than scheme, host and port`,
  ],
  [
    { SITE_URL: `https://me:${SECRET}@example.com` },
    `SITE_URL ${address}; got a URL that starts with https://example.com and has more than scheme, host and port`,
  ],
  [{ NEAR_RPC_URL: '127.0.0.1' }, `NEAR_RPC_URL ${rpc}; got a text of 9 characters that is not a URL`],
  [
    { NEAR_NETWORK: 'testnet', NEAR_RPC_URL: `http://rpc.example.com/${SECRET}` },
    `NEAR_RPC_URL ${rpc}; got a URL that starts with http://rpc.example.com`,
  ],
  [
    { NEAR_RPC_URL: `http://127.0.0.1:3030/?key=${SECRET}` },
    'WALLET_URL must be the URL of the wallet that belongs to the test network in NEAR_RPC_URL; got nothing. The process of that test network prints both. For a real network set NEAR_NETWORK.',
  ],
  [{ WALLET_URL: 'javascript:1' }, `WALLET_URL ${wallet}; got a URL of the scheme javascript:`],
  [
    { WALLET_URL: 'http://localhost:3001' },
    'NEAR_RPC_URL must be the URL of the test network that belongs to the wallet in WALLET_URL; got nothing. For a real network set NEAR_NETWORK.',
  ],
  [{ RATE_LIMIT: 'many' }, `RATE_LIMIT ${limit}; got "many"`],
  [{ RATE_LIMIT: '0' }, `RATE_LIMIT ${limit}; got "0"`],
  [{ RATE_LIMIT: '1e99' }, `RATE_LIMIT ${limit}; got "1e99"`],
  [{ TRUST_PROXY: 'true' }, `TRUST_PROXY ${proxies}; got "true"`],
  [{ TRUST_PROXY: '-1' }, `TRUST_PROXY ${proxies}; got "-1"`],
  [{ TRUST_PROXY: '10.0.0.0/33' }, `TRUST_PROXY ${proxies}; got "10.0.0.0/33"`],
  [{ TRUST_PROXY: 'loopback, proxy' }, `TRUST_PROXY ${proxies}; got "loopback, proxy"`],
  [{ CHALLENGE_MAX_AGE: '5m' }, `CHALLENGE_MAX_AGE ${age}; got "5m"`],
  [{ CHALLENGE_MAX_AGE: '0' }, `CHALLENGE_MAX_AGE ${age}; got "0"`],
  [{ CHALLENGE_MAX_AGE: '2147483648' }, `CHALLENGE_MAX_AGE ${age}; got "2147483648"`],
  [{ KEY_CHECK_INTERVAL: '10m' }, `KEY_CHECK_INTERVAL ${interval}; got "10m"`],
  [{ KEY_CHECK_INTERVAL: '0' }, `KEY_CHECK_INTERVAL ${interval}; got "0"`],
  [{ KEY_CHECK_INTERVAL: '3600001' }, `KEY_CHECK_INTERVAL ${interval}; got "3600001"`],
  [{ RECENT_LOGIN: '15m' }, `RECENT_LOGIN ${age}; got "15m"`],
  [{ RECENT_LOGIN: '-1' }, `RECENT_LOGIN ${age}; got "-1"`],
  [{ RECENT_LOGIN: '2147483648' }, `RECENT_LOGIN ${age}; got "2147483648"`],
]

/** Valid in form, and useless at the start. */
const USELESS: [NodeJS.ProcessEnv, string][] = [
  [
    { DATA_DIR: '/dev/null/x' },
    'DATA_DIR must be a folder that this process can write to; got "/dev/null/x" (ENOTDIR)',
  ],
  [
    { DATA_DIR: 'package.json' },
    'DATA_DIR must be a folder that this process can write to; got "package.json" (EEXIST)',
  ],
  [
    { DATABASE_URL: `postgresql://root:${SECRET}@127.0.0.1:1/x` },
    'DATABASE_URL must be the URL of a PostgreSQL database that responds; got ECONNREFUSED from it. Is PostgreSQL running?',
  ],
  [
    { REDIS_URL: `redis://:${SECRET}@127.0.0.1:1`, SESSION_SECRET: '0123456789abcdef' },
    'REDIS_URL must be the URL of a Redis that responds; got ECONNREFUSED from it. Is Redis running?',
  ],
  [
    { REDIS_URL: `redis://:${SECRET}@127.0.0.1:1/zero`, SESSION_SECRET: '0123456789abcdef' },
    'REDIS_URL must be the URL of a Redis that responds; got Invalid pathname from it. Is Redis running?',
  ],
]

/** Every variable that the site reads. */
const VARIABLES = [
  ...readFileSync('example/site/environment.mjs', 'utf8').matchAll(/\bread\(\s*'(\w+)'/g),
].map(([, name]) => name!)

describe('a wrong environment variable', () => {
  it('of each name is among these tests', () => {
    const named = WRONG.flatMap(([env, sentence]) =>
      Object.keys(env).filter((name) => sentence.startsWith(`${name} must be `)),
    )
    expect([...new Set(named)].sort()).toEqual([...VARIABLES].sort())
    expect(VARIABLES.length).toBeGreaterThanOrEqual(15)
  })

  it.each(WRONG)('%j is rejected with one sentence', (env, sentence) => {
    let thrown: unknown
    try {
      readEnvironment({ PORT: '0', WALLET_PORT: '0', ...env })
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(StartupError)
    expect((thrown as Error).message).toBe(sentence)
    expect(sentence).not.toContain(SECRET)
  })

  it.each([WRONG[0]!, ...USELESS])(
    '%j ends the site with one sentence and exit code 1',
    async (env, sentence) => {
      const { code, stdout, stderr } = await run(env)
      expect(stderr).toBe(`${sentence}\n`)
      expect(stderr).not.toContain(SECRET)
      expect(stdout).toBe('')
      expect(code).toBe(1)
    },
  )

  it.each(['PORT', 'WALLET_PORT'])(
    '%s with a port in use ends the site in the same way',
    async (variable) => {
      await copyEmptyDatabase(directory)
      const { url } = await listen(undefined, cleanup)
      const used = new URL(url).port
      const { code, stderr } = await run({ [variable]: used })
      expect(stderr).toBe(
        `${variable} must be a port that this process can open; got ${used} (EADDRINUSE). Choose another one: ${variable}=4000 npm start\n`,
      )
      expect(code).toBe(1)
    },
  )
})

describe('the environment', () => {
  it('has a default for each variable, also for an empty one', () => {
    const defaults = readEnvironment({})
    expect(defaults).toMatchObject({ port: 3000, walletPort: 3001, rateLimit: 300 })
    expect(defaults.dataDirectory).toMatch(/example\/site\/data$/)
    const empty = Object.fromEntries(VARIABLES.map((name) => [name, '']))
    expect(readEnvironment(empty)).toEqual(defaults)
  })

  it.each<[NodeJS.ProcessEnv, object]>([
    [{ PORT: '4000' }, { port: 4000, walletPort: 4001 }],
    [{ PORT: '0' }, { port: 0, walletPort: 0 }],
    [{ SITE_URL: 'https://App.Example.com:443/' }, { siteUrl: 'https://app.example.com' }],
    [{ TRUST_PROXY: '2' }, { trustProxy: 2 }],
    [{ TRUST_PROXY: 'loopback, 10.0.0.0/8, fd00::/8' }, { trustProxy: 'loopback, 10.0.0.0/8, fd00::/8' }],
    [{ NEAR_NETWORK: 'testnet', NEAR_RPC_URL: 'https://r.example/key' }, { rpcUrl: 'https://r.example/key' }],
    [{ CHALLENGE_MAX_AGE: '1' }, { challengeMaxAge: 1 }],
  ])('%j is read as %j', (env, settings) => {
    expect(readEnvironment(env)).toMatchObject(settings)
  })
})
