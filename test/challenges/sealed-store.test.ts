import { createHash } from 'node:crypto'
import { NearLoginRejected, NearStrategy, SealedChallengeStore, type StoredChallenge } from 'passport-near'
import { challengeStoreContract } from 'passport-near/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { RECIPIENT } from '../support/app'
import { PURPOSE, storedChallenge } from '../support/challenge'
import { authenticate } from '../support/strategy'

const SECRET = 'a secret of the tests, which is long enough'
const codeVerifier = 'v'.repeat(43)
const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')
const asking = { query: { codeChallenge } }
const answering = { body: { codeVerifier } }

let drawn = 0
/** A challenge with a random nonce. */
const draw = (given: Partial<StoredChallenge> = {}) => storedChallenge(`challenge ${drawn++}`, given)

const create = (secret: string | string[] = SECRET) => new SealedChallengeStore({ secret })

afterEach(() => vi.useRealTimers())

describe('SealedChallengeStore keeps the contract of stores, in one process', () => {
  challengeStoreContract({ test: it, createStore: () => create(), shared: false, survivesLogin: true })
})

describe('SealedChallengeStore', () => {
  it('returns what was sealed, under the handle', async () => {
    const store = create()
    const challenge = draw({ callbackUrl: 'https://app.example.com/', issuedTo: 'user-1' })
    const handle = await store.issue(asking, challenge)
    expect(await store.consume(answering, handle, PURPOSE)).toEqual({ ...challenge, state: handle })
  })

  it('shows nothing of the challenge to its holder', async () => {
    const challenge = draw({ message: 'Sign in to app.example.com' })
    const bytes = Buffer.from(await create().issue(asking, challenge), 'base64url').toString('latin1')
    for (const part of ['Sign in', challenge.nonce, PURPOSE, codeChallenge]) expect(bytes).not.toContain(part)
  })

  it('seals the same challenge differently each time', async () => {
    const store = create()
    const challenge = draw()
    expect(await store.issue(asking, challenge)).not.toBe(await store.issue(asking, challenge))
  })

  it('opens nothing that was changed in any byte, cut or lengthened', async () => {
    const store = create()
    const handle = await store.issue(asking, draw())
    const bytes = Buffer.from(handle, 'base64url')
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes)
      changed[index]! ^= 1
      expect(await store.consume(answering, changed.toString('base64url'), PURPOSE)).toBeUndefined()
    }
    const others = [
      handle.slice(0, -1), handle.slice(1), `${handle}A`, `${handle}=`, ` ${handle}`, `${handle}\n`,
      handle.replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)), '', 'A', 'A'.repeat(38),
      Buffer.alloc(28).toString('base64url'), Buffer.alloc(29).toString('base64url'),
    ] // prettier-ignore
    for (const other of others) expect(await store.consume(answering, other, PURPOSE)).toBeUndefined()
    expect(await store.consume(answering, handle, PURPOSE)).toBeDefined()
  })

  it('opens a handle only with its own secret and for its own purpose', async () => {
    const handle = await create().issue(asking, draw())
    const other = create('another secret, which is long enough too')
    expect(await other.consume(answering, handle, PURPOSE)).toBeUndefined()
    expect(await create().consume(answering, handle, 'near/link')).toBeUndefined()
    expect(await create().consume(answering, handle, PURPOSE)).toBeDefined()
  })

  it('seals with the first secret, and opens what any of them sealed', async () => {
    const [old, next] = ['the old secret, which is long enough', 'the new secret, which is long enough']
    const before = await create(old).issue(asking, draw())
    const rotated = create([next, old])
    const after = await rotated.issue(asking, draw())
    expect(await create(old).consume(answering, after, PURPOSE)).toBeUndefined()
    expect(await rotated.consume(answering, before, PURPOSE)).toBeDefined()
    expect(await create(next).consume(answering, after, PURPOSE)).toBeDefined()
  })

  it('returns a challenge once, also to stores of the same secret', async () => {
    const handle = await create().issue(asking, draw())
    const copies = await Promise.all(
      Array.from({ length: 50 }, () => create().consume(answering, handle, PURPOSE)),
    )
    expect(copies.filter(Boolean)).toHaveLength(1)
  })

  it('has no latest challenge', async () => {
    const store = create()
    await store.issue(asking, draw())
    expect(await store.consume(answering, undefined, PURPOSE)).toBeUndefined()
  })

  it('needs the verifier, and uses nothing up without it', async () => {
    const store = create()
    const handle = await store.issue(asking, draw())
    const bodies: unknown[] = [
      undefined, null, 'x', {}, { codeVerifier: 'w'.repeat(43) }, { codeVerifier: [codeVerifier] },
      { codeVerifier: codeVerifier.slice(1) }, { codeVerifier: `${codeVerifier}\n` }, { codeVerifier: null },
      Object.create({ codeVerifier }), { codeVerifier: 'v'.repeat(129) }, { codeVerifier: codeChallenge },
    ] // prettier-ignore
    for (const body of bodies) expect(await store.consume({ body }, handle, PURPOSE)).toBeUndefined()
    expect(await store.consume({ query: { codeVerifier } }, handle, PURPOSE)).toBeUndefined()
    expect(await store.consume(answering, handle, PURPOSE)).toBeDefined()
  })

  it.each(['short', 'x'.repeat(42), 'x'.repeat(129), `${'x'.repeat(42)}+`, 'é'.repeat(43)])(
    'takes no malformed verifier, although its hash is the code challenge: %s',
    async (verifier) => {
      const query = { codeChallenge: createHash('sha256').update(verifier).digest('base64url') }
      const handle = await create().issue({ query }, draw())
      expect(await create().consume({ body: { codeVerifier: verifier } }, handle, PURPOSE)).toBeUndefined()
    },
  )

  it('takes a verifier of 128 characters and of every character of RFC 7636', async () => {
    for (const verifier of ['~'.repeat(128), '-._~AZaz09'.repeat(5)]) {
      const query = { codeChallenge: createHash('sha256').update(verifier).digest('base64url') }
      const handle = await create().issue({ query }, draw())
      expect(await create().consume({ body: { codeVerifier: verifier } }, handle, PURPOSE)).toBeDefined()
    }
  })

  it('gives an expired challenge with its age, again and again, whether it was used or not', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const store = create()
    const [used, unused] = [await store.issue(asking, draw()), await store.issue(asking, draw())]
    expect(await store.consume(answering, used, PURPOSE)).toBeDefined()
    vi.setSystemTime(Date.now() + 300_001)
    for (const handle of [used, unused, unused]) {
      const { expiresAt } = (await store.consume(answering, handle, PURPOSE))!
      expect(expiresAt).toBeLessThan(Date.now())
    }
  })

  it.each([
    ['ahead and back', [400_000, -390_000]],
    ['far ahead and back', [40_000_000, -39_990_000]],
    ['back', [-200_000]],
  ])('remembers a used challenge when the clock is set %s', async (_, steps) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const store = create()
    const handle = await store.issue(asking, draw())
    expect(await store.consume(answering, handle, PURPOSE)).toBeDefined()
    for (const step of steps) {
      vi.setSystemTime(Date.now() + step)
      // Records are deleted when a new page is begun, of 8192 challenges.
      for (let count = 0; count < 9000; count++) await store.issue(asking, draw())
      await store.consume(answering, await store.issue(asking, draw()), PURPOSE)
    }
    expect(await store.consume(answering, handle, PURPOSE)).toBeUndefined()
  })

  it('does not bring back a challenge that its process has forgotten when the clock is set back', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    const store = create()
    const handle = await store.issue(asking, draw())
    vi.advanceTimersByTime(300_000)
    vi.setSystemTime(Date.now() - 200_000)
    expect(await store.consume(answering, handle, PURPOSE)).toBeUndefined()
  })

  it('remembers a challenge of another process by itself', async () => {
    const { SealedChallengeStore: Other } = (vi.resetModules(), await import('passport-near'))
    const key = Symbol.for('passport-near.steady-replay-cache.1')
    const caches = globalThis as Record<symbol, unknown>
    const own = caches[key]
    Reflect.deleteProperty(caches, key)
    const handle = await new Other({ secret: SECRET }).issue(asking, draw())
    caches[key] = own
    const store = create()
    expect(await store.consume(answering, handle, PURPOSE)).toBeDefined()
    expect(await store.consume(answering, handle, PURPOSE)).toBeUndefined()
  })
})

