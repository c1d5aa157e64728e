import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { RedisChallengeStore, type RedisClient } from 'passport-near'
import { createClient, RESP_TYPES } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { Cleanup } from '../support/app'
import { PURPOSE, storedChallenge as challenge } from '../support/challenge'
import { describeWithRedis, RedisServer } from '../support/redis'

/** A challenge that expires after this time, in milliseconds. */
const expiring = (state: string, lifetime: number) => challenge(state, { expiresAt: Date.now() + lifetime })

/** A request of a session whose middleware has its id in `req.sessionID`. */
const requestOf = (sessionID: string, session: Record<string, unknown> = {}) => ({ sessionID, session })

describeWithRedis('RedisChallengeStore', () => {
  const cleanup = new Cleanup()
  let server: RedisServer
  let client: ReturnType<typeof createClient>
  beforeAll(async () => {
    server = await RedisServer.start(cleanup)
    client = createClient({ url: server.url })
    cleanup.add(() => client.destroy())
    await client.connect()
  })
  afterAll(() => cleanup.run())
  beforeEach(() => client.flushAll())

  describe('in Redis', () => {
    it('has one key for each session, named by a hash: the keys in Redis contain no session id', async () => {
      const store = new RedisChallengeStore(client)
      for (const state of ['a', 'b']) await store.issue(requestOf('secret-1'), challenge(state))
      await store.issue(requestOf('{odd}:*\n é'), challenge('c'))
      const keys = await client.keys('*')
      expect(keys).toHaveLength(2)
      for (const key of keys) expect(key).toMatch(/^near:challenge:[\w-]{22}$/)
      expect(keys).toContain(
        `near:challenge:${createHash('sha256').update(' secret-1').digest().subarray(0, 16).toString('base64url')}`,
      )
    })

    it('keeps the key until the challenge expires, and deletes it with the last challenge', async () => {
      const store = new RedisChallengeStore(client, { prefix: 'app:' })
      await store.issue(requestOf('s'), expiring('a', 60_000))
      const [key] = await client.keys('app:*')
      const left = await client.pTTL(key!)
      expect(left).toBeGreaterThan(30_000)
      expect(left).toBeLessThanOrEqual(60_000)
      await store.consume(requestOf('s'), 'a', PURPOSE)
      expect(await client.keys('*')).toEqual([])
    })

    it('keeps the expiry of the other challenges when one is consumed', async () => {
      const store = new RedisChallengeStore(client)
      for (const state of ['a', 'b']) await store.issue(requestOf('s'), challenge(state))
      await store.consume(requestOf('s'), 'a', PURPOSE)
      const left = await client.pTTL((await client.keys('*'))[0]!)
      expect(left).toBeGreaterThan(200_000)
      expect(left).toBeLessThanOrEqual(300_000)
    })

    it.each([-1000, 0, 0.5])('accepts a challenge that expires in %s ms', async (lifetime) => {
      await new RedisChallengeStore(client).issue(requestOf('s'), expiring('a', lifetime))
      const [key] = await client.keys('*')
      if (key !== undefined) expect(await client.pTTL(key)).toBeLessThanOrEqual(1)
    })

    it('does not shorten the expiry of a challenge that lives longer', async () => {
      const [long, short] = [new RedisChallengeStore(client), new RedisChallengeStore(client)]
      await long.issue(requestOf('s'), expiring('a', 60_000))
      await short.issue(requestOf('s'), expiring('b', 1))
      expect(await client.pTTL((await client.keys('*'))[0]!)).toBeGreaterThan(30_000)
    })

    it('runs one command for a challenge and one for a login', async () => {
      const store = new RedisChallengeStore(client)
      await store.issue(requestOf('s'), challenge('a'))
      await store.consume(requestOf('s'), 'a', PURPOSE)
      await client.configResetStat()
      await store.issue(requestOf('s'), challenge('a'))
      await store.consume(requestOf('s'), 'a', PURPOSE)
      const calls = (await client.info('commandstats')).match(/cmdstat_evalsha:calls=(\d+)/)
      expect(calls?.[1]).toBe('2')
      expect(await client.info('commandstats')).not.toContain('cmdstat_eval:')
    })

    it('sends a script again when the server has lost it', async () => {
      for (const other of [client, ioredis()]) {
        const store = new RedisChallengeStore(other)
        await store.issue(requestOf('s'), challenge('a'))
        await client.scriptFlush()
        expect((await store.consume(requestOf('s'), 'a', PURPOSE))?.state).toBe('a')
        await client.scriptFlush()
        await store.issue(requestOf('s'), challenge('b'))
        expect((await store.consume(requestOf('s'), 'b', PURPOSE))?.state).toBe('b')
      }
    })

    it('reads replies that are buffers, and keys below a prefix of the client', async () => {
      const buffers = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }) as unknown as RedisClient
      const prefixed = ioredis('mine:')
      for (const other of [buffers, prefixed]) {
        const store = new RedisChallengeStore(other)
        const issued = challenge('a', {
          message: 'für 🚀',
          callbackUrl: 'https://app.example.com/',
          issuedTo: 'a hash',
        })
        await store.issue(requestOf('s'), issued)
        expect(await store.consume(requestOf('s'), 'a', PURPOSE)).toEqual(issued)
      }
    })

    it('fails (503) when the key holds anything but challenges', async () => {
      const store = new RedisChallengeStore(client)
      await store.issue(requestOf('s'), challenge('a'))
      const [key] = await client.keys('*')
      for (const spoil of [() => client.set(key!, '["b",'), () => client.rPush(key!, '["b",')]) {
        await client.del(key!)
        await spoil()
        await expect(store.consume(requestOf('s'), 'b', PURPOSE)).rejects.toMatchObject({
          code: 'ERR_NEAR_STORE_FAILED',
          status: 503,
        })
      }
    })
  })

  describe('and the session', () => {
    it('is initialized once, so that it is saved and gets a cookie', async () => {
      const store = new RedisChallengeStore(client)
      const req = requestOf('s')
      await store.issue(req, challenge('a'))
      const touched = structuredClone(req.session)
      expect(Object.keys(touched)).toEqual(['near:challenge:session'])
      const assigned: unknown[] = []
      const watched = requestOf('s', new Proxy(touched, { set: (_, key) => !assigned.push(key) }))
      await store.issue(watched, challenge('b'))
      await store.consume(watched, 'b', PURPOSE)
      expect(assigned).toEqual([])
    })

    it('stays empty when Redis fails', async () => {
      const broken = {
        eval: () => Promise.reject(new Error('no')),
        evalSha: () => Promise.reject(new Error('no')),
      }
      const req = requestOf('s')
      const issued = new RedisChallengeStore(broken).issue(req, challenge('a'))
      await expect(issued).rejects.toMatchObject({ code: 'ERR_NEAR_STORE_FAILED' })
      expect(req.session).toEqual({})
    })

    /** A class of a session library: the id is not a field of the session's content. */
    const withId = (name: string): object => ({
      session: Object.create({ [name]: 'id' }) as object,
    })

    it.each<[string, object]>([
      ['in req.sessionID, as in express-session', { sessionID: 'id' }],
      ['in session.sessionId, as in @fastify/session', withId('sessionId')],
      ['in session.externalKey, as in koa-session', withId('externalKey')],
    ])('is known by its id %s', async (_, req) => {
      const store = new RedisChallengeStore(client)
      await store.issue(req, challenge('a'))
      expect((await store.consume(requestOf('id'), 'a', PURPOSE))?.state).toBe('a')
    })

    it.each<[string, object]>([
      ['nothing', {}],
      ['a session without an id, as in a cookie', { session: {} }],
      ['an empty id', { sessionID: '', session: {} }],
      ['an id that is not a string', { sessionID: 5 }],
      ['no session', { session: null }],
      ["the application's own session.id", { session: { id: 'id' } }],
      ['a session.id of a class', withId('id')],
      ["the application's own field sessionId", { session: { sessionId: 'id' } }],
      ["the application's own field externalKey", { session: { externalKey: 'id' } }],
    ])('is required: %s is ERR_NEAR_SESSION_UNAVAILABLE, without a command to Redis', async (_, req) => {
      const store = new RedisChallengeStore(client)
      const expected = { code: 'ERR_NEAR_SESSION_UNAVAILABLE', status: 500 }
      await client.configResetStat()
      await expect(store.issue(req, challenge('a'))).rejects.toMatchObject(expected)
      await expect(store.consume(req, 'a', PURPOSE)).rejects.toMatchObject(expected)
      expect(await client.info('commandstats')).not.toContain('eval')
    })

    it('can come from the option sessionId', async () => {
      const sessionId = (req: { headers: { device?: string } }) => req.headers.device
      const store = new RedisChallengeStore(client, { sessionId })
      await store.issue({ headers: { device: 'd' } }, challenge('a'))
      expect(await store.consume({ headers: { device: 'e' } }, 'a', PURPOSE)).toBeUndefined()
      expect((await store.consume({ headers: { device: 'd' } }, 'a', PURPOSE))?.state).toBe('a')
      await expect(store.consume({ headers: {} }, 'a', PURPOSE)).rejects.toMatchObject({
        code: 'ERR_NEAR_SESSION_UNAVAILABLE',
      })
    })
  })

  describe('when the session is replaced at login', () => {
    type Session = Record<string, unknown>
    type Request = { id: string; session: Session }
    const sessionId = (req: Request) => req.id

    /** A request whose session is replaced by an empty one. Its id changes or stays. */
    const request = (id: string, newId = id): Request => {
      const req: Request = { id, session: {} }
      const regenerate = (done: () => void): void => {
        req.id = newId
        req.session = {}
        done()
      }
      Object.defineProperty(req.session, 'regenerate', {
        value: regenerate,
        configurable: true,
        writable: true,
      })
      return req
    }
    const replace = (req: Request) =>
      new Promise<void>((resolve) => (req.session.regenerate as (done: () => void) => void)(resolve))
    const issueAll = async (store: RedisChallengeStore<Request>, req: object, ...states: string[]) => {
      for (const state of states) await store.issue(req, challenge(state))
    }

    /** The number of commands that a login with an invented state costs. */
    const commandsFor = async (store: RedisChallengeStore<Request>, req: Request): Promise<number> => {
      await client.configResetStat()
      await store.consume(req, 'an invented state', PURPOSE)
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await client.info('commandstats'))?.[1])
    }

    it.each([
      ['changes', 'new'],
      ['stays the same', 'old'],
    ])('finds the challenges of other tabs when the id %s', async (_, newId) => {
      const store = new RedisChallengeStore(client, { sessionId })
      const req = request('old', newId)
      await issueAll(store, req, 'a', 'b')
      await store.consume(req, 'a', PURPOSE)
      await replace(req)
      expect(await store.consume(req, 'b', PURPOSE)).toMatchObject({ state: 'b' })
      expect(await store.consume(req, 'b', PURPOSE)).toBeUndefined()
    })

    it('issues at another key after the login, also when the id stays the same', async () => {
      const store = new RedisChallengeStore(client, { sessionId })
      const req = request('s')
      await issueAll(store, req, 'a')
      await store.consume(req, 'a', PURPOSE)
      await replace(req)
      await issueAll(store, req, 'b')
      expect(await store.consume({ id: 's', session: {} }, 'b', PURPOSE)).toBeUndefined()
      expect(await store.consume(req, 'b', PURPOSE)).toMatchObject({ state: 'b' })
    })

    it('reads the previous session until its challenges have expired, and not afterwards', async () => {
      vi.useFakeTimers({ toFake: ['Date'] })
      try {
        const store = new RedisChallengeStore(client, { sessionId })
        const req = request('old', 'new')
        for (const state of ['a', 'b']) await store.issue(req, expiring(state, 60_000))
        await store.consume(req, 'a', PURPOSE)
        await replace(req)
        vi.setSystemTime(Date.now() + 59_000)
        expect(await commandsFor(store, req)).toBe(2)
        vi.setSystemTime(Date.now() + 1001)
        expect(await commandsFor(store, req)).toBe(1)
      } finally {
        vi.useRealTimers()
      }
    })

    it('reads only the new session when no challenge was left in the old one', async () => {
      const store = new RedisChallengeStore(client, { sessionId })
      const req = request('old', 'new')
      await issueAll(store, req, 'a')
      await store.consume(req, 'a', PURPOSE)
      await replace(req)
      expect(await commandsFor(store, req)).toBe(1)
    })

    it('remembers one previous session: after 30 logins, an invented state costs 2 commands', async () => {
      const store = new RedisChallengeStore(client, { sessionId })
      let session: Session = {}
      for (let login = 0; login < 30; login++) {
        const req = request(`s${login}`, `s${login + 1}`)
        Object.assign(req.session, session)
        await issueAll(store, req, `a${login}`, `b${login}`)
        await store.consume(req, `a${login}`, PURPOSE)
        await replace(req)
        session = structuredClone(req.session)
      }
      expect(JSON.stringify(session).length).toBeLessThan(150)
      const req = { id: 's30', session }
      expect(await commandsFor(store, req)).toBe(2)
      expect(await store.consume(req, 'b29', PURPOSE)).toMatchObject({ state: 'b29' })
      expect(await store.consume(req, 'b28', PURPOSE)).toBeUndefined()
    })

    it('ignores any other value in the session’s property', async () => {
      const store = new RedisChallengeStore(client, { sessionId })
      for (const odd of [
        null,
        'x',
        5,
        [],
        { previous: 'x' },
        { salt: 5, previous: ['a'] },
        { previous: [null, Date.now() + 1000] },
        { previous: ['a', 'b'] },
      ]) {
        const req = { id: 's', session: { 'near:challenge:session': odd } }
        await store.issue(req, challenge('a'))
        expect((await store.consume(req, 'a', PURPOSE))?.state).toBe('a')
      }
    })
  })

  describe('rejects', () => {
    it.each<[string, unknown, RegExp]>([
      ['nothing', undefined, /client of the package "redis" \(5 or later\) or "ioredis"; got undefined/],
      ['a URL, which may hold a password', 'redis://user:password@127.0.0.1', /got a string$/],
      ['an object', { get() {} }, /got an object/],
      ['an incomplete client', { evalsha() {} }, /got an object/],
    ])('%s as a client', (_, wrong, message) => {
      expect(() => new RedisChallengeStore(wrong as RedisClient)).toThrow(TypeError)
      expect(() => new RedisChallengeStore(wrong as RedisClient)).toThrow(message)
    })

    it.each<[object | null, RegExp]>([
      [null, /options must be an object; got null/],
      [{ prefix: '' }, /option "prefix" must be a non-empty string; got ""/],
      [{ prefix: 5 }, /option "prefix"/],
      [{ timeout: 0 }, /option "timeout" must be a number of milliseconds from 1 to 2147483647; got 0/],
      [{ timeout: NaN }, /option "timeout"/],
      [{ timeout: '2000' }, /option "timeout"/],
      [{ timeout: 2 ** 31 }, /option "timeout"/],
      [{ sessionId: 'id' }, /option "sessionId" must be a function \(req\) => string; got "id"/],
      [{ ttl: 5 }, /option "ttl" is not known; expected one of prefix, timeout, sessionId/],
    ])('%j as options', (options, message) => {
      expect(() => new RedisChallengeStore(client, options as object)).toThrow(TypeError)
      expect(() => new RedisChallengeStore(client, options as object)).toThrow(message)
    })
  })

  function ioredis(keyPrefix = ''): Redis {
    const other = new Redis(server.url, { keyPrefix })
    cleanup.add(() => other.disconnect())
    return other
  }
})
