import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import pg from 'pg'
import { afterAll, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { startExample, type Example } from '../support/example'
import { describeWithPostgres, startPostgres } from '../support/postgres'
import { freePort } from '../support/free-port'
import { describeWithRedis, RedisServer } from '../support/redis'
import { scaled } from '../support/scale'
import { Visitor } from '../support/visitor'

const PROCESSES = scaled(4, 2)
const RATE = scaled(100, 40)
/**
 * Limit of concurrent logins: a machine that is too slow for the rate gets fewer logins, not a growing
 * backlog.
 */
const UNDER_WAY = scaled(100, 20)

describeWithRedis('a rolling restart', () => {
  describeWithPostgres(`of ${PROCESSES} processes under ${RATE} logins a second`, () => {
    const cleanup = new Cleanup()
    afterAll(() => cleanup.run())

    it('fails only logins whose connection was cut, and signs in no login twice', async () => {
      const redis = await RedisServer.start(cleanup)
      const { url: databaseUrl } = await startPostgres(cleanup)
      const network = await TestNetwork.start()
      cleanup.add(() => network.stop())
      const directory = await mkdtemp(join(tmpdir(), 'passport-near-example-'))
      cleanup.add(() => rm(directory, { recursive: true, force: true }))
      const start = (port: number): Promise<Example> =>
        startExample(directory, {
          PORT: String(port),
          REDIS_URL: redis.url,
          DATABASE_URL: databaseUrl,
          NEAR_RPC_URL: network.rpcUrl,
          // The network gets no requests: the visitors sign by themselves.
          WALLET_URL: 'http://localhost:3001',
          SITE_URL: 'http://localhost:3000',
          SESSION_SECRET: 'a secret of the tests',
          TRUST_PROXY: 'loopback',
        })
      const ports = await Promise.all(Array.from({ length: PROCESSES }, freePort))
      const processes = await Promise.all(ports.map(start))
      cleanup.add(() => Promise.all(processes.map((each) => each.stop())))

      const counts = { logins: 0, succeeded: 0, cut: 0, afterCut: 0 }
      const wrong: string[] = []
      let turn = 0

      /**
       * Like a load balancer: each request goes to the next process, or to another one if that process
       * accepts no connections.
       */
      async function balanced(
        visitor: Visitor,
        send: (at: Visitor) => Promise<Response>,
      ): Promise<{ response: Response; visitor: Visitor } | 'cut'> {
        for (;;) {
          const at = visitor.at(`http://127.0.0.1:${ports[turn++ % PROCESSES]}`)
          try {
            return { response: await send(at), visitor: at }
          } catch (error) {
            const { code } = (error as { cause?: { code?: string } }).cause ?? {}
            if (code !== 'ECONNREFUSED') return 'cut'
          }
        }
      }

      async function login(account: TestAccount, index: number): Promise<void> {
        counts.logins++
        const browser = new Visitor('http://127.0.0.1:1', `198.51.${(index >> 8) % 250}.${index % 250}`)
        let asked = await balanced(browser, (at) => at.request('/login/near/challenge'))
        while (asked === 'cut') asked = await balanced(browser, (at) => at.request('/login/near/challenge'))
        if (asked.response.status !== 200) return void wrong.push(`challenge ${asked.response.status}`)
        const challenge = (await asked.response.json()) as Parameters<TestAccount['signMessage']>[0]
        const signed = await account.signMessage(challenge)
        const done = await balanced(asked.visitor, (at) => at.post('/login/near', signed))
        if (done !== 'cut') {
          if (done.response.status === 200) counts.succeeded++
          else wrong.push(`login ${done.response.status} ${await done.response.text()}`)
          return
        }
        counts.cut++
        // It is unknown whether the challenge was consumed before the connection was cut. A second attempt
        // succeeds or is rejected, and has no other outcome.
        const again = await balanced(asked.visitor, (at) => at.post('/login/near', signed))
        if (again !== 'cut' && again.response.status === 200) counts.afterCut++
        else if (again !== 'cut' && again.response.status !== 401)
          wrong.push(`retry ${again.response.status}`)
      }

      const underWay = new Set<Promise<void>>()
      const state = { running: true }
      const began = performance.now()
      const driver = (async () => {
        for (let index = 0; state.running; index++) {
          while (underWay.size >= UNDER_WAY) await Promise.race(underWay)
          const wait = began + (index * 1000) / RATE - performance.now()
          if (wait > 0) await delay(wait)
          const account = await network.createAccount(`visitor-${index}.test`)
          const one = login(account, index).finally(() => underWay.delete(one))
          underWay.add(one)
        }
      })()
      await delay(1000)
      let said = ''
      for (const [index, port] of ports.entries()) {
        said += processes[index]!.errors()
        expect(await processes[index]!.stop('SIGTERM')).toBe(0)
        processes[index] = await start(port)
        await delay(500)
      }
      await delay(1000)
      state.running = false
      await driver
      await Promise.all(underWay)

      const seconds = (performance.now() - began) / 1000
      console.log(
        `rolling restart: ${JSON.stringify(counts)}, ${(counts.logins / seconds).toFixed(0)} logins a second`,
      )
      for (const each of processes) said += each.errors()
      expect(wrong, said).toEqual([])
      expect(counts.succeeded + counts.cut).toBe(counts.logins)
      expect(counts.logins).toBeGreaterThan(100)
      expect(counts.cut).toBeLessThan(counts.logins / 20)

      const database = new pg.Client(databaseUrl)
      await database.connect()
      cleanup.add(() => database.end())
      const { rows } = await database.query<{ users: number; accounts: number; twice: number }>(
        `SELECT (SELECT count(*)::int FROM users WHERE username IS NULL) AS users, count(*)::int AS accounts,
           (count(*) FILTER (WHERE last_login_at > linked_at))::int AS twice FROM near_accounts`,
      )
      const [{ users, accounts, twice }] = rows as [{ users: number; accounts: number; twice: number }]
      expect(twice).toBe(0)
      expect(users).toBe(accounts)
      expect(accounts).toBeGreaterThanOrEqual(counts.succeeded + counts.afterCut)
      expect(accounts).toBeLessThanOrEqual(counts.logins)
    }, 240_000)
  })
})