describe('the code challenge of a request', () => {
  const rejected = new NearLoginRejected('ERR_NEAR_CODE_CHALLENGE_INVALID')

  it.each<[string, object]>([
    ['in the query', { query: { codeChallenge } }],
    ['in the body', { body: { codeChallenge } }],
    ['in the body, beside a query', { query: {}, url: '/?a=1', body: { codeChallenge } }],
    ["in the URL of Node's request", { url: `/challenge?a=1&codeChallenge=${codeChallenge}` }],
  ])('is read %s', async (_, req) => {
    const handle = await create().issue(req, draw())
    expect(await create().consume(answering, handle, PURPOSE)).toBeDefined()
  })

  it.each<[string, object]>([
    ['missing', {}],
    ['missing beside others', { query: { a: '1' }, body: { b: 1 }, url: '/?a=1' }],
    ['empty', { query: { codeChallenge: '' } }],
    ['too short', { query: { codeChallenge: codeChallenge.slice(1) } }],
    ['too long', { query: { codeChallenge: `${codeChallenge}A` } }],
    ['in base64', { query: { codeChallenge: `${codeChallenge.slice(1)}+` } }],
    ['followed by a line break', { query: { codeChallenge: `${codeChallenge}\n` } }],
    ['of other letters', { query: { codeChallenge: 'é'.repeat(43) } }],
    ['an array', { query: { codeChallenge: [codeChallenge] } }],
    ['an object', { body: { codeChallenge: { length: 43 } } }],
    ['a number', { body: { codeChallenge: 43 } }],
    ['twice in the URL', { url: `/?codeChallenge=${codeChallenge}&codeChallenge=${codeChallenge}` }],
    ['in query and body', { query: { codeChallenge }, body: { codeChallenge } }],
    ['in query and body, one of them malformed', { query: { codeChallenge }, body: { codeChallenge: '' } }],
    ['inherited', { query: Object.create({ codeChallenge }) as object }],
  ])('is rejected when it is %s', async (_, req) => {
    await expect(create().issue(req, draw())).rejects.toThrow(rejected)
  })
})

