import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { SessionChallengeStore, type StoredChallenge } from 'passport-near'
import { describe, expect, it, vi } from 'vitest'
import { PURPOSE, storedChallenge as challenge } from '../support/challenge'

/** A store with its own replay cache, as in another process. */
function storeOfAnotherProcess(): SessionChallengeStore {
  const shared = globalThis as Record<symbol, unknown>
  const key = Symbol.for('passport-near.replay-cache.1')
  const cache = shared[key]
  Reflect.deleteProperty(shared, key)
  try {
    return new SessionChallengeStore()
  } finally {
    shared[key] = cache
  }
}

const issueAll = async (store: SessionChallengeStore, req: object, ...states: string[]): Promise<void> => {
  for (const state of states) await store.issue(req, challenge(state))
}

/** Issues and consumes challenges of other browsers, each of which expires after one second. */
async function consumeOthers(
  store: SessionChallengeStore,
  issuer: SessionChallengeStore,
  count: number,
): Promise<void> {
  for (let number = 0; number < count; number++) {
    const req = { session: {} }
    await issuer.issue(req, challenge(`${Date.now()} ${number}`, { expiresAt: Date.now() + 1000 }))
    await store.consume(req, undefined, PURPOSE)
  }
}

/** Heap size in bytes, after a full garbage collection. */
async function usedMemory(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  await new Promise((resolve) => setTimeout(resolve, 10))
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** A session as a second request reads it: another object with the same content. */
const reread = (req: { session: object }): { session: object } => structuredClone(req)

describe('SessionChallengeStore', () => {
  it('returns each challenge once, by its state', async () => {
    const store = new SessionChallengeStore()
    const req = { session: {} }
    await issueAll(store, req, 'a', 'b')
    expect((await store.consume(req, 'a', PURPOSE))?.state).toBe('a')
    expect(await store.consume(req, 'a', PURPOSE)).toBeUndefined()
    expect((await store.consume(req, 'b', PURPOSE))?.state).toBe('b')
    expect(await store.consume(req, 'c', PURPOSE)).toBeUndefined()
  })

  it('returns a challenge once more when the application issues the returned one again', async () => {
    const store = new SessionChallengeStore()
    const req = { session: {} }
    await issueAll(store, req, 'a')
    await store.issue(req, (await store.consume(req, 'a', PURPOSE))!)
    expect((await store.consume(req, 'a', PURPOSE))?.state).toBe('a')
    expect(await store.consume(req, 'a', PURPOSE)).toBeUndefined()
  })

  it('returns the latest challenge of the purpose when the request names no state', async () => {
    const store = new SessionChallengeStore()
    const req = { session: {} }
    await issueAll(store, req, 'a', 'b')
    expect((await store.consume(req, undefined, PURPOSE))?.state).toBe('b')
    expect((await store.consume(req, undefined, PURPOSE))?.state).toBe('a')
    expect(await store.consume(req, undefined, PURPOSE)).toBeUndefined()
  })

  it('returns a challenge to exactly one of 100 requests that read the same session', async () => {
    const store = new SessionChallengeStore()
    const req = { session: {} }
    await issueAll(store, req, 'a')
    const copies = Array.from({ length: 100 }, () => reread(req))
    const taken = await Promise.all(copies.map((copy) => store.consume(copy, 'a', PURPOSE)))
    expect(taken.filter(Boolean)).toHaveLength(1)
  })

  it('does not return a consumed challenge that a slow request wrote back', async () => {
    const store = new SessionChallengeStore()
    const req = { session: {} }
    await issueAll(store, req, 'a')
    const slow = reread(req)
    await store.consume(req, 'a', PURPOSE)
    expect(await store.consume(slow, undefined, PURPOSE)).toBeUndefined()
  })

  it('remembers 100,000 consumed challenges in less than 2 MB until they expire', async () => {
    const store = new SessionChallengeStore()
    const first = { session: {} }
    await issueAll(store, first, 'first')
    const copy = reread(first)
    await store.consume(first, 'first', PURPOSE)
    const before = await usedMemory()
    for (let count = 0; count < 100_000; count++) {
      const req = { session: {} }
      await store.issue(req, challenge(`state ${count}`))
      await store.consume(req, undefined, PURPOSE)
    }
    expect((await usedMemory()) - before).toBeLessThan(2_000_000)
    expect(await store.consume(copy, 'first', PURPOSE)).toBeUndefined()
  }, 60_000)

  it.each([
    ['this process', (store: SessionChallengeStore) => store],
    ['another process', storeOfAnotherProcess],
  ])('forgets a consumed challenge of %s when the challenge has expired', async (_, issuerOf) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const store = storeOfAnotherProcess()
      const issuer = issuerOf(store)
      const req = { session: {} }
      await issuer.issue(req, challenge('a', { expiresAt: Date.now() + 1000 }))
      const copy = reread(req)
      expect(await store.consume(req, 'a', PURPOSE)).toBeDefined()
      vi.setSystemTime(Date.now() + 999)
      await consumeOthers(store, issuer, 8192)
      expect(await store.consume(reread(copy), 'a', PURPOSE)).toBeUndefined()
      vi.setSystemTime(Date.now() + 1002)
      await consumeOthers(store, issuer, 8192)
      expect((await store.consume(copy, 'a', PURPOSE))?.state).toBe('a')
    } finally {
      vi.useRealTimers()
    }
  })

  it('returns a challenge of another process, or with a changed serial number, exactly once', async () => {
    const store = storeOfAnotherProcess()
    const other = storeOfAnotherProcess()
    const req = { session: {} }
    await issueAll(other, req, 'a', 'b')
    await issueAll(store, { session: {} }, 'x', 'y')
    expect((await store.consume(reread(req), 'a', PURPOSE))?.state).toBe('a')
    expect(await store.consume(reread(req), 'a', PURPOSE)).toBeUndefined()
    expect((await store.consume(reread(req), 'b', PURPOSE))?.state).toBe('b')
    for (const serial of [undefined, 7, '', '.', 'x.-1', 'x.1e3', {}]) {
      const kept = [{ ...challenge(`with ${JSON.stringify(serial)}`), serial }]
      const session = { 'near:challenges': kept }
      expect(await store.consume({ session: structuredClone(session) }, undefined, PURPOSE)).toBeDefined()
      expect(await store.consume({ session: structuredClone(session) }, undefined, PURPOSE)).toBeUndefined()
    }
  })

  it('assigns whole values: some session libraries lose deletions and nested changes', async () => {
    const assigned: unknown[] = []
    const session = new Proxy<Record<string, unknown>>(
      {},
      {
        get: (target, key) => (key in target ? structuredClone(target[key as string]) : undefined),
        set: (target, key, value) => {
          assigned.push(value)
          target[key as string] = structuredClone(value) as unknown
          return true
        },
        deleteProperty: () => {
          throw new Error('deletions are lost')
        },
      },
    )
    const store = new SessionChallengeStore()
    await issueAll(store, { session }, 'a', 'b')
    await store.consume({ session }, 'a', PURPOSE)
    await store.consume({ session }, 'b', PURPOSE)
    expect(assigned.at(-1)).toBeUndefined()
    expect(assigned).toHaveLength(4)
  })

  it('holds at most 8 challenges, and evicts the oldest', async () => {
    const store = new SessionChallengeStore()
    const req = { session: {} }
    await issueAll(store, req, ...'abcdefghi'.split(''))
    expect(await store.consume(req, 'a', PURPOSE)).toBeUndefined()
    expect((await store.consume(req, 'b', PURPOSE))?.state).toBe('b')
  })

  it.each([
    ['a string', 'garbage'],
    ['an object', { 0: challenge('a') }],
    ['an array of other values', [null, 1, 'a', {}, [], { ...challenge('a'), nonce: 'short' }]],
    ['a challenge without an issue time', [{ ...challenge('a'), issuedAt: undefined }]],
    ['a challenge with a message of another type', [{ ...challenge('a'), message: {} }]],
    ['a challenge with a state of another type', [{ ...challenge('a'), state: 1 }]],
    ['a challenge with a nonce of another type', [{ ...challenge('a'), nonce: [challenge('a').nonce] }]],
    [
      'a challenge with a nonce after other characters',
      [{ ...challenge('a'), nonce: `A${challenge('a').nonce}` }],
    ],
    [
      'a challenge with a nonce before other characters',
      [{ ...challenge('a'), nonce: `${challenge('a').nonce}A` }],
    ],
    ['a challenge with a callback of another type', [{ ...challenge('a'), callbackUrl: 1 }]],
    ['a challenge with an expiry of another type', [{ ...challenge('a'), expiresAt: '1' }]],
    ['a challenge with an expiry of NaN', [{ ...challenge('a'), expiresAt: NaN }]],
    ['a challenge with a purpose of another type', [{ ...challenge('a'), purpose: [PURPOSE] }]],
    ['a challenge with a user of another type', [{ ...challenge('a'), issuedTo: {} }]],
  ])('ignores %s in the session', async (_, stored) => {
    const req = { session: { 'near:challenges': stored } }
    const store = new SessionChallengeStore()
    expect(await store.consume(req, 'a', PURPOSE)).toBeUndefined()
    expect(await store.consume(req, undefined, PURPOSE)).toBeUndefined()
    await issueAll(store, req, 'b')
    expect((await store.consume(req, undefined, PURPOSE))?.state).toBe('b')
  })

  it('keeps the challenges of two stores apart by their keys', async () => {
    const req = { session: {} }
    const [one, two] = [new SessionChallengeStore({ key: 'one' }), new SessionChallengeStore({ key: 'two' })]
    await issueAll(one, req, 'a')
    expect(await two.consume(req, 'a', PURPOSE)).toBeUndefined()
    expect((await one.consume(req, 'a', PURPOSE))?.state).toBe('a')
  })

  it.each([undefined, null, 'text'])(
    'reports missing session middleware when req.session is %s',
    async (session) => {
      const expected = { code: 'ERR_NEAR_SESSION_UNAVAILABLE', status: 500 }
      const store = new SessionChallengeStore()
      await expect(store.issue({ session }, challenge('a'))).rejects.toMatchObject(expected)
      await expect(store.consume({ session }, 'a', PURPOSE)).rejects.toMatchObject(expected)
    },
  )

  it.each([
    ['', '""'],
    [1, '1'],
    [null, 'null'],
  ])('rejects %j as a key', (key, got) => {
    expect(() => new SessionChallengeStore({ key: key as string })).toThrow(
      new TypeError(`SessionChallengeStore: option "key" must be a non-empty string; got ${got}`),
    )
  })

  it.each<[unknown, string]>([
    [null, 'SessionChallengeStore: options must be an object; got null'],
    [{ ttl: 1 }, 'SessionChallengeStore: option "ttl" is not known; expected one of key'],
  ])('rejects the options %j', (options, message) => {
    expect(() => new SessionChallengeStore(options as object)).toThrow(new TypeError(message))
  })

  it('consumes only a challenge of the same purpose when the request names no state', async () => {
    const store = new SessionChallengeStore()
    const req = { session: {} }
    await issueAll(store, req, 'a')
    await store.issue(req, challenge('b', { purpose: 'near/link' }))
    expect((await store.consume(req, undefined, PURPOSE))?.state).toBe('a')
    expect(await store.consume(req, undefined, PURPOSE)).toBeUndefined()
    expect((await store.consume(req, undefined, 'near/link'))?.state).toBe('b')
  })

  it('consumes a challenge of another purpose by its state, so that it stays unusable', async () => {
    const store = new SessionChallengeStore()
    const req = { session: {} }
    await store.issue(req, challenge('a', { purpose: 'near/link' }))
    expect(await store.consume(req, 'a', PURPOSE)).toMatchObject({ purpose: 'near/link' })
    expect(await store.consume(req, 'a', 'near/link')).toBeUndefined()
  })

  it('remembers a consumed challenge for one day when the challenge has no expiry', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const store = storeOfAnotherProcess()
      const issuer = storeOfAnotherProcess() // Challenges of another process are stored one by one.
      const { expiresAt: _, ...withoutExpiry } = challenge('a')
      const req = { session: {} }
      await issuer.issue(req, withoutExpiry as StoredChallenge)
      const copy = reread(req)
      await store.consume(req, 'a', PURPOSE)
      const consumeNew = async (state: string): Promise<void> => {
        await issueAll(issuer, req, state)
        await store.consume(req, state, PURPOSE)
      }
      vi.setSystemTime(Date.now() + 24 * 60 * 60 * 1000 - 1)
      await consumeNew('b')
      expect(await store.consume(reread(copy), 'a', PURPOSE)).toBeUndefined()
      vi.setSystemTime(Date.now() + 1)
      await consumeNew('c')
      expect((await store.consume(copy, 'a', PURPOSE))?.state).toBe('a')
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('a session that is replaced at login', () => {
  type Request = {
    session: Record<string, unknown> & { regenerate: (callback: (error?: unknown) => void) => void }
  }

  /** A request whose session is replaced as by express-session, or fails to be replaced. */
  const request = (failure?: Error): Request => {
    const req = {} as Request
    const regenerate = (callback: (error?: unknown) => void): void => {
      if (!failure) req.session = { regenerate }
      callback(failure)
    }
    req.session = { regenerate }
    return req
  }

  it('carries over the challenges of other tabs, and no consumed challenge', async () => {
    const store = new SessionChallengeStore()
    const req = request()
    await issueAll(store, req, 'a', 'b', 'c')
    const copy = { session: { ...req.session } }
    await store.consume(req, 'b', PURPOSE)
    await store.consume(copy, 'c', PURPOSE)
    await new Promise<void>((resolve) => req.session.regenerate(() => resolve()))
    expect(req.session['near:challenges']).toMatchObject([{ state: 'a' }])
  })

  it('carries them over when regenerate returns a promise', async () => {
    const store = new SessionChallengeStore()
    const req = {} as { session: Record<string, unknown> & { regenerate: () => Promise<void> } }
    const regenerate = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      req.session = { regenerate }
    }
    req.session = { regenerate }
    await issueAll(store, req, 'a', 'b')
    await store.consume(req, 'b', PURPOSE)
    await req.session.regenerate()
    expect(req.session['near:challenges']).toMatchObject([{ state: 'a' }])
  })

  it('carries them over when regenerate is synchronous', async () => {
    const store = new SessionChallengeStore()
    const req = {} as { session: Record<string, unknown> & { regenerate: () => void } }
    const regenerate = (): void => void (req.session = { regenerate })
    req.session = { regenerate }
    await issueAll(store, req, 'a', 'b')
    await store.consume(req, 'b', PURPOSE)
    req.session.regenerate()
    expect(req.session['near:challenges']).toMatchObject([{ state: 'a' }])
  })

  it('gets no regenerate if it has none', async () => {
    const store = new SessionChallengeStore()
    const req = { session: {} }
    await issueAll(store, req, 'a', 'b')
    await store.consume(req, 'b', PURPOSE)
    expect('regenerate' in req.session).toBe(false)
  })

  it('stays when regenerate fails, and the caller gets the error', async () => {
    const store = new SessionChallengeStore()
    const failure = new Error('the session store is down')
    const req = request(failure)
    await issueAll(store, req, 'a', 'b')
    await store.consume(req, 'b', PURPOSE)
    const heard = await new Promise((resolve) => req.session.regenerate(resolve))
    expect(heard).toBe(failure)
  })

  it.each([
    ['a promise', async () => 'done'],
    ['a value', () => 'done'],
  ])(
    'carries them over when regenerate returns %s, and keeps its arguments and its result',
    async (_, answer) => {
      const store = new SessionChallengeStore()
      const told: unknown[][] = []
      const req = {} as { session: Record<string, unknown> & { regenerate: (keep: string[]) => unknown } }
      req.session = {
        regenerate: (...args) => {
          told.push(args)
          req.session = { regenerate: () => undefined }
          return answer()
        },
      }
      await issueAll(store, req, 'a', 'b')
      await store.consume(req, 'b', PURPOSE)
      expect(await req.session.regenerate(['keep'])).toBe('done')
      expect(told).toEqual([[['keep']]])
      expect(req.session['near:challenges']).toMatchObject([{ state: 'a' }])
    },
  )

  it('holds each challenge once when keepSessionInfo copies the old fields over the new ones', async () => {
    const store = new SessionChallengeStore()
    const req = request()
    await issueAll(store, req, 'a', 'b')
    await store.consume(req, 'b', PURPOSE)
    const old = req.session
    await new Promise<void>((resolve) => req.session.regenerate(() => resolve()))
    Object.assign(req.session, old)
    expect(req.session['near:challenges']).toEqual([expect.objectContaining({ state: 'a' })])
  })

  it('may be missing afterwards, or have a read-only regenerate: the login continues', async () => {
    const store = new SessionChallengeStore()
    const gone = {} as Request
    gone.session = {
      regenerate: (callback) => {
        gone.session = undefined as never
        callback()
      },
    }
    await issueAll(store, gone, 'a', 'b')
    await store.consume(gone, 'b', PURPOSE)
    await new Promise<void>((resolve) => gone.session.regenerate(() => resolve()))

    const frozen = request()
    await issueAll(store, frozen, 'c', 'd')
    Object.defineProperty(frozen.session, 'regenerate', { configurable: false, writable: false })
    expect((await store.consume(frozen, 'd', PURPOSE))?.state).toBe('d')
  })

  it('does not show the wrapped regenerate when its content is listed, copied or saved', async () => {
    const store = new SessionChallengeStore()
    const req = request()
    await issueAll(store, req, 'a', 'b')
    await store.consume(req, 'b', PURPOSE)
    expect(Object.keys(req.session)).toEqual(['near:challenges'])
  })
})
