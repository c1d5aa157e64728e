import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

const APP = fileURLToPath(new URL('app.mjs', import.meta.url))

let network: TestNetwork
let alice: TestAccount
let child: ChildProcess | undefined

beforeAll(async () => {
  network = await TestNetwork.start()
  alice = await network.createAccount('alice.test')
})
afterAll(() => network.stop())
afterEach(() => void child?.kill())

interface App {
  url: string
  exitCode: () => number | null
}

async function start(framework: string, bug: string): Promise<App> {
  const started = spawn(process.execPath, [APP, framework, bug], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, RPC_URL: network.rpcUrl, NODE_ENV: 'production' },
  })
  child = started
  let errors = ''
  started.stderr.on('data', (data: Buffer) => (errors += data.toString()))
  const first = await Promise.race([once(started.stdout, 'data'), once(started, 'exit')])
  const port = Number(String(first[0]))
  if (!port || started.exitCode !== null) throw new Error(`The application did not start: ${errors}`)
  return { url: `http://127.0.0.1:${port}`, exitCode: () => started.exitCode }
}

/** Draws a challenge and posts a good login, or an empty body. */
async function post({ url }: App, kind: 'login' | 'empty'): Promise<{ status: number; body: string }> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  let body = '{}'
  if (kind === 'login') {
    const asked = await fetch(`${url}/challenge`)
    headers.cookie = asked.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; ')
    body = JSON.stringify(await alice.signMessage((await asked.json()) as never))
  }
  const response = await fetch(`${url}/login`, { method: 'POST', headers, body, redirect: 'manual' })
  return { status: response.status, body: await response.text() }
}

async function ping({ url }: App): Promise<{ signedIn: number; handled: number }> {
  const response = await fetch(`${url}/ping`)
  expect(response.status).toBe(200)
  return (await response.json()) as { signedIn: number; handled: number }
}

const CONNECT_LIKE = ['express', 'express4', 'connect']
const ALL = [...CONNECT_LIKE, 'koa', 'fastify']

const bugs: [title: string, bug: string, kind: 'login' | 'empty', frameworks: string[], signedIn: number][] =
  [
    [
      'a callback that expects one status and gets an array',
      'array-status',
      'empty',
      ['express', 'connect', 'koa', 'fastify'],
      0,
    ],
    ['a callback that throws for the result', 'callback-throws-on-result', 'login', ALL, 0],
    ['the same for a rejection', 'callback-throws-on-result', 'empty', ALL, 0],
    ['a callback that throws after the login', 'callback-throws-after-login', 'login', ALL, 1],
    ['failureFlash without req.flash', 'flash', 'empty', [...CONNECT_LIKE, 'koa'], 0],
    ['failureMessage without a session', 'message-without-session', 'empty', [...CONNECT_LIKE, 'koa'], 0],
    ['serializeUser that throws', 'serialize-throws', 'login', ALL, 1],
    ['a session of cookie-session, without regenerate', 'cookie-session', 'login', CONNECT_LIKE, 0],
    ['a session of iron-session, without regenerate', 'iron-session', 'login', CONNECT_LIKE, 0],
    ['successRedirect in Connect, which has no res.redirect', 'redirect', 'login', ['connect'], 1],
  ]

describe('a bug of the application is a 500 of its error handler, and the process serves the next request', () => {
  for (const [title, bug, kind, frameworks, signedIn] of bugs) {
    it.each(frameworks)(`${title}, on %s`, async (framework) => {
      const app = await start(framework, bug)
      expect(await post(app, kind)).toEqual({ status: 500, body: 'handled' })
      expect(await ping(app)).toEqual({ signedIn, handled: 1 })
      expect(app.exitCode()).toBeNull()
    })
  }

  // express-session drops the response of an error handler after `res.end` has thrown: the request itself is lost.
  it('a callback that expects one status and gets an array, on Express 4', async () => {
    const app = await start('express4', 'array-status')
    void post(app, 'empty').catch(() => undefined)
    await expect.poll(async () => (await ping(app)).handled).toBe(1)
    expect(app.exitCode()).toBeNull()
  })

  it.each(ALL)('a callback that throws whatever it gets, on %s', async (framework) => {
    const app = await start(framework, 'callback-throws')
    const { status, body } = await post(app, 'login')
    expect(status).toBe(500)
    // Connect keeps no `next` on the request: the strategy itself responds.
    expect(body).toBe(framework === 'connect' ? 'Internal Server Error' : 'handled')
    expect((await ping(app)).signedIn).toBe(0)
    expect(app.exitCode()).toBeNull()
  })
})

describe("a login that ends after the application's own time limit has responded", () => {
  it.each(
    ['redirect-after-time-limit', 'response-after-time-limit'].flatMap((bug) =>
      ALL.map((framework) => [bug, framework]),
    ),
  )('%s, on %s', async (bug, framework) => {
    const app = await start(framework, bug)
    expect(await post(app, 'login')).toEqual({ status: 503, body: 'time limit' })
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect((await ping(app)).signedIn).toBeLessThanOrEqual(1)
    expect(app.exitCode()).toBeNull()
  })
})
