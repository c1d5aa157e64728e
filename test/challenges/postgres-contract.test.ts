import { NearStrategy, type ChallengeStore } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { authenticate } from '../support/strategy'

const nonce = Buffer.alloc(32, 1)
const challenge = { state: 's', nonce: nonce.toString('base64'), message: 'm', issuedAt: Date.now() }
let network: TestNetwork
let body: object

beforeAll(async () => {
  network = await TestNetwork.start()
  const alice = await network.createAccount('alice.test')
  body = await alice.signMessage({ message: 'm', recipient: 'r', nonce })
})
afterAll(() => network.stop())

const login = (consume: ChallengeStore['consume'], credentials = body): Promise<object> =>
  authenticate(
    new NearStrategy(
      { recipient: 'r', rpc: network.rpcUrl, store: { async issue() {}, consume } },
      (_, done) => done(null, {}),
    ),
    { body: credentials },
  )

describe('what a store gives back', () => {
  it.each<[string, object]>([
    ['a challenge', challenge],
    ['a challenge with fields of its own', { ...challenge, _id: 1 }],
    ['a challenge whose callback URL is null, as databases have it', { ...challenge, callbackUrl: null }],
    ['a challenge whose callback URL is empty', { ...challenge, callbackUrl: '' }],
  ])('%s is good', async (_, stored) => {
    expect(await login(async () => stored as typeof challenge)).toMatchObject({ action: 'success' })
  })

  it.each<[string, unknown]>([
    ['true', true],
    ['an empty object', {}],
    ['a text', JSON.stringify(challenge)],
    ['a challenge without a nonce', { ...challenge, nonce: undefined }],
    ['a challenge with a short nonce', { ...challenge, nonce: 'AAAA' }],
    ['a challenge whose message has a lone surrogate', { ...challenge, message: 'Sign in \ud800' }],
    ['a challenge without a time', { ...challenge, issuedAt: undefined }],
    ['a challenge whose time is a text', { ...challenge, issuedAt: String(Date.now()) }],
  ])('%s is no challenge, and no refusal either: 503', async (_, stored) => {
    const before = network.requestCount
    expect(await login(async () => stored as typeof challenge)).toMatchObject({
      action: 'error',
      error: {
        code: 'ERR_NEAR_STORE_FAILED',
        status: 503,
        cause: { message: 'The store returned something other than a challenge or undefined' },
      },
    })
    expect(network.requestCount).toBe(before)
  })

  it.each([undefined, null])('%s is none: it was spent, or never issued', async (none) => {
    expect(await login(async () => none)).toMatchObject({
      action: 'fail',
      status: 401,
      info: { code: 'ERR_NEAR_CHALLENGE_MISSING' },
    })
  })

  it('a challenge cannot change whom the message is for', async () => {
    const stored = { ...challenge, recipient: 'evil.example.com' }
    expect(await login(async () => stored)).toMatchObject({ action: 'success' })
  })

  it('a challenge is good up to its age limit and not a millisecond longer', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const stored = { ...challenge, issuedAt: Date.now() - 300_000 }
      expect(await login(async () => stored)).toMatchObject({ action: 'success' })
      vi.setSystemTime(Date.now() + 1)
      expect(await login(async () => stored)).toMatchObject({
        action: 'fail',
        status: 401,
        info: { code: 'ERR_NEAR_CHALLENGE_EXPIRED' },
      })
    } finally {
      vi.useRealTimers()
    }
  })

  it('an exception is 503 with its cause, never 401', async () => {
    const cause = new Error('connection lost')
    const expected = { action: 'error', error: { code: 'ERR_NEAR_STORE_FAILED', status: 503, cause } }
    expect(await login(() => Promise.reject(cause))).toMatchObject(expected)
    expect(
      await login(() => {
        throw cause
      }),
    ).toMatchObject(expected)
  })
})

describe('what a store is asked', () => {
  it('is once for each login, for the state that the login names', async () => {
    const calls: unknown[] = []
    const consume = async (...args: unknown[]): Promise<undefined> => {
      calls.push(args)
      return undefined
    }
    await login(consume, { ...body, state: 'named' })
    await login(consume)
    expect(calls).toEqual([
      [{ body: { ...body, state: 'named' } }, 'named'],
      [{ body }, undefined],
    ])
  })
})

describe('a store that never answers', () => {
  it('has failed after five seconds: the login is 503, and so is the challenge', async () => {
    const never = (): Promise<never> => new Promise(() => undefined)
    const near = new NearStrategy(
      { recipient: 'r', store: { issue: never, consume: never } },
      () => undefined,
    )
    const failed = { code: 'ERR_NEAR_STORE_FAILED', status: 503 }
    const before = network.requestCount
    const began = performance.now()
    const [outcome, challenged] = await Promise.all([
      login(never),
      near.challenge({}).catch((error: unknown) => error),
    ])
    expect(outcome).toMatchObject({ action: 'error', error: failed })
    expect(challenged).toMatchObject(failed)
    expect(performance.now() - began).toBeGreaterThan(4990)
    expect(network.requestCount).toBe(before)
  })

  it('but that is only slow is waited for, and leaves no timer behind', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    const slowly = async (): Promise<typeof challenge> => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      return challenge
    }
    for (let count = 0; count < 5; count++) expect(await login(slowly)).toMatchObject({ action: 'success' })
    expect(timers()).toBeLessThanOrEqual(before)
  })
})
