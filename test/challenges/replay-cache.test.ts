import { createRequire } from 'node:module'
import express from 'express'
import session from 'express-session'
import { NearStrategy, SessionChallengeStore } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { ReplayCache } from '../../lib/challenges/replay-cache'
import { Browser, Cleanup, listen, RECIPIENT } from '../support/app'
import { PURPOSE, storedChallenge } from '../support/challenge'
import { authenticate } from '../support/strategy'

const everything = new Cleanup()
const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount

beforeAll(async () => {
  network = await TestNetwork.start()
  everything.add(() => network.stop())
  alice = await network.createAccount('alice.test')
})
afterEach(() => cleanup.run())
afterAll(() => everything.run())

type Create = () => NearStrategy

const COPIES = 20

/** Waits until all copies have read their session. From then on each copy holds the challenge. */
function allArrived(): express.RequestHandler {
  const waiting: express.NextFunction[] = []
  return (_req, _res, next) => {
    waiting.push(next)
    if (waiting.length === COPIES) for (const resume of waiting) resume()
  }
}

/** An application that creates a strategy for each request. */
async function startApp(strategyFor: Create): Promise<Browser> {
  const app = express()
  app.use(express.json())
  app.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false }))
  app.get('/login/near/challenge', (req, res, next) => strategyFor().challengeHandler()(req, res, next))
  app.post('/login/near', allArrived(), async (req, res) => {
    const outcome = await authenticate(strategyFor(), req)
    res.status(outcome.action === 'success' ? 200 : 401).json({})
  })
  return new Browser((await listen(app, cleanup)).url)
}

const create = (store?: SessionChallengeStore): NearStrategy =>
  new NearStrategy({ recipient: RECIPIENT, rpc: network.rpcUrl, store }, (profile, done) =>
    done(null, profile),
  )

describe(`accepts exactly one of ${COPIES} copies of a login`, () => {
  it.each<[string, () => Create]>([
    ['a strategy for each request', () => () => create()],
    [
      'two strategies with a store each',
      () => {
        const strategies = [create(new SessionChallengeStore()), create(new SessionChallengeStore())]
        let requests = 0
        return () => strategies[requests++ % 2]!
      },
    ],
  ])('with %s', async (_, prepare) => {
    const browser = await startApp(prepare())
    const signed = await alice.signMessage(await browser.challenge())
    const { cookie } = browser
    const statuses = await Promise.all(
      Array.from({ length: COPIES }, async () => {
        const copy = Object.assign(new Browser(browser.url), { cookie })
        return (await copy.login(signed)).status
      }),
    )
    expect(statuses.sort()).toEqual([200, ...Array<number>(COPIES - 1).fill(401)])
  })
})

describe('the replay cache', () => {
  it('is one for two copies of the module', async () => {
    const first = new SessionChallengeStore()
    vi.resetModules()
    const copy = await import('passport-near')
    expect(copy.SessionChallengeStore).not.toBe(SessionChallengeStore)
    const req = { session: {} }
    await first.issue(req, storedChallenge('a'))
    const again = structuredClone(req)
    expect(await new copy.SessionChallengeStore().consume(req, 'a', PURPOSE)).toBeDefined()
    expect(await first.consume(again, 'a', PURPOSE)).toBeUndefined()
  })

  it('is one for the sources and the built package', async () => {
    const require = createRequire(import.meta.url)
    const built = require('../../dist/index.js') as { SessionChallengeStore: typeof SessionChallengeStore }
    const req = { session: {} }
    await new SessionChallengeStore().issue(req, storedChallenge('b'))
    const again = structuredClone(req)
    expect(await new built.SessionChallengeStore().consume(req, 'b', PURPOSE)).toBeDefined()
    expect(await new SessionChallengeStore().consume(again, 'b', PURPOSE)).toBeUndefined()
  })

  it('forgets a challenge of another process when the challenge has expired', () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const cache = new ReplayCache()
      cache.consume('a', undefined, Date.now() + 1000)
      vi.setSystemTime(Date.now() + 999)
      cache.consume('b', undefined, Date.now() + 1000)
      expect(cache.isConsumed('a', undefined)).toBe(true)
      vi.setSystemTime(Date.now() + 1)
      cache.consume('c', undefined, Date.now() + 1000)
      expect([cache.isConsumed('a', undefined), cache.isConsumed('b', undefined)]).toEqual([false, true])
    } finally {
      vi.useRealTimers()
    }
  })
})
