import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const APP = fileURLToPath(new URL('app.mjs', import.meta.url))

let network: TestNetwork
let alice: TestAccount
/**
 * One process for each framework: it serves the applications of all bugs, and a crash fails the test that
 * caused it.
 */
const processes = new Map<string, RunningProcess>()

beforeAll(async () => {
  network = await TestNetwork.start()
  alice = await network.createAccount('alice.test')
})
afterAll(async () => {
  for (const { child } of processes.values()) child.kill()
  await network.stop()
})

interface RunningProcess {
  child: ChildProcess
  ports: Record<string, number>
}

interface App {
  url: string
  exitCode: () => number | null
}

async function startProcess(framework: string): Promise<RunningProcess> {
  const child = spawn(process.execPath, [APP, framework, ...BUGS], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, RPC_URL: network.rpcUrl, NODE_ENV: 'production' },
  })
  let errors = ''
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()))
  const [first] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as unknown[]
  if (child.exitCode !== null) throw new Error(`The applications did not start: ${errors}`)
  return { child, ports: JSON.parse(String(first)) as Record<string, number> }
}

async function start(framework: string, bug: string): Promise<App> {
  let running = processes.get(framework)
  if (!running || running.child.exitCode !== null) {
    running = await startProcess(framework)
    processes.set(framework, running)
  }
  const { child, ports } = running
  return { url: `http://127.0.0.1:${ports[bug]}`, exitCode: () => child.exitCode }
}

/** Requests a challenge and posts a good login, or an empty body. */
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

/** The events in an application since the last call. */
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
    ['a callback that throws for a rejection', 'callback-throws-on-result', 'empty', ALL, 0],
    ['a callback that throws after the login', 'callback-throws-after-login', 'login', ALL, 1],
    // @fastify/passport brings its flash, does not start without a session, and needs no regenerate.
    ['failureFlash without req.flash', 'flash', 'empty', [...CONNECT_LIKE, 'koa'], 0],
    ['failureMessage without a session', 'message-without-session', 'empty', [...CONNECT_LIKE, 'koa'], 0],
    ['serializeUser that throws', 'serialize-throws', 'login', ALL, 1],
    ['a session of cookie-session, without regenerate', 'cookie-session', 'login', CONNECT_LIKE, 0],
    ['a session of iron-session, without regenerate', 'iron-session', 'login', [...CONNECT_LIKE, 'koa'], 0],
    ['successRedirect in Connect, which has no res.redirect', 'redirect', 'login', ['connect'], 1],
  ]

const TIME_LIMITS = ['redirect-after-time-limit', 'response-after-time-limit']
const BUGS = [...new Set(bugs.map(([, bug]) => bug)), 'callback-throws', ...TIME_LIMITS]

describe("an application's bug is a 500 of its error handler, and the process keeps serving", () => {
  for (const [title, bug, kind, frameworks, signedIn] of bugs) {
    it.each(frameworks)(`${title}, on %s`, async (framework) => {
      const app = await start(framework, bug)
      expect(await post(app, kind)).toEqual({ status: 500, body: 'handled' })
      expect(await ping(app)).toEqual({ signedIn, handled: 1 })
      expect(app.exitCode()).toBeNull()
    })
  }

  // express-session drops the response of an error handler after `res.end` has thrown: the request itself is
  // lost.
  it('a callback that expects one status and gets an array, on Express 4', async () => {
    const app = await start('express4', 'array-status')
    void post(app, 'empty').catch(() => undefined)
    await expect.poll(async () => (await ping(app)).handled).toBe(1)
    expect(app.exitCode()).toBeNull()
  })

  it.each(ALL)('a callback that throws for every outcome, on %s', async (framework) => {
    const app = await start(framework, 'callback-throws')
    const { status, body } = await post(app, 'login')
    expect(status).toBe(500)
    // Connect keeps no `next` on the request, so the strategy itself responds.
    expect(body).toBe(framework === 'connect' ? 'Internal Server Error' : 'handled')
    expect((await ping(app)).signedIn).toBe(0)
    expect(app.exitCode()).toBeNull()
  })
})

describe("a login that ends after the application's own timeout has responded", () => {
  it.each(TIME_LIMITS.flatMap((bug) => ALL.map((framework) => [bug, framework])))(
    '%s, on %s',
    async (bug, framework) => {
      const app = await start(framework, bug)
      expect(await post(app, 'login')).toEqual({ status: 503, body: 'time limit' })
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect((await ping(app)).signedIn).toBeLessThanOrEqual(1)
      expect(app.exitCode()).toBeNull()
    },
  )
})
