import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { startExample } from '../support/example'
import { flood, residentMemory } from '../support/load'
import { describeWithPostgres, startPostgres } from '../support/postgres'
import { describeWithRedis, RedisServer } from '../support/redis'
import { scaled } from '../support/scale'
import { startSite } from '../support/site-process'
import { Visitor } from '../support/visitor'

const REQUESTS = scaled(50_000, 1000)
const WARM_UP = scaled(5000, 500)
const ROOM = 50
const PATH = '/login/near/challenge'

describeWithRedis(`a flood of ${REQUESTS} challenge requests from one address`, () => {
  const cleanup = new Cleanup()
  let network: TestNetwork
  let alice: TestAccount
  let redis: RedisServer
  beforeAll(async () => {
    redis = await RedisServer.start(cleanup)
    network = await TestNetwork.start()
    cleanup.add(() => network.stop())
    alice = await network.createAccount('alice.test')
  })
  afterAll(() => cleanup.run())

  /**
   * Floods a process that has already served some visitors, while others sign in. Returns the change of its
   * memory, in megabytes.
   */
  async function floodProcess(url: string, pid: number, headers: object, warmUp: () => Promise<unknown>) {
    await warmUp()
    await delay(500)
    const before = await residentMemory(pid)
    let peak = before
    const state = { isOver: false }
    const signIns: number[] = []
    const flooding = flood(url.replace('//localhost:', '//127.0.0.1:') + PATH, {
      requests: REQUESTS,
      connections: 50,
      headers,
    }).finally(() => (state.isOver = true))
    while (!state.isOver) {
      peak = Math.max(peak, await residentMemory(pid))
      const visitor = new Visitor(url, `198.51.100.${signIns.length % 250}`)
      signIns.push((await visitor.login(await alice.signMessage(await visitor.challenge()))).status)
      await delay(100)
    }
    const statuses = await flooding
    console.log(
      `flood of ${REQUESTS}: memory ${before.toFixed(0)} MB before, at most ${peak.toFixed(0)} MB; ` +
        `${JSON.stringify(statuses)}; ${signIns.length} others signed in`,
    )
    return { growth: peak - before, statuses, signIns }
  }

  describeWithPostgres('at the example', () => {
    it(`leaves its memory within ${ROOM} MB, and other visitors sign in`, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'passport-near-example-'))
      cleanup.add(() => rm(directory, { recursive: true, force: true }))
      const example = await startExample(directory, {
        REDIS_URL: redis.url,
        DATABASE_URL: (await startPostgres(cleanup)).url,
        NEAR_RPC_URL: network.rpcUrl,
        WALLET_URL: 'http://localhost:3001', // The network gets no requests: the visitors sign by themselves.
        SESSION_SECRET: 'a secret of the tests',
        TRUST_PROXY: 'loopback',
      })
      cleanup.add(() => example.stop())
      // The limit of an address lasts longer than a test: a second try comes from another one.
      const flooder = `203.0.113.${randomInt(100)}`
      const address = (name: string) => ({ 'x-forwarded-for': name, accept: 'application/json' })
      const { growth, statuses, signIns } = await floodProcess(
        example.url,
        example.pid,
        address(flooder),
        () =>
          flood(example.url.replace('localhost', '127.0.0.1') + PATH, {
            requests: WARM_UP,
            connections: 50,
            headers: address('203.0.113.200'),
          }),
      )
      expect(statuses).toEqual({ 200: 300, 429: REQUESTS - 300 })
      expect(signIns.length).toBeGreaterThan(scaled(3, 0))
      expect(new Set(signIns)).toEqual(new Set([200]))
      expect(growth).toBeLessThanOrEqual(ROOM)
    }, 240_000)
  })

  it(`leaves the memory of a process without any limits within ${ROOM} MB, too`, async () => {
    const site = await startSite(cleanup, { client: 'redis', urls: [redis.url], rpc: network.rpcUrl })
    const { growth, statuses, signIns } = await floodProcess(site.url, site.pid, {}, () =>
      flood(site.url + PATH, { requests: WARM_UP, connections: 50 }),
    )
    expect(statuses).toEqual({ 200: REQUESTS })
    expect(new Set(signIns)).toEqual(new Set([200]))
    expect(growth).toBeLessThanOrEqual(ROOM)
  }, 240_000)
})
