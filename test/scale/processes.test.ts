import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Browser, Cleanup } from '../support/app'
import { describeWithRedis, RedisServer, startRedisCluster } from '../support/redis'
import { until } from '../support/until'
import { scaled } from '../support/scale'
import { startSite, type Site } from '../support/site-process'

const ROUNDS = scaled(200, 8)
const COPIES = 20

describeWithRedis('two processes that share a Redis, without stickiness', () => {
  const everything = new Cleanup()
  const cleanup = new Cleanup()
  let network: TestNetwork
  let alice: TestAccount
  let redis: RedisServer
  beforeAll(async () => {
    redis = await RedisServer.start(everything)
    network = await TestNetwork.start()
    everything.add(() => network.stop())
    alice = await network.createAccount('alice.test')
  })
  afterEach(async () => {
    network.recover()
    await cleanup.run()
  })
  afterAll(() => everything.run())

  type Client = 'redis' | 'ioredis'
  const start = (client: Client, urls: string[], end = cleanup): Promise<Site> =>
    startSite(end, { client, urls, rpc: network.rpcUrl })

  /** Two processes on one Redis. Those that the test before left running are among them. */
  const running: Record<Client, Site[]> = { redis: [], ioredis: [] }
  async function startTwo(client: Client): Promise<[Site, Site]> {
    const sites = running[client]
    const missing = Array.from({ length: 2 - sites.length }, () => start(client, [redis.url], everything))
    sites.push(...(await Promise.all(missing)))
    return [sites[0]!, sites[1]!]
  }
  const killFirst = (client: Client): Promise<void> => running[client].shift()!.kill()

  async function startTwoOnCluster(client: Client): Promise<[Site, Site]> {
    const { urls } = await startRedisCluster(cleanup)
    return Promise.all([start(client, urls), start(client, urls)])
  }

  /** The same browser, whose next request goes to another process. */
  const at = (site: Site, browser: Browser): Browser =>
    Object.assign(new Browser(site.url), { cookie: browser.cookie })

  describe.each(['redis', 'ioredis'] as const)('with the client %s', (client) => {
    it.each([
      ['one Redis', startTwo],
      ['a Redis Cluster of three nodes', startTwoOnCluster],
    ])(
      `and %s: exactly one of ${COPIES} concurrent copies of one login succeeds, ${ROUNDS} times`,
      async (_, startSites) => {
        const sites = await startSites(client)
        const logins = async (): Promise<number> => {
          const [one, other] = await Promise.all(sites.map((site) => site.usage()))
          return one!.logins + other!.logins
        }
        const before = await logins()
        for (let round = 0; round < ROUNDS; round++) {
          const browser = new Browser(sites[round % 2]!.url)
          const signed = await alice.signMessage(await browser.challenge())
          const answers = await Promise.all(
            Array.from({ length: COPIES }, (_, copy) => at(sites[copy % 2]!, browser).login(signed)),
          )
          const statuses = answers.map(({ status }) => status).sort()
          expect(statuses).toEqual([200, ...Array<number>(COPIES - 1).fill(401)])
          const codes = new Set(answers.map(({ body }) => body.code))
          expect(codes).toEqual(new Set([undefined, 'ERR_NEAR_CHALLENGE_MISSING']))
        }
        expect((await logins()) - before).toBe(ROUNDS)
      },
      300_000,
    )

    it('lets the other complete a login when the process that issued the challenge is killed', async () => {
      const [one, other] = await startTwo(client)
      const browser = new Browser(one.url)
      const signed = await alice.signMessage(await browser.challenge())
      await killFirst(client)
      const survivor = at(other, browser)
      expect((await survivor.login(signed)).status).toBe(200)
      expect(await (await survivor.request('/me')).json()).toEqual({ id: 'alice.test' })
      expect((await survivor.login(signed)).status).toBe(401)
    })

    it('leaves no session half signed in when a process is killed during the key check', async () => {
      const [one, other] = await startTwo(client)
      const browser = new Browser(one.url)
      const signed = await alice.signMessage(await browser.challenge())
      const asked = network.requestCount
      network.fail('hang')
      const cut = browser.login(signed).then(
        () => 'answered',
        () => 'cut',
      )
      await until(() => network.requestCount > asked)
      await killFirst(client)
      expect(await cut).toBe('cut')
      network.recover()

      const survivor = at(other, browser)
      expect(await (await survivor.request('/me')).json()).toBeNull()
      const again = await survivor.login(signed)
      expect([again.status, again.body.code]).toEqual([401, 'ERR_NEAR_CHALLENGE_MISSING'])
      const fresh = await alice.signMessage(await survivor.challenge())
      expect((await survivor.login(fresh)).status).toBe(200)
      expect(await (await survivor.request('/me')).json()).toEqual({ id: 'alice.test' })
    })

    it('lets two tabs sign in one after the other, each at another process', async () => {
      const sites = await startTwo(client)
      const browser = new Browser(sites[0].url)
      const first = await browser.challenge()
      const secondTab = at(sites[1], browser)
      const second = await secondTab.challenge()
      expect((await browser.login(await alice.signMessage(first))).status).toBe(200)
      const later = at(sites[1], browser)
      expect((await later.login(await alice.signMessage(second))).status).toBe(200)
    })
  })
})
