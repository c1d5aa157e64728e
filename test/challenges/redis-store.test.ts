import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { RedisChallengeStore, type RedisClient, type StoredChallenge } from 'passport-near'
import { createClient, RESP_TYPES } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { describeWithRedis, RedisServer } from '../support/redis'

const challenge = (state: string): StoredChallenge => ({
  state,
  nonce: Buffer.alloc(32, state).toString('base64'),
  message: 'm',
  issuedAt: Date.now(),
})

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
    it('has one key for each session, named by a hash: who reads it has nobody’s session', async () => {
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

    it('keeps the key for challengeMaxAge, and takes it away with the last challenge', async () => {
      const store = new RedisChallengeStore(client, { prefix: 'app:' })
      store.keepFor(60_000)
      store.keepFor(0.5)
      await store.issue(requestOf('s'), challenge('a'))
      const [key] = await client.keys('app:*')
      const left = await client.pTTL(key!)
      expect(left).toBeGreaterThan(30_000)
      expect(left).toBeLessThanOrEqual(60_000)
      await store.consume(requestOf('s'), 'a', 'near/sign-in')
      expect(await client.keys('*')).toEqual([])
    })

    it('lets what is left expire when a challenge is taken out', async () => {
      const store = new RedisChallengeStore(client)
      for (const state of ['a', 'b']) await store.issue(requestOf('s'), challenge(state))
      await store.consume(requestOf('s'), 'a', 'near/sign-in')
      const left = await client.pTTL((await client.keys('*'))[0]!)
      expect(left).toBeGreaterThan(200_000)
      expect(left).toBeLessThanOrEqual(300_000)
    })

    it('keeps it for 5 minutes where no strategy has said how long', async () => {
      await new RedisChallengeStore(client).issue(requestOf('s'), challenge('a'))
      const left = await client.pTTL((await client.keys('*'))[0]!)
      expect(left).toBeGreaterThan(200_000)
      expect(left).toBeLessThanOrEqual(300_000)
    })

    it('does not shorten what another strategy’s store keeps for longer', async () => {
      const [long, short] = [new RedisChallengeStore(client), new RedisChallengeStore(client)]
      long.keepFor(60_000)
      short.keepFor(1)
      await long.issue(requestOf('s'), challenge('a'))
      await short.issue(requestOf('s'), challenge('b'))
      expect(await client.pTTL((await client.keys('*'))[0]!)).toBeGreaterThan(30_000)
    })

    it('is one command for a challenge and one for a login', async () => {
      const store = new RedisChallengeStore(client)
      await store.issue(requestOf('s'), challenge('a'))
      await store.consume(requestOf('s'), 'a', 'near/sign-in')
      await client.configResetStat()
      await store.issue(requestOf('s'), challenge('a'))
      await store.consume(requestOf('s'), 'a', 'near/sign-in')
      const calls = (await client.info('commandstats')).match(/cmdstat_evalsha:calls=(\d+)/)
      expect(calls?.[1]).toBe('2')
      expect(await client.info('commandstats')).not.toContain('cmdstat_eval:')
    })

    it('goes on where the server has forgotten the scripts', async () => {
      for (const other of [client, ioredis()]) {
        const store = new RedisChallengeStore(other)
        await store.issue(requestOf('s'), challenge('a'))
        await client.scriptFlush()
        expect((await store.consume(requestOf('s'), 'a', 'near/sign-in'))?.state).toBe('a')
        await client.scriptFlush()
        await store.issue(requestOf('s'), challenge('b'))
        expect((await store.consume(requestOf('s'), 'b', 'near/sign-in'))?.state).toBe('b')
      }
    })

    it('reads what a client gives as buffers, and below a prefix of the client’s own', async () => {
      const buffers = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }) as unknown as RedisClient
      const prefixed = ioredis('mine:')
      for (const other of [buffers, prefixed]) {
        const store = new RedisChallengeStore(other)
        const issued = { ...challenge('a'), message: 'für 🚀', callbackUrl: 'https://app.example.com/' }
        await store.issue(requestOf('s'), issued)
        expect(await store.consume(requestOf('s'), 'a', 'near/sign-in')).toEqual(issued)
      }
    })

    it('takes what is no challenge for a failure of the store, not for a missing challenge', async () => {
      const store = new RedisChallengeStore(client)
      await store.issue(requestOf('s'), challenge('a'))
      const [key] = await client.keys('*')
      for (const spoil of [() => client.set(key!, '["b",'), () => client.rPush(key!, '["b",')]) {
        await client.del(key!)
        await spoil()
        await expect(store.consume(requestOf('s'), 'b', 'near/sign-in')).rejects.toMatchObject({
          code: 'ERR_NEAR_STORE_FAILED',
          status: 503,
        })
      }
    })
  })

  describe('and the session', () => {
    it('is touched once, so that it is saved and gets a cookie, and not again and again', async () => {
      const store = new RedisChallengeStore(client)
      const req = requestOf('s')
      await store.issue(req, challenge('a'))
      const touched = structuredClone(req.session)
      expect(Object.keys(touched)).toEqual(['near:challenge:session'])
      const assigned: unknown[] = []
      const watched = requestOf('s', new Proxy(touched, { set: (_, key) => !assigned.push(key) }))
      await store.issue(watched, challenge('b'))
      await store.consume(watched, 'b', 'near/sign-in')
      expect(assigned).toEqual([])
    })

    it('stays empty where the challenge could not be kept', async () => {
      const broken = {
        eval: () => Promise.reject(new Error('no')),
        evalSha: () => Promise.reject(new Error('no')),
      }
      const req = requestOf('s')
      const issued = new RedisChallengeStore(broken).issue(req, challenge('a'))
      await expect(issued).rejects.toMatchObject({ code: 'ERR_NEAR_STORE_FAILED' })
      expect(req.session).toEqual({})
    })

    it.each<[string, object]>([
      ['in req.sessionID, as express-session has it', { sessionID: 'id' }],
      ['in session.sessionId, as @fastify/session has it', { session: { sessionId: 'id' } }],
      ['in session.externalKey, as koa-session has it', { session: { externalKey: 'id' } }],
      ['in session.id', { session: { id: 'id' } }],
    ])('is known by its id %s', async (_, req) => {
      const store = new RedisChallengeStore(client)
      await store.issue(req, challenge('a'))
      expect((await store.consume(requestOf('id'), 'a', 'near/sign-in'))?.state).toBe('a')
    })

    it.each<[string, object]>([
      ['nothing', {}],
      ['a session without an id, as in a cookie', { session: {} }],
      ['an empty id', { sessionID: '', session: {} }],
      ['an id that is no text', { sessionID: 5 }],
      ['no session', { session: null }],
    ])('has to be there: %s is ERR_NEAR_SESSION_UNAVAILABLE, and Redis is not asked', async (_, req) => {
      const store = new RedisChallengeStore(client)
      const expected = { code: 'ERR_NEAR_SESSION_UNAVAILABLE', status: 500 }
      await client.configResetStat()
      await expect(store.issue(req, challenge('a'))).rejects.toMatchObject(expected)
      await expect(store.consume(req, 'a', 'near/sign-in')).rejects.toMatchObject(expected)
      expect(await client.info('commandstats')).not.toContain('eval')
    })

    it('can be elsewhere: sessionId says where', async () => {
      const sessionId = (req: { headers: { device?: string } }) => req.headers.device
      const store = new RedisChallengeStore(client, { sessionId })
      await store.issue({ headers: { device: 'd' } }, challenge('a'))
      expect(await store.consume({ headers: { device: 'e' } }, 'a', 'near/sign-in')).toBeUndefined()
      expect((await store.consume({ headers: { device: 'd' } }, 'a', 'near/sign-in'))?.state).toBe('a')
      await expect(store.consume({ headers: {} }, 'a', 'near/sign-in')).rejects.toMatchObject({
        code: 'ERR_NEAR_SESSION_UNAVAILABLE',
      })
    })
  })

  describe('when the session is replaced at login', () => {
    type Session = Record<string, unknown>
    type Request = { id: string; session: Session }
    const sessionId = (req: Request) => req.id

    /** A request whose session is replaced by an empty one; its id changes, or stays. */
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

    it('marks what was issued before also where the id stays the same', async () => {
      const store = new RedisChallengeStore(client, { sessionId })
      const req = request('s')
      await issueAll(store, req, 'a', 'b')
      await store.consume(req, 'a', 'near/sign-in')
      await store.issue({ id: 's', session: {} }, challenge('planted during the login'))
      await replace(req)
      await store.issue({ id: 's', session: {} }, challenge('planted after the login'))
      expect(await store.consume(req, 'b', 'near/sign-in')).toMatchObject({ state: 'b', issuedBeforeLogin: true })
      expect(await store.consume(req, 'planted during the login', 'near/sign-in')).toMatchObject({ issuedBeforeLogin: true })
      await store.issue(req, challenge('c'))
      expect(await store.consume(req, 'c', 'near/sign-in')).toEqual({ ...challenge('c'), issuedAt: expect.any(Number) })
    })

    it('asks an earlier session for what the new one does not have, and forgets it with its challenges', async () => {
      const store = new RedisChallengeStore(client, { sessionId })
      store.keepFor(300)
      const req = request('old', 'new')
      await issueAll(store, req, 'a', 'b')
      await store.consume(req, 'a', 'near/sign-in')
      await replace(req)
      const calls = async (): Promise<number> => {
        await client.configResetStat()
        await store.consume(req, 'none', 'near/sign-in')
        return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await client.info('commandstats'))?.[1])
      }
      expect(await calls()).toBe(2)
      await new Promise((resolve) => setTimeout(resolve, 400))
      expect(await calls()).toBe(1)
    })

    it('does not ask an earlier session for longer because of another login', async () => {
      const store = new RedisChallengeStore(client, { sessionId })
      store.keepFor(1000)
      const req = request('old', 'between')
      await issueAll(store, req, 'a', 'b')
      await store.consume(req, 'a', 'near/sign-in')
      await replace(req)
      await new Promise((resolve) => setTimeout(resolve, 600))
      const next = request('between', 'new')
      Object.assign(next.session, req.session)
      await issueAll(store, next, 'c')
      await store.consume(next, 'c', 'near/sign-in')
      await replace(next)
      await new Promise((resolve) => setTimeout(resolve, 500))
      await client.configResetStat()
      await store.consume(next, 'none', 'near/sign-in')
      expect(await client.info('commandstats')).toContain('cmdstat_evalsha:calls=1,')
    })

    it('asks only the new one where nothing was left in the old', async () => {
      const store = new RedisChallengeStore(client, { sessionId })
      const req = request('old', 'new')
      await issueAll(store, req, 'a')
      await store.consume(req, 'a', 'near/sign-in')
      await replace(req)
      await client.configResetStat()
      await store.consume(req, 'none', 'near/sign-in')
      expect(await client.info('commandstats')).toContain('cmdstat_evalsha:calls=1,')
    })

    it('remembers a bounded number of earlier sessions', async () => {
      const store = new RedisChallengeStore(client, { sessionId })
      let session: Session = {}
      for (let login = 0; login < 30; login++) {
        const req = request(`s${login}`, `s${login + 1}`)
        Object.assign(req.session, session)
        await issueAll(store, req, `a${login}`, `b${login}`)
        await store.consume(req, `a${login}`, 'near/sign-in')
        await replace(req)
        session = structuredClone(req.session)
      }
      expect(JSON.stringify(session).length).toBeLessThan(500)
      const req = { id: 's30', session }
      expect(await store.consume(req, 'b29', 'near/sign-in')).toMatchObject({ issuedBeforeLogin: true })
      expect(await store.consume(req, 'b22', 'near/sign-in')).toMatchObject({ issuedBeforeLogin: true })
      expect(await store.consume(req, 'b21', 'near/sign-in')).toBeUndefined()
    })

    it('takes whatever else is in the session’s property for nothing', async () => {
      const store = new RedisChallengeStore(client, { sessionId })
      for (const odd of [
        null,
        'x',
        5,
        [],
        { earlier: 'x' },
        { salt: 5, earlier: [null, ['a'], ['a', 'b']] },
      ]) {
        const req = { id: 's', session: { 'near:challenge:session': odd } }
        await store.issue(req, challenge('a'))
        expect((await store.consume(req, 'a', 'near/sign-in'))?.state).toBe('a')
      }
    })
  })

  describe('refuses', () => {
    it.each<[string, unknown, RegExp]>([
      ['nothing', undefined, /client of the package "redis" \(5 or later\) or "ioredis", got undefined/],
      ['a URL, which may hold a password', 'redis://user:password@127.0.0.1', /got a string$/],
      ['an object', { get() {} }, /got an object/],
      ['half a client', { evalsha() {} }, /got an object/],
    ])('%s as a client', (_, wrong, message) => {
      expect(() => new RedisChallengeStore(wrong as RedisClient)).toThrow(TypeError)
      expect(() => new RedisChallengeStore(wrong as RedisClient)).toThrow(message)
    })

    it.each<[object | null, RegExp]>([
      [null, /options must be an object, got null/],
      [{ prefix: '' }, /option "prefix" must be a non-empty string, got ""/],
      [{ prefix: 5 }, /option "prefix"/],
      [{ timeout: 0 }, /option "timeout" must be a number of milliseconds from 1 to 2147483647, got 0/],
      [{ timeout: NaN }, /option "timeout"/],
      [{ timeout: '2000' }, /option "timeout"/],
      [{ timeout: 2 ** 31 }, /option "timeout"/],
      [{ sessionId: 'id' }, /option "sessionId" must be a function \(req\) => string, got "id"/],
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
