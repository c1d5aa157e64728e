import { join } from 'node:path'
import { TestNetwork } from 'passport-near/testing'
import { afterAll, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { describeWithPostgres, startPostgres } from '../support/postgres'
import { describeWithRedis, RedisServer } from '../support/redis'
import { blockUnder } from './support/blocks'
import { createProject, runProgram, startApplication } from './support/project'
import { Visitor } from './support/visitor'

const store = blockUnder('docs/stores.md', 'On PostgreSQL')
const contract = blockUnder('docs/stores.md', 'Contract tests')

describeWithPostgres('the store on PostgreSQL, of docs/stores.md', () => {
  const cleanup = new Cleanup()
  afterAll(() => cleanup.run())

  it("passes the page's contract tests, keeps 8 challenges, and deletes expired ones", async () => {
    const { url } = await startPostgres(cleanup)
    const directory = createProject(cleanup, {
      'store.test.cjs': `${store}
const { Pool } = require('pg')
const { after, before } = require('node:test')
const pool = new Pool({ connectionString: process.env.DATABASE_URL })
before(() => pool.query(PostgresChallengeStore.schema))
after(() => pool.end())
${contract}
const assert = require('node:assert')
const challenge = (given) => ({
  state: 's', nonce: Buffer.alloc(32).toString('base64'), message: 'm', issuedAt: Date.now(),
  expiresAt: Date.now() + 60_000, purpose: 'near/sign-in', issuedTo: null, ...given,
})
test('deletes expired challenges of other sessions', async () => {
  const store = new PostgresChallengeStore(pool)
  await pool.query('TRUNCATE near_challenges')
  await store.issue({ sessionID: 'old', session: {} }, challenge({ expiresAt: Date.now() - 1 }))
  await store.issue({ sessionID: 'new', session: {} }, challenge({}))
  const { rows } = await pool.query('SELECT session FROM near_challenges')
  assert.equal(rows.length, 1)
  assert.ok(!rows[0].session.includes('new'), 'the session id must be hashed')
})
test('keeps the challenges of two strategies in one table', async () => {
  const store = new PostgresChallengeStore(pool)
  const req = { sessionID: 'both', session: {} }
  await store.issue(req, challenge({ state: 'a' }))
  await store.issue(req, challenge({ state: 'b', purpose: 'near/link', issuedTo: 'a-hash' }))
  assert.equal((await store.consume(req, undefined, 'near/sign-in')).state, 'a')
  assert.equal((await store.consume(req, undefined, 'near/link')).issuedTo, 'a-hash')
})`,
    })
    const args = ['--test', '--test-reporter=tap', join(directory, 'store.test.cjs')]
    const stdout = await runProgram(directory, args, { DATABASE_URL: url })
    expect(stdout).toMatch(/^# fail 0$/m)
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThanOrEqual(19)
  }, 90_000)

  it('signs in, and links with the same store', async () => {
    const { url } = await startPostgres(cleanup)
    const network = await TestNetwork.start()
    cleanup.add(() => network.stop())
    const alice = await network.createAccount('alice.near')
    const second = await network.createAccount('second.near')
    const linking = blockUnder('docs/linking.md', 'Linking accounts').replace(
      'linking: true,',
      'linking: true, store: new PostgresChallengeStore(pool),',
    )
    const site = await startApplication(
      {
        start: `${store}
const { Pool } = require('pg')
const pool = new Pool({ connectionString: process.env.DATABASE_URL })
const ready = pool.query(PostgresChallengeStore.schema)`,
        strategy: `app.use((req, res, next) => ready.then(() => next(), next))
const near = new NearStrategy({ recipient: 'app.example.com', store: new PostgresChallengeStore(pool) }, verify)`,
        routes: linking,
      },
      network.rpcUrl,
      cleanup,
      { DATABASE_URL: url },
    )
    const visitor = new Visitor(site)
    expect((await visitor.signIn(alice)).status).toBe(200)
    const signInChallenge = await visitor.sign(second)
    expect((await visitor.post('/link/near', signInChallenge)).status).toBe(401)
    expect(await visitor.signIn(second, '/link/near')).toMatchObject({
      status: 200,
      body: { accounts: ['alice.near', 'second.near'] },
    })
  }, 90_000)
})

describeWithRedis('the setup for several processes, of docs/scaling.md', () => {
  const cleanup = new Cleanup()
  afterAll(() => cleanup.run())

  it('keeps challenges and sessions in Redis', async () => {
    const redis = await RedisServer.start(cleanup)
    const network = await TestNetwork.start()
    cleanup.add(() => network.stop())
    const alice = await network.createAccount('alice.near')
    const setup = blockUnder('docs/scaling.md', 'Setup', 1)
    const [strategy, sessions] = setup.split(/(?=^app\.use)/m) as [string, string]
    const url = await startApplication(
      { session: `${strategy}\n${sessions}`, strategy: '' },
      network.rpcUrl,
      cleanup,
      { REDIS_URL: redis.url, SESSION_SECRET: 'a secret of the tests' },
    )
    // The page does not wait for the client's connection: until then, a challenge is a 503.
    await expect.poll(async () => (await fetch(`${url}/login/near/challenge`)).status).toBe(200)
    await redis.command('FLUSHALL')
    const visitor = new Visitor(url)
    const signed = await visitor.sign(alice)
    const keys = ((await redis.command('KEYS', '*')) as string[]).map(String).sort()
    expect(keys).toEqual([expect.stringMatching(/^near:challenge:/), expect.stringMatching(/^sess:/)])
    expect((await visitor.post('/login/near', signed)).status).toBe(200)
    expect((await visitor.post('/login/near', signed)).status).toBe(401)
  }, 60_000)

  it('gives a cookie session an id', async () => {
    const redis = await RedisServer.start(cleanup)
    const lines = blockUnder('docs/scaling.md', "The browser's session")
    const directory = createProject(cleanup, {
      'cookie.cjs': `const { createClient } = require('redis')
const { NearStrategy, RedisChallengeStore } = require('passport-near')
const client = createClient({ url: process.env.REDIS_URL })
client.connect().then(async () => {
  ${lines}
  const near = new NearStrategy({ recipient: 'app.example.com', store }, () => {})
  const req = { session: {} }
  await near.challenge(req)
  console.log(typeof req.session.visitor, (await client.keys('near:challenge:*')).length)
  client.destroy()
})`,
    })
    expect(await runProgram(directory, ['cookie.cjs'], { REDIS_URL: redis.url })).toBe('string 1\n')
  })
})
