import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Browser, Cleanup } from '../support/app'
import { describeWithRedis, RedisServer } from '../support/redis'
import { isFullScale, scaled } from '../support/scale'
import { startSite, type Site, type SiteUsage } from '../support/site-process'

const LOGINS = scaled(5000, 200)
const PARALLEL = 20

describeWithRedis('the cost of a login', () => {
  const cleanup = new Cleanup()
  let network: TestNetwork
  let alice: TestAccount
  let redis: RedisServer
  let site: Site
  beforeAll(async () => {
    redis = await RedisServer.start(cleanup)
    network = await TestNetwork.start()
    cleanup.add(() => network.stop())
    alice = await network.createAccount('alice.test')
    site = await startSite(cleanup, { client: 'redis', urls: [redis.url], rpc: network.rpcUrl })
  })
  afterAll(() => cleanup.run())

  async function login(): Promise<void> {
    const browser = new Browser(site.url)
    const { status } = await browser.login(await alice.signMessage(await browser.challenge()))
    expect(status).toBe(200)
  }

  async function logins(count: number): Promise<void> {
    let started = 0
    await Promise.all(
      Array.from({ length: PARALLEL }, async () => {
        while (started++ < count) await login()
      }),
    )
  }

  /** Calls of each command since the statistics were reset, and the processor time of Redis in seconds. */
  async function redisUsage(): Promise<{ calls: Map<string, number>; cpu: number; bytes: number }> {
    const info = async (section: string) => String(await redis.command('INFO', section))
    const stats = [...(await info('commandstats')).matchAll(/cmdstat_([^:]+):calls=(\d+)/g)]
    const cpu = [...(await info('cpu')).matchAll(/used_cpu_(?:user|sys):([\d.]+)/g)]
    return {
      calls: new Map(stats.map(([, name, calls]) => [name!, Number(calls)])),
      cpu: cpu.reduce((sum, [, seconds]) => sum + Number(seconds), 0),
      bytes: Number(/used_memory:(\d+)/.exec(await info('memory'))![1]),
    }
  }

  const cpuOf = ({ cpu }: SiteUsage): number => (cpu.user + cpu.system) / 1e6

  it('is two commands for the challenge, one RPC call, and no lasting memory', async () => {
    await logins(scaled(1000, 100)) // until the code is compiled
    await redis.command('CONFIG', 'RESETSTAT')
    const before = { site: await site.usage(), redis: await redisUsage(), rpc: network.requestCount }
    const began = performance.now()
    await logins(LOGINS)
    const seconds = (performance.now() - began) / 1000
    const after = { site: await site.usage(), redis: await redisUsage(), rpc: network.requestCount }

    const calls = (name: string): number => (after.redis.calls.get(name) ?? 0) / LOGINS
    expect(after.rpc - before.rpc).toBe(LOGINS)
    expect(calls('evalsha')).toBe(2)
    const heap = (after.site.memory.heapUsed - before.site.memory.heapUsed) / LOGINS
    expect(heap).toBeLessThan(scaled(500, 20_000))

    if (!isFullScale) return
    // Commands within scripts are counted as well: one script reads and writes, the other reads and deletes.
    const sessions = calls('get') - 2 + (calls('set') - 1) + (calls('del') - 1)
    console.table({
      'logins a second': (LOGINS / seconds).toFixed(0),
      'commands to Redis for the challenge': calls('evalsha'),
      'commands to Redis for the sessions': sessions,
      'processor time of the process (ms)': (
        ((cpuOf(after.site) - cpuOf(before.site)) / LOGINS) *
        1000
      ).toFixed(2),
      'processor time of Redis (ms)': (((after.redis.cpu - before.redis.cpu) / LOGINS) * 1000).toFixed(3),
      'heap that stays (bytes)': heap.toFixed(0),
      'bytes in Redis for a session that is signed in': (
        (after.redis.bytes - before.redis.bytes) /
        LOGINS
      ).toFixed(0),
      'calls of the RPC': ((after.rpc - before.rpc) / LOGINS).toFixed(2),
    })
  }, 240_000)
})
