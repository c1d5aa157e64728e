import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Cleanup, listen } from '../support/app'
import { startExample, type Example } from '../support/example'
import { statusOf } from '../support/load'
import { describeWithPostgres, startPostgres } from '../support/postgres'
import { describeWithRedis, RedisServer, until } from '../support/redis'
import { Visitor } from '../support/visitor'

const everything = new Cleanup()
const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount
let directory: string

beforeAll(async () => {
  network = await TestNetwork.start()
  everything.add(() => network.stop())
  alice = await network.createAccount('alice.test')
  directory = await mkdtemp(join(tmpdir(), 'passport-near-example-'))
  everything.add(() => rm(directory, { recursive: true, force: true }))
})
afterEach(() => cleanup.run())
afterAll(() => everything.run())

/** A process of the example that believes the addresses its load balancer tells it. */
async function start(settings: NodeJS.ProcessEnv): Promise<Example> {
  const example = await startExample(directory, {
    NEAR_RPC_URL: network.rpcUrl,
    WALLET_URL: 'http://localhost:3001', // not asked: the visitors here sign by themselves
    SITE_URL: 'http://localhost:3000',
    SESSION_SECRET: 'a secret of the tests',
    TRUST_PROXY: 'loopback',
    ...settings,
  })
  cleanup.add(() => example.stop())
  return example
}

async function signIn(visitor: Visitor, account = alice): Promise<number> {
  const response = await visitor.request('/login/near/challenge')
  if (response.status !== 200) return response.status
  const challenge = (await response.json()) as Parameters<TestAccount['signMessage']>[0]
  return (await visitor.post('/login/near', await account.signMessage(challenge))).status
}

const accountPage = async (visitor: Visitor): Promise<string> =>
  (await visitor.request('/account', { headers: { accept: 'text/html' } })).text()

