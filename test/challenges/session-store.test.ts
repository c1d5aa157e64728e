import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { SessionChallengeStore, type StoredChallenge } from 'passport-near'
import { describe, expect, it, vi } from 'vitest'

const challenge = (state: string): StoredChallenge => ({
  state,
  nonce: Buffer.alloc(32, state).toString('base64'),
  message: 'm',
  issuedAt: Date.now(),
})

const issueAll = async (store: SessionChallengeStore, req: object, ...states: string[]): Promise<void> => {
  for (const state of states) await store.issue(req, challenge(state))
}

/** Issues and spends so many challenges of other browsers. */
async function spend(
  store: SessionChallengeStore,
  issuer: SessionChallengeStore,
  count: number,
): Promise<void> {
  for (let number = 0; number < count; number++) {
    const req = { session: {} }
    await issuer.issue(req, challenge(`${Date.now()} ${number}`))
    await store.consume(req, undefined, 'near/sign-in')
  }
}

/** In bytes, after everything that can be was collected. */
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
  it('gives each challenge once, by its state', async () => {
    const store = new SessionChallengeStore()
    const req = { session: {} }
    await issueAll(store, req, 'a', 'b')
    expect((await store.consume(req, 'a', 'near/sign-in'))?.state).toBe('a')
    expect(await store.consume(req, 'a', 'near/sign-in')).toBeUndefined()
    expect((await store.consume(req, 'b', 'near/sign-in'))?.state).toBe('b')
    expect(await store.consume(req, 'c', 'near/sign-in')).toBeUndefined()
  })

  it('gives the latest where no state is named', async () => {
    const store = new SessionChallengeStore()
    const req = { session: {} }
    await issueAll(store, req, 'a', 'b')
    expect((await store.consume(req, undefined, 'near/sign-in'))?.state).toBe('b')
    expect((await store.consume(req, undefined, 'near/sign-in'))?.state).toBe('a')
    expect(await store.consume(req, undefined, 'near/sign-in')).toBeUndefined()
  })

  it('gives a challenge to exactly one of many requests that read the same session', async () => {
    const store = new SessionChallengeStore()
    const req = { session: {} }
    await issueAll(store, req, 'a')
    const copies = Array.from({ length: 100 }, () => reread(req))
    const taken = await Promise.all(copies.map((copy) => store.consume(copy, 'a', 'near/sign-in')))
    expect(taken.filter(Boolean)).toHaveLength(1)
  })

  it('does not give a spent challenge that a slow request wrote back', async () => {
    const store = new SessionChallengeStore()
    const req = { session: {} }
    await issueAll(store, req, 'a')
    const slow = reread(req)
    await store.consume(req, 'a', 'near/sign-in')
    expect(await store.consume(slow, undefined, 'near/sign-in')).toBeUndefined()
  })

  it('takes next to no memory for what has been spent, which stays spent as long as it could be used', async () => {
    const store = new SessionChallengeStore()
    const first = { session: {} }
    await issueAll(store, first, 'first')
    const copy = reread(first)
    await store.consume(first, 'first', 'near/sign-in')
    const before = await usedMemory()
    for (let count = 0; count < 100_000; count++) {
      const req = { session: {} }
      await store.issue(req, challenge(`state ${count}`))
      await store.consume(req, undefined, 'near/sign-in')
    }
    expect((await usedMemory()) - before).toBeLessThan(2_000_000)
    expect(await store.consume(copy, 'first', 'near/sign-in')).toBeUndefined()
  }, 60_000)

  it.each([
    ['was issued here', (store: SessionChallengeStore) => store],
    ['another process issued', () => new SessionChallengeStore()],
  ])('forgets a spent challenge that %s when it is too old to be accepted', async (_, issuerOf) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const store = new SessionChallengeStore()
      store.keepFor(500)
      store.keepFor(1000)
      store.keepFor(10)
      const issuer = issuerOf(store)
      const req = { session: {} }
      await issueAll(issuer, req, 'a')
      const copy = reread(req)
      expect(await store.consume(req, 'a', 'near/sign-in')).toBeDefined()
      vi.setSystemTime(Date.now() + 999)
      await spend(store, issuer, 8192)
      expect(await store.consume(reread(copy), 'a', 'near/sign-in')).toBeUndefined()
      vi.setSystemTime(Date.now() + 1002)
      await spend(store, issuer, 8192)
      expect((await store.consume(copy, 'a', 'near/sign-in'))?.state).toBe('a')
    } finally {
      vi.useRealTimers()
    }
  })

  it("is not confused by another store's challenges, or by one whose number was changed", async () => {
    const store = new SessionChallengeStore()
    const other = new SessionChallengeStore()
    const req = { session: {} }
    await issueAll(other, req, 'a', 'b')
    await issueAll(store, { session: {} }, 'x', 'y')
    expect((await store.consume(reread(req), 'a', 'near/sign-in'))?.state).toBe('a')
    expect(await store.consume(reread(req), 'a', 'near/sign-in')).toBeUndefined()
    expect((await store.consume(reread(req), 'b', 'near/sign-in'))?.state).toBe('b')
    for (const serial of [undefined, 7, '', '.', 'x.-1', 'x.1e3', {}]) {
      const kept = [{ ...challenge(`with ${JSON.stringify(serial)}`), serial }]
      const session = { 'near:challenges': kept }
      expect(await store.consume({ session: structuredClone(session) }, undefined, 'near/sign-in')).toBeDefined()
      expect(await store.consume({ session: structuredClone(session) }, undefined, 'near/sign-in')).toBeUndefined()
    }
  })

  it('assigns whole new values and undefined, because some sessions lose deletions and nested changes', async () => {
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
    await store.consume({ session }, 'a', 'near/sign-in')
    await store.consume({ session }, 'b', 'near/sign-in')
    expect(assigned.at(-1)).toBeUndefined()
    expect(assigned).toHaveLength(4)
  })

  it('keeps at most 8 challenges', async () => {
    const store = new SessionChallengeStore()
    const req = { session: {} }
    await issueAll(store, req, ...'abcdefghi'.split(''))
    expect(await store.consume(req, 'a', 'near/sign-in')).toBeUndefined()
    expect((await store.consume(req, 'b', 'near/sign-in'))?.state).toBe('b')
  })

  it.each([
    ['a text', 'garbage'],
    ['an object', { 0: challenge('a') }],
    ['a list of other things', [null, 1, 'a', {}, [], { ...challenge('a'), nonce: 'short' }]],
    ['a challenge without a time', [{ ...challenge('a'), issuedAt: undefined }]],
    ['a challenge with a message of another type', [{ ...challenge('a'), message: {} }]],
    ['a challenge with a state of another type', [{ ...challenge('a'), state: 1 }]],
    ['a challenge with a nonce of another type', [{ ...challenge('a'), nonce: [challenge('a').nonce] }]],
    ['a challenge with a nonce after something', [{ ...challenge('a'), nonce: `A${challenge('a').nonce}` }]],
    ['a challenge with a nonce before something', [{ ...challenge('a'), nonce: `${challenge('a').nonce}A` }]],
    ['a challenge with a callback of another type', [{ ...challenge('a'), callbackUrl: 1 }]],
  ])('takes %s in the session for no challenge', async (_, stored) => {
    const req = { session: { 'near:challenges': stored } }
    const store = new SessionChallengeStore()
    expect(await store.consume(req, 'a', 'near/sign-in')).toBeUndefined()
    expect(await store.consume(req, undefined, 'near/sign-in')).toBeUndefined()
    await issueAll(store, req, 'b')
    expect((await store.consume(req, undefined, 'near/sign-in'))?.state).toBe('b')
  })

  it('keeps the challenges of two strategies apart by their keys', async () => {
    const req = { session: {} }
    const [one, two] = [new SessionChallengeStore({ key: 'one' }), new SessionChallengeStore({ key: 'two' })]
    await issueAll(one, req, 'a')
    expect(await two.consume(req, 'a', 'near/sign-in')).toBeUndefined()
    expect((await one.consume(req, 'a', 'near/sign-in'))?.state).toBe('a')
  })

  it.each([undefined, null, 'text'])(
    'asks for session middleware where req.session is %s',
    async (session) => {
      const expected = { code: 'ERR_NEAR_SESSION_UNAVAILABLE', status: 500 }
      const store = new SessionChallengeStore()
      await expect(store.issue({ session }, challenge('a'))).rejects.toMatchObject(expected)
      await expect(store.consume({ session }, 'a', 'near/sign-in')).rejects.toMatchObject(expected)
    },
  )

  it.each(['', 1, null])('refuses %j as a key', (key) => {
    expect(() => new SessionChallengeStore({ key: key as string })).toThrow(
      new TypeError('SessionChallengeStore: option "key" must be a non-empty string'),
    )
  })

  it('remembers a spent challenge for a day where nobody says for how long', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const store = new SessionChallengeStore()
      const issuer = new SessionChallengeStore() // another process's: those are remembered one by one
      const req = { session: {} }
      await issueAll(issuer, req, 'a')
      const copy = reread(req)
      await store.consume(req, 'a', 'near/sign-in')
      const spend = async (state: string): Promise<void> => {
        await issueAll(issuer, req, state)
        await store.consume(req, state, 'near/sign-in')
      }
      vi.setSystemTime(Date.now() + 24 * 60 * 60 * 1000 - 1)
      await spend('b')
      expect(await store.consume(reread(copy), 'a', 'near/sign-in')).toBeUndefined()
      vi.setSystemTime(Date.now() + 1)
      await spend('c')
      expect((await store.consume(copy, 'a', 'near/sign-in'))?.state).toBe('a')
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('a session that is replaced at login', () => {
  type Request = {
    session: Record<string, unknown> & { regenerate: (callback: (error?: unknown) => void) => void }
  }

  /** A request whose session is replaced as express-session does it, or fails to be. */
  const request = (failure?: Error): Request => {
    const req = {} as Request
    const regenerate = (callback: (error?: unknown) => void): void => {
      if (!failure) req.session = { regenerate }
      callback(failure)
    }
    req.session = { regenerate }
    return req
  }

  it("takes the other tabs' challenges along, but not the one that was spent", async () => {
    const store = new SessionChallengeStore()
    const req = request()
    await issueAll(store, req, 'a', 'b', 'c')
    const copy = { session: { ...req.session } }
    await store.consume(req, 'b', 'near/sign-in')
    await store.consume(copy, 'c', 'near/sign-in')
    await new Promise<void>((resolve) => req.session.regenerate(() => resolve()))
    expect(req.session['near:challenges']).toMatchObject([{ state: 'a' }])
  })

  it('takes them along to a session that comes only after a while', async () => {
    const store = new SessionChallengeStore()
    const req = {} as { session: Record<string, unknown> & { regenerate: () => Promise<void> } }
    const regenerate = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      req.session = { regenerate }
    }
    req.session = { regenerate }
    await issueAll(store, req, 'a', 'b')
    await store.consume(req, 'b', 'near/sign-in')
    await req.session.regenerate()
    expect(req.session['near:challenges']).toMatchObject([{ state: 'a', issuedBeforeLogin: true }])
  })

  it('takes them along where replacing it returns nothing', async () => {
    const store = new SessionChallengeStore()
    const req = {} as { session: Record<string, unknown> & { regenerate: () => void } }
    const regenerate = (): void => void (req.session = { regenerate })
    req.session = { regenerate }
    await issueAll(store, req, 'a', 'b')
    await store.consume(req, 'b', 'near/sign-in')
    req.session.regenerate()
    expect(req.session['near:challenges']).toMatchObject([{ state: 'a' }])
  })

  it('is given no means of being replaced that it does not have', async () => {
    const store = new SessionChallengeStore()
    const req = { session: {} }
    await issueAll(store, req, 'a', 'b')
    await store.consume(req, 'b', 'near/sign-in')
    expect('regenerate' in req.session).toBe(false)
  })

  it('stays as it was when it cannot be replaced, and its user hears of it', async () => {
    const store = new SessionChallengeStore()
    const failure = new Error('the session store is down')
    const req = request(failure)
    await issueAll(store, req, 'a', 'b')
    await store.consume(req, 'b', 'near/sign-in')
    const heard = await new Promise((resolve) => req.session.regenerate(resolve))
    expect(heard).toBe(failure)
  })

  it.each([
    ['with a promise', async () => 'done'],
    ['at once', () => 'done'],
  ])('%s takes them along too, and keeps what it was told and what it says', async (_, answer) => {
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
    await store.consume(req, 'b', 'near/sign-in')
    expect(await req.session.regenerate(['keep'])).toBe('done')
    expect(told).toEqual([[['keep']]])
    expect(req.session['near:challenges']).toMatchObject([{ state: 'a', issuedBeforeLogin: true }])
  })

  it('marks what it takes along also where the old fields are copied over the new ones', async () => {
    const store = new SessionChallengeStore()
    const req = request()
    await issueAll(store, req, 'a', 'b')
    await store.consume(req, 'b', 'near/sign-in')
    const old = req.session
    await new Promise<void>((resolve) => req.session.regenerate(() => resolve()))
    Object.assign(req.session, old)
    expect(req.session['near:challenges']).toMatchObject([{ state: 'a', issuedBeforeLogin: true }])
  })

  it('may be gone afterwards, or not let itself be watched: a login goes on', async () => {
    const store = new SessionChallengeStore()
    const gone = {} as Request
    gone.session = {
      regenerate: (callback) => {
        gone.session = undefined as never
        callback()
      },
    }
    await issueAll(store, gone, 'a', 'b')
    await store.consume(gone, 'b', 'near/sign-in')
    await new Promise<void>((resolve) => gone.session.regenerate(() => resolve()))

    const frozen = request()
    await issueAll(store, frozen, 'c', 'd')
    Object.defineProperty(frozen.session, 'regenerate', { configurable: false, writable: false })
    expect((await store.consume(frozen, 'd', 'near/sign-in'))?.state).toBe('d')
  })

  it('shows nothing of being watched when its content is listed, copied or saved', async () => {
    const store = new SessionChallengeStore()
    const req = request()
    await issueAll(store, req, 'a', 'b')
    await store.consume(req, 'b', 'near/sign-in')
    expect(Object.keys(req.session)).toEqual(['near:challenges'])
  })
})
