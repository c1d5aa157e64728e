import type { Request } from 'express'
import { NearAuthError, RedisChallengeStore, SessionChallengeStore } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import { createClient } from 'redis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Browser, Cleanup, startApp } from '../support/app'
import { PURPOSE, storedChallenge } from '../support/challenge'
import { describeWithRedis, RedisServer } from '../support/redis'
import { expectSavedFirst, TroubledSessions } from '../support/sessions'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

/** An application whose sessions can fail, a network with one account, and a browser. */
async function start(options: Parameters<typeof startApp>[1] = {}) {
  const network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  const alice = await network.createAccount('alice.test')
  const sessions = new TroubledSessions()
  const { url } = await startApp(cleanup, { sessions, near: { rpc: network.rpcUrl }, ...options })
  return { network, alice, sessions, browser: new Browser(url) }
}

describe('a new session of express-session', () => {
  it('is saved before the browser gets the challenge', async () => {
    const sessions = new TroubledSessions()
    const { url } = await startApp(cleanup, { sessions })
    await expectSavedFirst(url, sessions)
  })

  it('is saved first if it already has data of the application', async () => {
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

  it('is saved before the redirect to the wallet; a failed save is a 503 without a redirect', async () => {
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

  it('is written once for each challenge', async () => {
    const sessions = new TroubledSessions()
    const { url } = await startApp(cleanup, { sessions })
    await new Browser(url).challenge()
    expect([sessions.saved, sessions.touched]).toEqual([1, 0])
  })

  it('fails after 5 seconds when its store does not respond', async () => {
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

describe('a session of express-session that the browser already has', () => {
  it.each([
    ['has a challenge', false],
    ['is empty after a logout', true],
  ])('is written once, at the end of the request, when it %s', async (_, signedOut) => {
    const { alice, sessions, browser } = await start({
      routes: (app) => {
        app.post('/logout', (req, res, next) => req.logout((error) => (error ? next(error) : res.json({}))))
      },
    })
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

describe('a session whose challenge is consumed', () => {
  it('is saved before the key check; a failed save is a 503 without an RPC request', async () => {
    const { network, alice, sessions, browser } = await start()
    const login = await alice.signMessage(await browser.challenge())
    let release = (): void => undefined
    sessions.held = new Promise((resolve) => (release = resolve))
    sessions.saved = 0
    const waiting = browser.login(login)
    await expect.poll(() => sessions.saved).toBe(1)
    expect(network.requestCount).toBe(0)
    release()
    expect((await waiting).status).toBe(200)

    const another = await alice.signMessage(await browser.challenge())
    const before = network.requestCount
    sessions.failure = new Error('the disk is full')
    const failed = await browser.login(another)
    expect([failed.status, failed.body.code]).toEqual([503, 'ERR_NEAR_STORE_FAILED'])
    expect(network.requestCount).toBe(before)
  })
})

describe('the session of express-session that a login makes', () => {
  /** @param change - what the route does after the login, before it responds */
  async function logIn(change: (req: Request, next: () => void) => void) {
    const { alice, sessions, browser } = await start({
      cookie: { maxAge: 60_000 },
      verify: ({ accountId }, done) => done(null, { id: accountId }),
      routes: (app, authenticator) => {
        app.post('/login', authenticator.authenticate('near'), (req, res) =>
          change(req, () => res.json(req.user)),
        )
        app.get('/session', (req, res) => res.json(req.session))
      },
    })
    const signed = await alice.signMessage(await browser.challenge())
    sessions.saved = 0
    const response = await browser.post('/login', signed)
    expect([response.status, await response.json()]).toEqual([200, { id: 'alice.test' }])
    const { saved } = sessions
    const kept = (await (await browser.request('/session')).json()) as Record<string, unknown>
    expect(kept).toMatchObject({
      passport: { user: { id: 'alice.test' } },
      'near:login': { accountId: 'alice.test' },
    })
    // The first save is the old session's, without its challenge.
    return { saves: saved - 1, kept }
  }

  it('is written once, although the time moves at which its cookie expires', async () => {
    // The clock moves in the route only. With a running clock, express-session sometimes shortens the cookie's age by a millisecond.
    vi.useFakeTimers({ toFake: ['Date'] })
    cleanup.add(() => vi.useRealTimers())
    const { saves } = await logIn((_, next) => {
      vi.advanceTimersByTime(1000)
      next()
    })
    expect(saves).toBe(1)
  })

  it('is written again when the route changes it', async () => {
    const { saves, kept } = await logIn((req, next) => {
      Object.assign(req.session, { cart: [1] })
      next()
    })
    expect([saves, kept.cart]).toEqual([2, [1]])
  })

  it('is written again when the route changes how long its cookie is kept', async () => {
    const { saves, kept } = await logIn((req, next) => {
      req.session.cookie.maxAge = 3_600_000
      next()
    })
    expect(saves).toBe(2)
    expect(Math.round((kept.cookie as { originalMaxAge: number }).originalMaxAge / 1000)).toBe(3600)
  })

  it('is written again when the route takes a change back that is being written', async () => {
    const { saves, kept } = await logIn((req, next) => {
      Object.assign(req.session, { cart: [1] })
      req.session.save()
      Reflect.deleteProperty(req.session, 'cart')
      next()
    })
    expect([saves, kept.cart]).toEqual([3, undefined])
  })

  it('is written again when the first write failed', async () => {
    const { alice, sessions, browser } = await start({
      verify: ({ accountId }, done) => {
        sessions.failures.push(new Error('the disk is full'))
        done(null, { id: accountId })
      },
    })
    const signed = await alice.signMessage(await browser.challenge())
    sessions.saved = 0
    expect((await browser.login(signed)).status).toBe(500)
    // The old session's, the failed one, and one at the end of the response.
    expect(sessions.saved).toBe(3)
  })

  it('calls back when the route saves it without a change', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    cleanup.add(() => vi.useRealTimers())
    expect((await logIn((req, next) => void req.session.save(next))).saves).toBe(1)
  })
})

describeWithRedis('a new session of express-session, with challenges in Redis', () => {
  it('is saved before the browser gets the challenge', async () => {
    const client = createClient({ url: (await RedisServer.start(cleanup)).url })
    await client.connect()
    cleanup.add(() => client.destroy())
    const sessions = new TroubledSessions()
    const { url } = await startApp(cleanup, { sessions, near: { store: new RedisChallengeStore(client) } })
    await expectSavedFirst(url, sessions)
  })
})

const challenge = storedChallenge('a')
const req = { headers: {} }

/** The non-enumerable properties of iron-session and express-session. */
const withHidden = (hidden: object): object =>
  Object.defineProperties(
    {},
    Object.fromEntries(Object.entries(hidden).map(([name, value]: [string, unknown]) => [name, { value }])),
  )

describe('a session of other middleware than express-session', () => {
  const save = (): void => expect.unreachable()

  it.each([
    ['no save method', {}],
    ['a save method and a shared id', Object.create({ save, id: 'x' }) as object],
    ['a save method and its own id, but no request', withHidden({ save, id: 'x' })],
    ['a request and a save method, but no id', withHidden({ req, save })],
    ['a request and an id, but no save method', withHidden({ req, id: 'x' })],
  ])('is not saved by the store when it has %s', async (_, session) => {
    const store = new SessionChallengeStore()
    await store.issue({ session }, challenge)
    expect(await store.consume({ session }, 'a', PURPOSE)).toMatchObject({ state: 'a' })
  })
})

describe('a session whose save method throws', () => {
  it('fails at once, and leaves no timer', async () => {
    vi.useFakeTimers()
    cleanup.add(() => vi.useRealTimers())
    const save = (): never => {
      throw new TypeError('not JSON')
    }
    const session = withHidden({ req, id: 'x', save })
    await expect(new SessionChallengeStore().issue({ session }, challenge)).rejects.toThrow('not JSON')
    expect(vi.getTimerCount()).toBe(0)
  })
})
