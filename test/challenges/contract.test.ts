import { createClient, createCluster, createClientPool } from 'redis'
import { createClient as createClient5, createCluster as createCluster5 } from 'redis5'
import { Cluster, Redis } from 'ioredis'
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5'
import {
  RedisChallengeStore,
  SealedChallengeStore,
  SessionChallengeStore,
  type RedisClient,
  type RedisSetClient,
} from 'passport-near'
import { challengeStoreContract } from 'passport-near/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { Cleanup } from '../support/app'
import { describeWithRedis, describeWithValkey, RedisServer, startRedisCluster } from '../support/redis'

describe('SessionChallengeStore keeps the contract of stores, in one process', () => {
  challengeStoreContract({
    test: it,
    createStore: () => new SessionChallengeStore(),
    shared: false,
    survivesLogin: true,
  })
})

type Connect = (urls: string[], cleanup: Cleanup) => Promise<RedisClient & RedisSetClient>

const CLIENTS: [string, Connect][] = [
  [
    'redis 6',
    async ([url], cleanup) => {
      const client = createClient({ url: url! })
      cleanup.add(() => client.destroy())
      return client.connect()
    },
  ],
  [
    'a pool of redis 6',
    async ([url], cleanup) => {
      const pool = createClientPool({ url: url! })
      cleanup.add(() => pool.destroy())
      await pool.connect()
      return pool
    },
  ],
  [
    'redis 5',
    async ([url], cleanup) => {
      const client = createClient5({ url: url! })
      cleanup.add(() => client.destroy())
      return client.connect()
    },
  ],
  [
    'ioredis 6',
    async ([url], cleanup) => {
      const client = new Redis(url!)
      cleanup.add(() => client.disconnect())
      return client
    },
  ],
  [
    'ioredis 5',
    async ([url], cleanup) => {
      const client = new Redis5(url!)
      cleanup.add(() => client.disconnect())
      return client
    },
  ],
]

const CLUSTER_CLIENTS: [string, Connect][] = [
  [
    'redis 6',
    async (urls, cleanup) => {
      const cluster = createCluster({ rootNodes: urls.map((url) => ({ url })) })
      cleanup.add(() => cluster.destroy())
      await cluster.connect()
      return cluster
    },
  ],
  [
    'redis 5',
    async (urls, cleanup) => {
      const cluster = createCluster5({ rootNodes: urls.map((url) => ({ url })) })
      cleanup.add(() => cluster.destroy())
      await cluster.connect()
      return cluster
    },
  ],
  [
    'ioredis 6',
    async (urls, cleanup) => {
      const cluster = new Cluster(urls)
      cleanup.add(() => cluster.disconnect())
      return cluster
    },
  ],
  [
    'ioredis 5',
    async (urls, cleanup) => {
      const cluster = new Cluster5(urls)
      cleanup.add(() => cluster.disconnect())
      return cluster
    },
  ],
]

/** The contract with each client, on servers that are started for it. */
function keepsTheContract(
  clients: [string, Connect][],
  start: (cleanup: Cleanup) => Promise<string[]>,
): void {
  const cleanup = new Cleanup()
  let urls: string[]
  beforeAll(async () => {
    urls = await start(cleanup)
  })
  afterAll(() => cleanup.run())

  describe.each(clients)('with %s', (_, connect) => {
    challengeStoreContract({
      test: it,
      createStore: async () => new RedisChallengeStore(await connect(urls, cleanup)),
      survivesLogin: true,
    })
    describe('and challenges that travel sealed', () => {
      challengeStoreContract({
        test: it,
        createStore: async () =>
          new SealedChallengeStore({
            secret: 'a secret of the tests, which is long enough',
            client: await connect(urls, cleanup),
          }),
        survivesLogin: true,
      })
    })
  })
}

describeWithRedis('RedisChallengeStore and SealedChallengeStore pass the store contract', () => {
  describe('on one Redis', () => {
    keepsTheContract(CLIENTS, async (cleanup) => [(await RedisServer.start(cleanup)).url])
  })
  describe('on a Redis Cluster', () => {
    keepsTheContract(CLUSTER_CLIENTS, async (cleanup) => (await startRedisCluster(cleanup)).urls)
  })
})

describeWithValkey('RedisChallengeStore and SealedChallengeStore pass the store contract on Valkey', () => {
  describe('on one server', () => {
    keepsTheContract(CLIENTS, async (cleanup) => [
      (await RedisServer.start(cleanup, { program: 'valkey' })).url,
    ])
  })
  describe('on a cluster', () => {
    keepsTheContract(
      CLUSTER_CLIENTS,
      async (cleanup) => (await startRedisCluster(cleanup, { program: 'valkey' })).urls,
    )
  })
})
