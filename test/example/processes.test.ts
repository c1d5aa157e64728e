import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestAccount } from 'passport-near/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { newAccount } from '../support/accounts'
import { Cleanup, listen } from '../support/app'
import {
  accountPage,
  createExampleWorld,
  signInTo,
  type Example,
  type ExampleWorld,
} from '../support/example'
import { statusOf } from '../support/load'
import { describeWithPostgres, startPostgres, type PostgresServer } from '../support/postgres'
import { describeWithRedis, RedisServer } from '../support/redis'
import { until } from '../support/until'
import { Visitor } from '../support/visitor'

const everything = new Cleanup()
const cleanup = new Cleanup()
let world: ExampleWorld
let alice: TestAccount

beforeAll(async () => {
  world = await createExampleWorld(everything, cleanup)
  alice = await world.network.createAccount('alice.test')
})
afterEach(() => cleanup.run())
afterAll(() => everything.run())

const signIn = (visitor: Visitor): Promise<number> => signInTo(visitor, alice)

describeWithRedis('the example with Redis and PostgreSQL', () => {
  describeWithPostgres('in two processes', () => {
    let redis: RedisServer
    let postgres: PostgresServer
    beforeAll(async () => {
      redis = await RedisServer.start(everything)
      postgres = await startPostgres(everything)
    })
    const startOne = (settings: NodeJS.ProcessEnv = {}): Promise<Example> =>
      world.start({ REDIS_URL: redis.url, DATABASE_URL: postgres.url, ...settings })
    const startTwo = (settings: NodeJS.ProcessEnv = {}): Promise<[Example, Example]> =>
      Promise.all([startOne(settings), startOne(settings)])

    it('is one site: a login at one process is valid at the other, which links an account', async () => {
      const [one, other] = await startTwo()
      const visitor = new Visitor(one.url)
      const challenge = await visitor.challenge()
      expect(challenge.recipient).toBe('localhost:3000')
      const elsewhere = visitor.at(other.url)
      expect((await elsewhere.login(await alice.signMessage(challenge))).status).toBe(200)
      const back = elsewhere.at(one.url)
      expect(await accountPage(back)).toContain('alice.test')

      const bob = await newAccount(world.network, 'bob')
      const toLink = async (): Promise<typeof challenge> =>
        (await back.request('/link/near/challenge')).json() as Promise<typeof challenge>
      // A linking challenge does not sign in, although both strategies share one store.
      expect((await elsewhere.login(await bob.signMessage(await toLink()))).status).toBe(401)
      const signed = await bob.signMessage(await toLink())
      expect((await elsewhere.post('/link/near', signed)).status).toBe(200)
      expect((await elsewhere.post('/link/near', signed)).status).toBe(401)
      expect(await accountPage(back)).toContain(bob.accountId)
    })

    it('has no demo user, whose password is public', async () => {
      const { url } = await startOne()
      const visitor = new Visitor(url)
      const { status } = await visitor.post('/login/password', { username: 'demo', password: 'near-demo' })
      expect(status).toBe(401)
      expect(await (await visitor.request('/', { headers: { accept: 'text/html' } })).text()).not.toContain(
        'near-demo',
      )
    })

    it('responds to /healthz under any host name, and reports and logs a failure of Redis', async () => {
      const example = await startOne()
      const health = (): Promise<number> => statusOf(`${example.url}/healthz`, { host: 'balancer' })
      expect(await health()).toBe(200)
      redis.freeze()
      try {
        const began = performance.now()
        expect(await health()).toBe(503)
        expect(performance.now() - began).toBeLessThan(5000)
      } finally {
        redis.thaw()
      }
      await until(() => example.output().includes('health-check'))
      expect(example.output()).toMatch(
        /^[-\dT:.]+Z health-check outcome=failed service=redis reason="no response within 2000 ms"$/m,
      )
      await until(async () => (await health()) === 200)
    })

    it.each<[string, () => unknown, () => unknown]>([
      ['stopped', () => redis.stop(), () => redis.start()],
      ['frozen', () => redis.freeze(), () => redis.thaw()],
      [
        'made a read-only replica',
        () => redis.command('REPLICAOF', '127.0.0.1', '1'),
        () => redis.command('REPLICAOF', 'NO', 'ONE'),
      ],
    ])(
      'responds 503 in time on every route while Redis is %s, and works afterwards',
      async (_, fail, recover) => {
        const { url } = await startOne()
        const visitor = new Visitor(url)
        const signed = await alice.signMessage(await visitor.challenge())
        await fail()
        try {
          const began = performance.now()
          const statuses = await Promise.all([
            signIn(new Visitor(url)),
            visitor.post('/login/near', signed).then(({ status }) => status),
            visitor
              .post('/login/password', { username: 'demo', password: 'near-demo' })
              .then(({ status }) => status),
          ])
          expect(statuses).toEqual([503, 503, 503])
          expect(performance.now() - began).toBeLessThan(6000)
        } finally {
          await recover()
        }
        await until(async () => (await signIn(new Visitor(url))) === 200)
        expect(await signIn(new Visitor(url))).toBe(200)
      },
    )

    it('responds 503 as page and JSON while PostgreSQL is stopped, logs it, and recovers', async () => {
      const example = await startOne()
      const visitor = new Visitor(example.url)
      expect(await signIn(visitor)).toBe(200)
      const other = new Visitor(example.url)
      const signed = await alice.signMessage(await other.challenge())
      await postgres.stop()
      try {
        const page = await visitor.request('/account', { headers: { accept: 'text/html' } })
        expect(page.status).toBe(503)
        expect(await page.text()).toContain('The site cannot reach its own database.')
        expect(await other.login(signed)).toEqual({ status: 503, body: { code: 'SERVICE_UNAVAILABLE' } })
        expect(await statusOf(`${example.url}/healthz`, {})).toBe(503)
        const password = { username: 'demo', password: 'near-demo' }
        expect((await new Visitor(example.url).post('/login/password', password)).status).toBe(503)
        await until(() => example.output().includes('health-check'))
        expect(example.output()).toContain('login strategy=near outcome=error')
        expect(example.output()).toMatch(
          /^[-\dT:.]+Z request outcome=failed status=503 code=SERVICE_UNAVAILABLE reason="PostgreSQL cannot be used \(.+\)"$/m,
        )
        expect(example.output()).toMatch(
          /^[-\dT:.]+Z health-check outcome=failed service=database reason=.+$/m,
        )
        expect(example.errors()).toBe('')
      } finally {
        await postgres.start()
      }
      expect(await accountPage(visitor)).toContain('alice.test')
      expect(await signIn(new Visitor(example.url))).toBe(200)
      expect(await statusOf(`${example.url}/healthz`, {})).toBe(200)
    })

    it('counts the requests of an address in all processes together, and rejects the excess', async () => {
      await redis.command('FLUSHALL')
      const [one, other] = await startTwo({ RATE_LIMIT: '6' })
      const greedy = new Visitor(one.url, '198.51.100.1')
      const answers = []
      for (let count = 0; count < 8; count++) {
        answers.push(await greedy.at(count % 2 ? one.url : other.url).request('/login/near/challenge'))
      }
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 429, 429])
      expect(await answers[6]!.json()).toEqual({ code: 'TOO_MANY_REQUESTS' })
      expect(answers[6]!.headers.get('retry-after')).toMatch(/^\d+$/)
      expect(answers[6]!.headers.getSetCookie()).toEqual([])

      const form = new URLSearchParams({ username: 'demo', password: 'wrong' })
      const headers = { accept: 'text/html' }
      for (let count = 0; count < 6; count++) {
        expect(
          (await greedy.request('/login/password', { method: 'POST', body: form, headers })).status,
        ).toBe(401)
      }
      const page = await greedy.request('/login/password', { method: 'POST', body: form, headers })
      expect(page.status).toBe(429)
      expect(await page.text()).toContain('Please wait a minute')
      expect(await signIn(new Visitor(one.url, '198.51.100.2'))).toBe(200)
    })

    it('completes pending requests on SIGTERM, and accepts no new request', async () => {
      const asked = new Cleanup()
      let requests = 0
      const slow = await listen((req, res) => {
        const chunks: Buffer[] = []
        req.on('data', (chunk: Buffer) => chunks.push(chunk))
        req.on('end', () => {
          if (Buffer.concat(chunks).includes('view_access_key')) requests++
          void delay(1500)
            .then(() => fetch(world.network.rpcUrl, { method: 'POST', body: Buffer.concat(chunks) }))
            .then(async (answer) => res.end(await answer.text()))
        })
      }, asked)
      cleanup.add(() => asked.run())
      const [ending, other] = [await startOne({ NEAR_RPC_URL: slow.url }), await startOne()]
      const visitor = new Visitor(ending.url)
      const signed = await alice.signMessage(await visitor.challenge())
      const pending = visitor.login(signed)
      await until(() => requests > 0)
      const ended = ending.stop('SIGTERM')
      await until(async () => {
        const rejected = await new Visitor(ending.url).request('/healthz').catch((error: unknown) => error)
        return rejected instanceof Error
      })
      expect((await pending).status).toBe(200)
      expect(await ended).toBe(0)
      expect(await accountPage(visitor.at(other.url))).toContain('alice.test')
    })
  })
})