describe('the options', () => {
  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['too short', 'x1'.repeat(15) + 'y'],
    ['too short in bytes', Buffer.from('0123456789abcdef0123456789abcde')],
    ['one character, repeated', 'x'.repeat(64)],
    ['zeros', Buffer.alloc(32)],
    ['an empty array', []],
    ['an array with a wrong one', [SECRET, 'short']],
    ['an array with one that is not set', [SECRET, undefined]],
  ])('reject a secret that is %s with a TypeError that does not show it', (_, secret) => {
    const attempt = () => new SealedChallengeStore({ secret } as never)
    expect(attempt).toThrow(
      /^SealedChallengeStore: option "secret" must be a string or Buffer of at least 32 /,
    )
    expect(attempt).toThrow(TypeError)
    if (typeof secret === 'string') expect(attempt).not.toThrow(secret)
  })

  it.each<[object, string]>([
    [{ client: 'redis://user:password@host' }, 'option "client" must be a client of the package "redis"'],
    [{ client: {} }, 'option "client"'],
    [{ client: null }, 'option "client"'],
    [{ client: { set: () => null } }, 'option "client"'],
    [{ prefix: '' }, 'option "prefix" must be a non-empty string; got ""'],
    [{ timeout: 0 }, 'option "timeout" must be a number of milliseconds'],
    [{ secrets: [] }, 'option "secrets" is not known'],
  ])('reject %o', (given, message) => {
    const attempt = () => new SealedChallengeStore({ secret: SECRET, ...given })
    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow(`SealedChallengeStore: ${message}`)
    expect(attempt).not.toThrow('password')
  })

  it('take bytes, and a string of 32 bytes of which some are not ASCII', () => {
    new SealedChallengeStore({ secret: Buffer.from('0123456789abcdef0123456789abcdef') })
    new SealedChallengeStore({ secret: [new Uint8Array(32).map((_, index) => index), 'é'.repeat(15) + 'ab'] })
  })
})

describe('a strategy with a SealedChallengeStore', () => {
  const strategy = (given: object) =>
    new NearStrategy({ recipient: RECIPIENT, store: create(), ...given }, (profile, done) =>
      done(null, profile),
    )

  it('takes no walletUrl', () => {
    const wallet = { walletUrl: 'https://wallet.example.com', callbackUrl: 'https://app.example.com/near' }
    expect(() => strategy(wallet)).toThrow(
      /^NearStrategy: option "walletUrl" must be none with a SealedChallengeStore/,
    )
    expect(() => strategy(wallet)).toThrow(TypeError)
  })

  it('has no callbackPage', () => {
    expect(() => strategy({}).callbackPage()).toThrow(TypeError)
    expect(() => strategy({}).callbackPage()).toThrow(
      /callbackPage cannot be used with a SealedChallengeStore/,
    )
  })

  it('takes a fixed message of 1200 bytes, and no message that does not fit', () => {
    const callbackUrl = 'https://app.example.com/a/callback/of/usual/length'
    strategy({ message: 'é'.repeat(600), callbackUrl, linking: true })
    expect(() => strategy({ message: 'x'.repeat(1400) })).toThrow(TypeError)
    expect(() => strategy({ message: 'x'.repeat(1400) })).toThrow(
      /^SealedChallengeStore: message and callbackUrl are too long/,
    )
    expect(() => strategy({ callbackUrl: `https://app.example.com/${'x'.repeat(1400)}` })).toThrow(TypeError)
  })

  it('accepts nothing that is past its expiry, also when a longer life is configured since', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const [before, after] = [strategy({ challengeMaxAge: 1000 }), strategy({ challengeMaxAge: 600_000 })]
    const { state } = await before.challenge({ query: { codeChallenge } } as never)
    vi.setSystemTime(Date.now() + 1001)
    const signature = Buffer.alloc(64, 1).toString('base64')
    const login = { accountId: 'alice.test', publicKey: `ed25519:${'2'.repeat(44)}`, signature, state }
    const outcome = await authenticate(after, { body: { ...login, codeVerifier } })
    expect(outcome).toMatchObject({ action: 'fail', info: { code: 'ERR_NEAR_CHALLENGE_EXPIRED' } })
  })

  it('fails with a TypeError when a message that a function returned does not fit', async () => {
    const near = strategy({ message: () => 'x'.repeat(1400) })
    await expect(near.challenge({ query: { codeChallenge } } as never)).rejects.toThrow(TypeError)
    const { state } = await strategy({ message: () => 'x'.repeat(1200) }).challenge({
      query: { codeChallenge },
    } as never)
    expect(state.length).toBeLessThanOrEqual(2048)
  })
})
