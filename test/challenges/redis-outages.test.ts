import { Cluster, Redis } from 'ioredis'
import { RedisChallengeStore, type RedisClient } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { createClient, createCluster } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Browser, Cleanup, RECIPIENT, startApp } from '../support/app'
import { PURPOSE, storedChallenge } from '../support/challenge'
import { clusterIsHealthy, describeWithRedis, RedisServer, startRedisCluster } from '../support/redis'
import { until } from '../support/until'

/** The store's timeout in these tests, and the margin for a busy machine. */
const TIMEOUT = 500
// Margin for a busy machine; a hanging request takes longer.
const SLACK = 15_000

type Connect = (server: RedisServer, cleanup: Cleanup) => Promise<RedisClient>

/** Clients of an application that only handles their errors, which would otherwise end the process. */
const CLIENTS: [string, Connect][] = [
  [
    'redis',
    async ({ url }, cleanup) => {
      const client = createClient({ url })
      client.on('error', () => undefined)
      cleanup.add(() => client.destroy())
      return client.connect()
    },
  ],
  [
    'redis without an offline queue',
    async ({ url }, cleanup) => {
      const client = createClient({ url, disableOfflineQueue: true })
      client.on('error', () => undefined)
      cleanup.add(() => client.destroy())
      return client.connect()
    },
  ],
  [
    'ioredis',
    async ({ url }, cleanup) => {
      const client = new Redis(url)
      client.on('error', () => undefined)
      cleanup.add(() => client.disconnect())
      return client
    },
  ],
  [
    'ioredis without an offline queue',
    async ({ url }, cleanup) => {
      const client = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1 })
      client.on('error', () => undefined)
      cleanup.add(() => client.disconnect())
      await until(() => client.status === 'ready')
      return client
    },
  ],
]

describeWithRedis('A Redis that fails', () => {
  const everything = new Cleanup()
  const cleanup = new Cleanup()
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown) => unhandled.push(reason)
  let network: TestNetwork
  let alice: TestAccount

  beforeAll(async () => {
    process.on('unhandledRejection', onUnhandled)
    everything.add(() => process.off('unhandledRejection', onUnhandled))
    network = await TestNetwork.start()
    everything.add(() => network.stop())
    alice = await network.createAccount('alice.test')
  })
  afterEach(() => cleanup.run())
  afterAll(async () => {
    await everything.run()
    expect(unhandled).toEqual([])
  })

  async function start(client: RedisClient) {
    const store = new RedisChallengeStore(client, { timeout: TIMEOUT })
    const app = await startApp(cleanup, { near: { store, rpc: network.rpcUrl, recipient: RECIPIENT } })
    /** The status of a new visitor's whole login. */
    const login = async (): Promise<number> => {
      const browser = new Browser(app.url)
      const response = await browser.request('/login/near/challenge')
      if (response.status !== 200) return response.status
      const challenge = (await response.json()) as Parameters<TestAccount['signMessage']>[0]
      return (await browser.login(await alice.signMessage(challenge))).status
    }
    return { app, login }
  }

  /** The challenge and the login are both a 503 within the timeout, and no user is signed in. */
  async function isUnavailable(url: string, before: { browser: Browser; signed: object }): Promise<void> {
    const began = performance.now()
    const challenge = await new Browser(url).request('/login/near/challenge')
    expect(challenge.status).toBe(503)
    expect(await challenge.json()).toMatchObject({ code: 'ERR_NEAR_STORE_FAILED' })
    expect(challenge.headers.getSetCookie()).toEqual([])
    expect(performance.now() - began).toBeLessThan(TIMEOUT + SLACK)

    const requests = network.requestCount
    const again = performance.now()
    const { status, body } = await before.browser.login(before.signed)
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'ERR_NEAR_STORE_FAILED' })
    expect(performance.now() - again).toBeLessThan(TIMEOUT + SLACK)
    expect(network.requestCount).toBe(requests)
    expect(await (await before.browser.request('/me')).json()).toBeNull()
  }

  async function halfWay(url: string): Promise<{ browser: Browser; signed: object }> {
    const browser = new Browser(url)
    return { browser, signed: await alice.signMessage(await browser.challenge()) }
  }

  describe.each(CLIENTS)('with %s', (_, connect) => {
    it.each<[string, (server: RedisServer) => unknown, (server: RedisServer) => unknown]>([
      ['stopped, then started again', (server) => server.stop(), (server) => server.start()],
      ['frozen, then continued', (server) => server.freeze(), (server) => server.thaw()],
      [
        'made a read-only replica, then a master again',
        (server) => server.command('REPLICAOF', '127.0.0.1', '1'),
        (server) => server.command('REPLICAOF', 'NO', 'ONE'),
      ],
    ])(
      '%s: 503 within the timeout, never a rejection, and logins succeed again',
      async (_, fail, recover) => {
        const server = await RedisServer.start(cleanup)
        const { app, login } = await start(await connect(server, cleanup))
        expect(await login()).toBe(200)
        const before = await halfWay(app.url)
        await fail(server)
        await isUnavailable(app.url, before)
        const flood = await Promise.all(Array.from({ length: 20 }, login))
        expect(new Set(flood)).toEqual(new Set([503]))
        await recover(server)
        await until(async () => (await login()) === 200)
        expect(await Promise.all(Array.from({ length: 20 }, login))).toEqual(Array(20).fill(200))
      },
      60_000,
    )
  })

  it('as one node of a cluster: its sessions get a 503 within the timeout, the others sign in', async () => {
    const { nodes, urls } = await startRedisCluster(cleanup, {
      args: ['--cluster-require-full-coverage', 'no'],
    })
    const nodeCluster = createCluster({ rootNodes: urls.map((url) => ({ url })) })
    nodeCluster.on('error', () => undefined)
    cleanup.add(() => nodeCluster.destroy())
    await nodeCluster.connect()
    const ioCluster = new Cluster(urls, { clusterRetryStrategy: () => 100 })
    ioCluster.on('error', () => undefined)
    cleanup.add(() => ioCluster.disconnect())
    for (const client of [nodeCluster, ioCluster]) {
      const { login } = await start(client)
      nodes[1]!.freeze()
      const began = performance.now()
      const statuses = await Promise.all(Array.from({ length: 40 }, login))
      expect(performance.now() - began).toBeLessThan(2 * TIMEOUT + 2 * SLACK)
      expect(new Set(statuses)).toEqual(new Set([200, 503]))
      nodes[1]!.thaw()
      await clusterIsHealthy(nodes)
      let after: number[] = []
      const allSignIn = async (): Promise<boolean> => {
        after = await Promise.all(Array.from({ length: 20 }, login))
        return after.every((status) => status === 200)
      }
      await until(allSignIn, {
        patience: 60_000,
        saying: () => `with the node back, logins ended in ${after.join(' ')}`,
      })
    }
  }, 240_000)
})