describe('the example in one process', () => {
  it('responds to /healthz and ends at once on SIGTERM, although a connection is open', async () => {
    const example = await world.start()
    const visitor = new Visitor(example.url)
    expect(await (await visitor.request('/healthz')).json()).toMatchObject({
      status: 'ok',
      endpoints: [{ endpoint: 1, responds: true, chainId: 'testnet', isExpectedNetwork: true }],
    })
    const idle = connect(Number(new URL(example.url).port), '127.0.0.1')
    await once(idle, 'connect')
    idle.on('error', () => undefined)
    const began = performance.now()
    expect(await example.stop('SIGTERM')).toBe(0)
    expect(performance.now() - began).toBeLessThan(5000)
    idle.destroy()
  })

  it('limits the requests of an address, and logs one line for it', async () => {
    const example = await world.start({ RATE_LIMIT: '2' })
    const visitor = new Visitor(example.url)
    const statuses = []
    for (let count = 0; count < 5; count++) {
      statuses.push((await visitor.request('/login/near/challenge')).status)
    }
    expect(statuses).toEqual([200, 200, 429, 429, 429])
    expect(await signIn(new Visitor(example.url, '203.0.113.2'))).toBe(200)
    await until(() => example.output().includes('login'))
    const lines = example
      .output()
      .split('\n')
      .filter((line) => line.includes('rate-limit'))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^[-\dT:.]+Z rate-limit outcome=rejected limit=challenges$/)
  })
})