describeWithRedis('the example with Redis and PostgreSQL', () => {
  describeWithPostgres('in two processes', () => {
    let redis: RedisServer
    let postgres: { url: string }
    beforeAll(async () => {
      redis = await RedisServer.start(everything)
      postgres = await startPostgres(everything)
    })
    const startOne = (settings: NodeJS.ProcessEnv = {}) =>
      start({ REDIS_URL: redis.url, DATABASE_URL: postgres.url, ...settings })
    const startTwo = (settings: NodeJS.ProcessEnv = {}) =>
      Promise.all([startOne(settings), startOne(settings)])

    it('is one site: who signs in at one is known to the other, and links an account there', async () => {
      const [one, other] = await startTwo()
      const visitor = new Visitor(one.url)
      const challenge = await visitor.challenge()
      expect(challenge.recipient).toBe('localhost:3000')
      const elsewhere = visitor.at(other.url)
      expect((await elsewhere.login(await alice.signMessage(challenge))).status).toBe(200)
      const back = elsewhere.at(one.url)
      expect(await accountPage(back)).toContain('alice.test')

      const bob = await network.createAccount('bob.test')
      const linking = (await (await back.request('/link/near/challenge')).json()) as typeof challenge
      const signed = await bob.signMessage(linking)
      // Each strategy has challenges of its own: this one links and does not sign in.
      expect((await elsewhere.login(signed)).status).toBe(401)
      expect((await elsewhere.post('/link/near', signed)).status).toBe(200)
      expect((await elsewhere.post('/link/near', signed)).status).toBe(401)
      expect(await accountPage(back)).toContain('bob.test')
    })

    it('answers /healthz, also to who does not know its name, and says when it cannot work', async () => {
      const { url } = await startOne()
      const health = () => statusOf(`${url}/healthz`, { host: 'balancer' })
      expect(await health()).toBe(200)
      redis.freeze()
      try {
        const began = performance.now()
        expect(await health()).toBe(503)
        expect(performance.now() - began).toBeLessThan(5000)
      } finally {
        redis.thaw()
      }
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
      'says 503 in time on every way while Redis is %s, and works again afterwards',
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

    it('counts what an address asks for in all processes together, and turns away who asks too much', async () => {
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

    it('lets requests that are under way finish on SIGTERM, and takes no more', async () => {
      const asked = new Cleanup()
      let requests = 0
      const slow = await listen((req, res) => {
        requests++
        const chunks: Buffer[] = []
        req.on('data', (chunk: Buffer) => chunks.push(chunk))
        req.on('end', () => {
          void delay(1500)
            .then(() => fetch(network.rpcUrl, { method: 'POST', body: Buffer.concat(chunks) }))
            .then(async (answer) => res.end(await answer.text()))
        })
      }, asked)
      cleanup.add(() => asked.run())
      const [ending, other] = [await startOne({ NEAR_RPC_URL: slow.url }), await startOne()]
      const visitor = new Visitor(ending.url)
      const signed = await alice.signMessage(await visitor.challenge())
      const underWay = visitor.login(signed)
      await until(() => requests > 0)
      const ended = ending.stop('SIGTERM')
      await until(async () => {
        const refused = await new Visitor(ending.url).request('/healthz').catch((error: unknown) => error)
        return refused instanceof Error
      })
      expect((await underWay).status).toBe(200)
      expect(await ended).toBe(0)
      expect(await accountPage(visitor.at(other.url))).toContain('alice.test')
    })
  })

  it('wants one SESSION_SECRET for all processes, and says how to make it', async () => {
    const without = start({ REDIS_URL: 'redis://127.0.0.1:1', SESSION_SECRET: '' })
    await expect(without).rejects.toThrow(/Give all of them the same: SESSION_SECRET=/)
  })

  it.each([
    [{ SITE_URL: 'app.example.com' }, 'SITE_URL must be an address such as https://app.example.com'],
    [{ RATE_LIMIT: 'many' }, 'RATE_LIMIT must be a number of requests a minute, such as 300'],
  ])('says what is wrong with %j', async (settings, explanation) => {
    await expect(start(settings)).rejects.toThrow(explanation)
  })

  it('serves a site under its public name, and no other', async () => {
    const { url } = await start({ SITE_URL: 'https://app.example.com' })
    const named = (host: string) => statusOf(`${url}/login/near/challenge`, { host })
    expect(await named('app.example.com')).toBe(200)
    expect(await named('evil.example.com')).toBe(403)
    const { recipient } = await new Visitor(url).challenge()
    expect(recipient).toBe('app.example.com')
  })

  it('says what is wrong where Redis or PostgreSQL cannot be reached', async () => {
    await expect(start({ REDIS_URL: 'redis://127.0.0.1:1' })).rejects.toThrow(
      /Redis cannot be used \(ECONNREFUSED\)\. Is it running, and is REDIS_URL right\?/,
    )
    await expect(start({ DATABASE_URL: 'postgresql://127.0.0.1:1/none' })).rejects.toThrow(
      /PostgreSQL cannot be used \(ECONNREFUSED\)/,
    )
  })
})

describe('the example in one process', () => {
  it('answers /healthz and ends at once on SIGTERM, whoever keeps a connection open', async () => {
    const example = await startExample(directory)
    const visitor = new Visitor(example.url)
    expect(await (await visitor.request('/healthz')).json()).toEqual({ status: 'ok' })
    const { connect } = await import('node:net')
    const idle = connect(Number(new URL(example.url).port), '127.0.0.1')
    await once(idle, 'connect')
    idle.on('error', () => undefined)
    const began = performance.now()
    expect(await example.stop('SIGTERM')).toBe(0)
    expect(performance.now() - began).toBeLessThan(5000)
    idle.destroy()
  })

  it('limits an address by itself', async () => {
    const { url } = await start({ RATE_LIMIT: '2' })
    const visitor = new Visitor(url)
    const statuses = []
    for (let count = 0; count < 3; count++) {
      statuses.push((await visitor.request('/login/near/challenge')).status)
    }
    expect(statuses).toEqual([200, 200, 429])
    expect(await signIn(new Visitor(url, '203.0.113.2'))).toBe(200)
  })
})
