import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { SealedChallengeStore, type RedisSetClient } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { createClient, RESP_TYPES } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Cleanup } from '../support/app'
import { PURPOSE, storedChallenge } from '../support/challenge'
import { describeWithRedis, RedisServer } from '../support/redis'
import { until } from '../support/until'
import { SECRET, startTokenSite } from '../support/token-site'

const codeVerifier = 'v'.repeat(43)
const asking = { query: { codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url') } }
const answering = { body: { codeVerifier } }

let drawn = 0
const draw = () => storedChallenge(`challenge ${drawn++}`)

describeWithRedis('SealedChallengeStore with Redis', () => {
  const everything = new Cleanup()
  const cleanup = new Cleanup()
  let server: RedisServer
  let redis: ReturnType<typeof createClient>
  let network: TestNetwork
  let alice: TestAccount
  beforeAll(async () => {
    server = await RedisServer.start(everything)
    redis = createClient({ url: server.url })
    await redis.connect()
    everything.add(() => redis.destroy())
    network = await TestNetwork.start()
    everything.add(() => network.stop())
    alice = await network.createAccount('alice.test')
  })
  afterEach(() => cleanup.run())
  afterAll(() => everything.run())

  const connect = async (kind: 'redis' | 'ioredis'): Promise<RedisSetClient> => {
    if (kind === 'redis') {
      const client = createClient({ url: server.url })
      cleanup.add(() => client.destroy())
      return client.on('error', () => undefined).connect()
    }
    const client = new Redis(server.url)
    cleanup.add(() => client.disconnect())
    return client.on('error', () => undefined)
  }

  /** The commands that Redis has run for others since it started. */
  const commands = async (): Promise<number> => {
    const stats = await redis.info('commandstats')
    const calls = [...stats.matchAll(/cmdstat_(\S+?):calls=(\d+)/g)]
    const own = ['info', 'hello', 'client|setinfo', 'client|setname', 'select']
    return calls.reduce((sum, [, name, count]) => (own.includes(name!) ? sum : sum + Number(count)), 0)
  }

  describe.each(['redis', 'ioredis'] as const)('of the package %s', (kind) => {
    it('runs one command for a login, and none for a challenge or an invented state', async () => {
      const client = await connect(kind)
      const prefix = `${kind}-${drawn++}:`
      const site = await startTokenSite(cleanup, {
        near: { rpc: network.rpcUrl },
        sealed: { client, prefix },
      })
      const before = await commands()
      const tokens = site.openClient()
      const challenges = [await tokens.challenge(), await tokens.challenge()]
      const signed = await alice.signMessage(challenges[0]!)
      const state = Buffer.alloc(300, 7).toString('base64url')
      expect((await tokens.login({ ...signed, state })).status).toBe(401)
      expect((await site.openClient().login(signed)).status).toBe(401)
      expect(await commands()).toBe(before)
      expect((await tokens.login(signed)).status).toBe(200)
      expect(await commands()).toBe(before + 1)
      const keys = await redis.keys(`${prefix}*`)
      expect(keys).toHaveLength(1)
      const left = await redis.pTTL(keys[0]!)
      expect(left).toBeGreaterThan(200_000)
      expect(left).toBeLessThanOrEqual(300_000)
    })

    it('uses a challenge once over two processes: 200 times, 20 copies each', async () => {
      const processes = await Promise.all(
        [0, 1].map(async () => {
          const child = fork('test/challenges/sealed-process.mjs')
          const exited = once(child, 'exit')
          cleanup.add(() => (child.kill(), exited))
          child.send({ kind, url: server.url, secret: SECRET })
          await once(child, 'message')
          return child
        }),
      )
      const store = new SealedChallengeStore({ secret: SECRET, client: await connect(kind) })
      for (let round = 0; round < 200; round++) {
        const state = await store.issue(asking, draw())
        const accepted = await Promise.all(
          processes.map(async (child) => {
            const reply = once(child, 'message') as Promise<[{ accepted: number }]>
            child.send({ codeVerifier, state, purpose: PURPOSE, copies: 10 })
            return (await reply)[0].accepted
          }),
        )
        expect(accepted[0]! + accepted[1]!).toBe(1)
        expect(await store.consume(answering, state, PURPOSE)).toBeUndefined()
      }
    }, 60_000)

    it('is 503 in time while Redis does not reply, and then accepts the login once', async () => {
      const client = await connect(kind)
      const site = await startTokenSite(cleanup, {
        near: { rpc: network.rpcUrl },
        sealed: { client, timeout: 300 },
      })
      const tokens = site.openClient()
      const signed = await alice.signMessage(await tokens.challenge())
      const asked = network.requestCount
      server.freeze()
      try {
        const began = performance.now()
        const { status, body } = await tokens.login(signed)
        expect([status, body.code]).toEqual([503, 'ERR_NEAR_STORE_FAILED'])
        expect(performance.now() - began).toBeLessThan(10_000)
        expect((await tokens.challenge()).state).toBeTypeOf('string')
      } finally {
        server.thaw()
      }
      expect(network.requestCount).toBe(asked)
      // The command that Redis received before it stopped replying has used the challenge, so that no copy is accepted unseen.
      await until(async () => (await tokens.login(signed)).status === 401)
      expect((await tokens.login(await alice.signMessage(await tokens.challenge()))).status).toBe(200)
    })
  })

  it('understands a client that returns text as a Buffer', async () => {
    const client = redis.withTypeMapping({
      [RESP_TYPES.SIMPLE_STRING]: Buffer,
      [RESP_TYPES.BLOB_STRING]: Buffer,
    })
    const store = new SealedChallengeStore({ secret: SECRET, client })
    const handle = await store.issue(asking, draw())
    expect(await store.consume(answering, handle, PURPOSE)).toBeDefined()
    expect(await store.consume(answering, handle, PURPOSE)).toBeUndefined()
  })
})

describe('SealedChallengeStore, whatever its Redis client does', () => {
  const failed = { code: 'ERR_NEAR_STORE_FAILED', status: 503 }
  const storeWith = (set: () => Promise<unknown>, timeout?: number) =>
    new SealedChallengeStore({ secret: SECRET, client: { set, evalSha: set }, timeout })

  it.each([['QUEUED'], [undefined], [1], [''], [Buffer.from('')], [{}]])(
    'accepts nothing for the reply %o',
    async (reply) => {
      const store = storeWith(async () => reply)
      const handle = await store.issue(asking, draw())
      await expect(store.consume(answering, handle, PURPOSE)).rejects.toMatchObject(failed)
    },
  )

  it('fails when the client throws, and keeps the cause', async () => {
    const cause = new Error('the client is closed')
    const store = storeWith(() => {
      throw cause
    })
    const handle = await store.issue(asking, draw())
    await expect(store.consume(answering, handle, PURPOSE)).rejects.toMatchObject({ ...failed, cause })
  })

  it('times out after 2 seconds by default', async () => {
    vi.useFakeTimers()
    try {
      const store = storeWith(() => new Promise(() => undefined))
      const handle = await store.issue(asking, draw())
      const outcome = store.consume(answering, handle, PURPOSE).catch((error: unknown) => error)
      await vi.advanceTimersByTimeAsync(1990)
      const early = await Promise.race([outcome, Promise.resolve('pending')])
      expect(early).toBe('pending')
      await vi.advanceTimersByTimeAsync(20)
      expect(await outcome).toMatchObject({
        ...failed,
        cause: { message: 'Redis did not reply within 2000 ms' },
      })
    } finally {
      vi.useRealTimers()
    }
  })

  it('lets at most 10,000 commands wait', async () => {
    let sent = 0
    const store = storeWith(() => {
      sent++
      return new Promise(() => undefined)
    }, 200)
    const handle = await store.issue(asking, draw())
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10_500 }, () => store.consume(answering, handle, PURPOSE)),
    )
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(sent).toBe(10_000)
  })
})
