import { NearAuthError, RedisChallengeStore, SessionChallengeStore } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import { createClient } from 'redis'
import { afterEach, describe, expect, it } from 'vitest'
import { Browser, Cleanup, startApp } from '../support/app'
import { describeWithRedis, RedisServer } from '../support/redis'
import { expectSavedFirst, TroubledSessions } from '../support/sessions'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

describe('a new session of express-session', () => {
  it('is saved before the browser is told of its challenge', async () => {
    const sessions = new TroubledSessions()
    const { url } = await startApp(cleanup, { sessions })
    await expectSavedFirst(url, sessions)
  })

  it('is saved first also where something else was put into it', async () => {
    const sessions = new TroubledSessions()
    const { url } = await startApp(cleanup, {
      sessions,
      before: (req, _res, next) => {
        Object.assign(req.session, { cart: [1] })
        next()
      },
    })
    await expectSavedFirst(url, sessions)
  })

  it('is saved before the browser is sent to the wallet, and sent nowhere when that fails', async () => {
    const sessions = new TroubledSessions()
    const walletUrl = 'https://wallet.example.com'
    const callbackUrl = 'https://app.example.com/back'
    const { url } = await startApp(cleanup, {
      sessions,
      near: { walletUrl, callbackUrl },
      routes: (app, authenticator) => app.get('/login', authenticator.authenticate('near')),
    })
    const sent = await new Browser(url).request('/login')
    expect([sent.status, sessions.saved, sessions.touched]).toEqual([302, 1, 0])
    sessions.failure = new Error('the disk is full')
    const failed = await new Browser(url).request('/login')
    expect(failed.status).toBe(503)
    expect(await failed.json()).toMatchObject({ code: 'ERR_NEAR_STORE_FAILED' })
  })

  it('is written once', async () => {
    const sessions = new TroubledSessions()
    const { url } = await startApp(cleanup, { sessions })
    await new Browser(url).challenge()
    expect([sessions.saved, sessions.touched]).toEqual([1, 0])
  })

  it('whose store never answers fails after five seconds', async () => {
    const sessions = new TroubledSessions()
    const failures: unknown[] = []
    const { url } = await startApp(cleanup, {
      sessions,
      routes: (app, _, near) => {
        app.get('/own', (req) => void near.challenge(req).catch((error: unknown) => failures.push(error)))
      },
    })
    sessions.held = new Promise(() => undefined)
    const leave = new AbortController()
    const waiting = new Browser(url).request('/own', { signal: leave.signal }).catch(() => undefined)
    await expect.poll(() => failures, { timeout: 6000 }).toHaveLength(1)
    leave.abort()
    await waiting
    expect(failures[0]).toBeInstanceOf(NearAuthError)
    expect(failures[0]).toMatchObject({
      code: 'ERR_NEAR_STORE_FAILED',
      cause: { message: 'The session was not saved within 5000 ms' },
    })
  }, 10_000)
})

describe('a session of express-session that the browser knows', () => {
  it.each([
    ['has a challenge', false],
    ['is empty, because somebody has signed out', true],
  ])('is written once, at the end of the request, where it %s', async (_, signedOut) => {
    const network = await TestNetwork.start()
    cleanup.add(() => network.stop())
    const alice = await network.createAccount('alice.test')
    const sessions = new TroubledSessions()
    const { url } = await startApp(cleanup, {
      sessions,
      near: { rpc: network.rpcUrl },
      routes: (app) => {
        app.post('/logout', (req, res, next) => req.logout((error) => (error ? next(error) : res.json({}))))
      },
    })
    const browser = new Browser(url)
    const challenge = await browser.challenge()
    if (signedOut) {
      expect(await browser.login(await alice.signMessage(challenge))).toMatchObject({ status: 200 })
      expect((await browser.post('/logout', {})).status).toBe(200)
    }
    const before = [sessions.saved, sessions.touched] as const
    await browser.challenge()
    expect([sessions.saved - before[0], sessions.touched - before[1]]).toEqual([1, 0])
  })
})

describeWithRedis('a new session of express-session, with challenges in Redis', () => {
  it('is saved before the browser is told of its challenge', async () => {
    const client = createClient({ url: (await RedisServer.start(cleanup)).url })
    await client.connect()
    cleanup.add(() => client.destroy())
    const sessions = new TroubledSessions()
    const { url } = await startApp(cleanup, { sessions, near: { store: new RedisChallengeStore(client) } })
    await expectSavedFirst(url, sessions)
  })
})

describe("a session of other middleware than express-session's", () => {
  const nonce = Buffer.alloc(32).toString('base64')
  const challenge = { state: 'a', nonce, message: 'm', issuedAt: Date.now() }
  const save = (): void => expect.unreachable()
  const req = { headers: {} }
  /** As iron-session and express-session add what is no content. */
  const withHidden = (hidden: object): object =>
    Object.defineProperties(
      {},
      Object.fromEntries(Object.entries(hidden).map(([name, value]: [string, unknown]) => [name, { value }])),
    )

  it.each([
    ['nothing to save it with', {}],
    ['a save and an id that it shares with others', Object.create({ save, id: 'x' }) as object],
    ['a save and an id of its own, but no request', withHidden({ save, id: 'x' })],
    ['a request and a save, but no id', withHidden({ req, save })],
    ['a request and an id, but no save', withHidden({ req, id: 'x' })],
  ])('is left to it, which has %s', async (_, session) => {
    const store = new SessionChallengeStore()
    await store.issue({ session }, challenge)
    expect(await store.consume({ session }, 'a', 'near/sign-in')).toMatchObject({ state: 'a' })
  })
})