describe('RedisChallengeStore with any client', () => {
  const challenge = storedChallenge('s')
  const req = { sessionID: 's', session: {} }
  const failed = { code: 'ERR_NEAR_STORE_FAILED', status: 503 }
  const clientThat = (command: () => Promise<unknown>) => ({ eval: command, evalSha: command })

  it('fails when the client throws, and keeps the cause', async () => {
    const cause = new Error('the client is closed')
    const store = new RedisChallengeStore(
      clientThat(() => {
        throw cause
      }),
    )
    await expect(store.issue(req, challenge)).rejects.toMatchObject({ ...failed, cause })
    await expect(store.consume(req, 's', PURPOSE)).rejects.toMatchObject({ ...failed, cause })
  })

  it('times out after 2 seconds by default', async () => {
    const store = new RedisChallengeStore(clientThat(() => new Promise(() => undefined)))
    const began = performance.now()
    await expect(store.consume(req, 's', PURPOSE)).rejects.toMatchObject({
      ...failed,
      cause: { message: 'Redis did not reply within 2000 ms' },
    })
    expect(performance.now() - began).toBeGreaterThan(1900)
    expect(performance.now() - began).toBeLessThan(2000 + SLACK)
  })

  it('sends no further command after its timeout', async () => {
    let asked = 0
    let answer = (_: unknown): void => undefined
    const store = new RedisChallengeStore(
      clientThat(() => {
        asked++
        return new Promise((resolve) => (answer = resolve))
      }),
      { timeout: 20 },
    )
    const session = { 'near:challenge:session': { previous: ['other', Date.now() + 10_000] } }
    await expect(store.consume({ sessionID: 's', session }, 's', PURPOSE)).rejects.toMatchObject(failed)
    answer(['', 0])
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(asked).toBe(1)
  })

  it('leaves no timer, which would keep a process from ending', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const store = new RedisChallengeStore(clientThat(async () => ['', 0]))
    const before = timers()
    for (let count = 0; count < 50; count++) await store.consume(req, 's', PURPOSE)
    expect(timers()).toBeLessThanOrEqual(before)
  })

  it('queues at most 10,000 commands, so that memory is bounded if Redis does not reply', async () => {
    const answers: ((value: unknown) => void)[] = []
    const store = new RedisChallengeStore(
      clientThat(() => new Promise((resolve) => answers.push(resolve))),
      { timeout: 200 },
    )
    const outcomes = await Promise.allSettled(
      Array.from({ length: 12_000 }, () => store.consume(req, 's', PURPOSE)),
    )
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(answers).toHaveLength(10_000)
    for (const answer of answers) answer(['', 0])
    await new Promise(setImmediate)
    const again = store.consume(req, 's', PURPOSE)
    answers.at(-1)!(['', 0])
    expect(await again).toBeUndefined()
  })
})
