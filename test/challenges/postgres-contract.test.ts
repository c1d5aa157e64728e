import { createHash } from 'node:crypto'
import { NearStrategy, type ChallengeStore, type StoredChallenge } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { storedChallenge } from '../support/challenge'
import { authenticate } from '../support/strategy'

const nonce = Buffer.alloc(32, 1)
/** The purpose of the strategy below. */
const purpose = `near/sign-in/${createHash('sha256').update('Sign in to r').digest().toString('base64url', 0, 9)}`
const challenge = storedChallenge('s', { nonce: nonce.toString('base64'), purpose })
let network: TestNetwork
let body: object

beforeAll(async () => {
  network = await TestNetwork.start()
  const alice = await network.createAccount('alice.test')
  body = await alice.signMessage({ message: 'm', recipient: 'r', nonce })
})
afterAll(() => network.stop())

/** The challenge from a store that drops a field. */
const without = (field: keyof StoredChallenge): object => ({ ...challenge, [field]: undefined })

const login = (consume: ChallengeStore['consume'], credentials = body): Promise<object> =>
  authenticate(
    new NearStrategy(
      { recipient: 'r', rpc: network.rpcUrl, store: { async issue() {}, consume } },
      (_, done) => done(null, {}),
    ),
    { body: credentials },
  )

describe('a value that a store returns', () => {
  it.each<[string, object]>([
    ['a challenge', challenge],
    ['a challenge with additional fields', { ...challenge, _id: 1 }],
    ['a challenge whose callback URL is null, as a database returns it', { ...challenge, callbackUrl: null }],
    ['a challenge whose callback URL is empty', { ...challenge, callbackUrl: '' }],
    ['a challenge without an expiry', without('expiresAt')],
    ['a challenge without a purpose', without('purpose')],
    ['a challenge without a user', without('issuedTo')],
  ])('%s is accepted', async (_, stored) => {
    expect(await login(async () => stored as typeof challenge)).toMatchObject({ action: 'success' })
  })

  it.each<[string, unknown]>([
    ['true', true],
    ['an empty object', {}],
    ['a string', JSON.stringify(challenge)],
    ['a challenge without a nonce', { ...challenge, nonce: undefined }],
    ['a challenge with a short nonce', { ...challenge, nonce: 'AAAA' }],
    ['a challenge whose message has a lone surrogate', { ...challenge, message: 'Sign in \ud800' }],
    ['a challenge without an issue time', { ...challenge, issuedAt: undefined }],
    ['a challenge whose issue time is a string', { ...challenge, issuedAt: String(Date.now()) }],
    ['a challenge whose expiry is a string', { ...challenge, expiresAt: String(Date.now()) }],
    ['a challenge whose purpose is an array', { ...challenge, purpose: [purpose] }],
    ['a challenge whose user is an object', { ...challenge, issuedTo: {} }],
  ])('%s is a failure of the store (503), not a rejection', async (_, stored) => {
    const before = network.requestCount
    expect(await login(async () => stored as typeof challenge)).toMatchObject({
      action: 'error',
      error: {
        code: 'ERR_NEAR_STORE_FAILED',
        status: 503,
        cause: { message: 'The store returned a value that is neither a challenge nor undefined' },
      },
    })
    expect(network.requestCount).toBe(before)
  })

  it.each([undefined, null])(
    '%s is a missing challenge: it was already used, or never issued',
    async (none) => {
      expect(await login(async () => none)).toMatchObject({
        action: 'fail',
        status: 401,
        info: { code: 'ERR_NEAR_CHALLENGE_MISSING' },
      })
    },
  )

  it('a challenge cannot change the recipient', async () => {
    const stored = { ...challenge, recipient: 'evil.example.com' }
    expect(await login(async () => stored)).toMatchObject({ action: 'success' })
  })

  it('a challenge accepts a response up to its maximum age and not 1 ms longer', async () => {
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

  it.each<[string, object]>([
    ['another state than the requested one', { state: 'another' }],
    ['another purpose', { purpose: 'near/link' }],
    ['an issue time 1001 ms in the future', { issuedAt: challenge.issuedAt + 1001 }],
    ['an issue time in the far future', { issuedAt: Number.MAX_SAFE_INTEGER }],
  ])('a challenge with %s is a missing challenge, without an RPC request', async (_, given) => {
    vi.useFakeTimers({ toFake: ['Date'], now: challenge.issuedAt })
    try {
      const before = network.requestCount
      expect(await login(async () => ({ ...challenge, ...given }), { ...body, state: 's' })).toMatchObject({
        action: 'fail',
        status: 401,
        info: { code: 'ERR_NEAR_CHALLENGE_MISSING' },
      })
      expect(network.requestCount).toBe(before)
    } finally {
      vi.useRealTimers()
    }
  })

  it('a challenge that was issued 1 second in the future is accepted', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: challenge.issuedAt })
    try {
      const stored = { ...challenge, issuedAt: Date.now() + 1000 }
      expect(await login(async () => stored)).toMatchObject({ action: 'success' })
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

describe('a store is called', () => {
  it('once for each login, with the state of the request and the purpose of the strategy', async () => {
    const calls: unknown[] = []
    const consume = async (...args: unknown[]): Promise<undefined> => {
      calls.push(args)
      return undefined
    }
    await login(consume, { ...body, state: 'named' })
    await login(consume)
    expect(calls).toEqual([
      [{ body: { ...body, state: 'named' } }, 'named', purpose],
      [{ body }, undefined, purpose],
    ])
  })
})

describe('a store that does not respond', () => {
  it('fails after 5 seconds: the login is 503, and so is the challenge', async () => {
    const never = (): Promise<never> => new Promise(() => undefined)
    const near = new NearStrategy<object>(
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

  it('may respond within 5 seconds, and leaves no timer', async () => {
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
