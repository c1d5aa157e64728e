import { randomUUID } from 'node:crypto'
import fastifyCookie from '@fastify/cookie'
import { Authenticator } from '@fastify/passport'
import fastifySession from '@fastify/session'
import express from 'express'
import session, { MemoryStore } from 'express-session'
import fastify from 'fastify'
import Koa from 'koa'
import koaPassport from 'koa-passport'
import koaSession from 'koa-session'
import passport from 'passport'
import { NearStrategy, RedisChallengeStore, type DefaultRequest } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { accountAsUser, Browser, Cleanup, listen, RECIPIENT, startApp } from '../support/app'
import { describeWithRedis, RedisServer } from '../support/redis'

/** An application of one framework with a strategy. `saved` counts the writes of the session. */
type Start = (near: NearStrategy, cleanup: Cleanup) => Promise<{ url: string; saved: () => number }>

const startExpress: Start = async (near, cleanup) => {
  let saved = 0
  class CountingStore extends MemoryStore {
    override set(...args: Parameters<MemoryStore['set']>): void {
      saved++
      super.set(...args)
    }
  }
  const authenticator = new passport.Passport() as unknown as passport.PassportStatic
  authenticator.serializeUser((user, done) => done(null, user))
  authenticator.deserializeUser((user: Express.User, done) => done(null, user))
  authenticator.use(near)
  const app = express()
  app.use(express.json())
  app.use(session({ secret: 'a', resave: false, saveUninitialized: false, store: new CountingStore() }))
  app.use(authenticator.session())
  app.get('/login/near/challenge', near.challengeHandler())
  app.post('/login/near', authenticator.authenticate('near'), (_, res) => void res.json({}))
  app.get('/me', (req, res) => void res.json(req.user ?? null))
  return { url: (await listen(app, cleanup)).url, saved: () => saved }
}

const startFastify: Start = async (near, cleanup) => {
  let saved = 0
  const content = new Map<string, string>()
  const app = fastify()
  await app.register(fastifyCookie)
  await app.register(fastifySession, {
    secret: 'a secret with minimum length of 32 characters',
    cookie: { secure: false },
    saveUninitialized: false,
    rolling: false,
    store: {
      get: (id, done) => done(null, content.has(id) ? (JSON.parse(content.get(id)!) as never) : null),
      set: (id, data, done) => {
        saved++
        content.set(id, JSON.stringify(data))
        done()
      },
      destroy: (id, done) => {
        content.delete(id)
        done()
      },
    },
  })
  const authenticator = new Authenticator()
  authenticator.registerUserSerializer(async (user) => user)
  authenticator.registerUserDeserializer(async (user) => user)
  await app.register(authenticator.initialize())
  await app.register(authenticator.secureSession())
  authenticator.use(near)
  app.get('/login/near/challenge', (request) => near.challenge(request as unknown as DefaultRequest))
  app.post('/login/near', { preValidation: authenticator.authenticate('near') }, async () => ({}))
  app.get('/me', async (request, reply) =>
    reply.type('application/json').send(JSON.stringify(request.user ?? null)),
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  cleanup.add(() => app.close())
  const { port } = app.server.address() as { port: number }
  return { url: `http://127.0.0.1:${port}`, saved: () => saved }
}

const startKoa: Start = (near, cleanup) => startKoaWith(near, cleanup, { withStore: true })

async function startKoaWith(
  near: NearStrategy,
  cleanup: Cleanup,
  { withStore }: { withStore: boolean },
): ReturnType<Start> {
  let saved = 0
  const content = new Map<string, string>()
  const store = {
    get: async (key: string) => JSON.parse(content.get(key) ?? 'null') as object,
    set: async (key: string, data: unknown) => {
      saved++
      content.set(key, JSON.stringify(data))
    },
    destroy: async (key: string) => void content.delete(key),
  }
  const app = new Koa()
  app.use(
    koaSession(
      {
        signed: false,
        ...(withStore && { store }),
      },
      app as never,
    ),
  )
  app.use(async (ctx, next) => {
    const chunks: Buffer[] = []
    for await (const chunk of ctx.req) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    ;(ctx.request as { body?: unknown }).body = text ? JSON.parse(text) : undefined
    await next()
  })
  const authenticator = new koaPassport.KoaPassport()
  authenticator.serializeUser((user, done) => done(null, user))
  authenticator.deserializeUser((user: Express.User, done) => done(null, user))
  authenticator.use(near)
  app.use(authenticator.initialize())
  app.use(authenticator.session())
  const login = authenticator.authenticate('near') as unknown as Koa.Middleware
  app.use(async (ctx, next) => {
    if (ctx.path === '/login/near/challenge')
      ctx.body = await near.challenge(ctx as unknown as DefaultRequest)
    else if (ctx.path === '/me') ctx.body = JSON.stringify((ctx.state as { user?: object }).user ?? null)
    else await login(ctx, async () => void (ctx.body = {}))
    await next()
  })
  const handle = app.callback()
  const { url } = await listen((req, res) => void handle(req, res), cleanup)
  return { url, saved: () => saved }
}

describeWithRedis('RedisChallengeStore in an application', () => {
  const everything = new Cleanup()
  const cleanup = new Cleanup()
  let network: TestNetwork
  let alice: TestAccount
  let bob: TestAccount
  let client: ReturnType<typeof createClient>
  beforeAll(async () => {
    const server = await RedisServer.start(everything)
    client = createClient({ url: server.url })
    everything.add(() => client.destroy())
    await client.connect()
    network = await TestNetwork.start()
    everything.add(() => network.stop())
    alice = await network.createAccount('alice.test')
    bob = await network.createAccount('bob.test')
  })
  beforeEach(() => client.flushAll())
  afterEach(() => cleanup.run())
  afterAll(() => everything.run())

  const strategy = (): NearStrategy =>
    new NearStrategy(
      { recipient: RECIPIENT, rpc: network.rpcUrl, store: new RedisChallengeStore(client) },
      accountAsUser,
    )

  describe.each<[string, Start]>([
    ['Express with express-session', startExpress],
    ['Fastify with @fastify/session', startFastify],
    ['Koa with koa-session and a store', startKoa],
  ])('of %s', (_, start) => {
    it('gives a new visitor a cookie, saves the session once, and signs in', async () => {
      const { url, saved } = await start(strategy(), cleanup)
      const browser = new Browser(url)
      await browser.challenge()
      expect(browser.cookie).not.toBe('')
      expect(saved()).toBe(1)
      const challenge = await browser.challenge()
      expect(saved()).toBe(1)
      expect(await client.keys('*')).toHaveLength(1)

      const signed = await alice.signMessage(challenge)
      expect((await new Browser(url).post('/login/near', signed)).status).toBe(401)
      const before = browser.cookie
      expect((await browser.post('/login/near', signed)).status).toBe(200)
      expect(browser.cookie).not.toBe(before)
      expect(await (await browser.request('/me')).json()).toMatchObject({ id: 'alice.test' })
      expect((await browser.post('/login/near', signed)).status).toBe(401)
    })

    it('lets two tabs sign in one after the other, and a third after both', async () => {
      const { url } = await start(strategy(), cleanup)
      const browser = new Browser(url)
      const tabs = [await browser.challenge(), await browser.challenge(), await browser.challenge()]
      for (const [tab, account] of [
        [0, alice],
        [1, bob],
        [2, alice],
      ] as const) {
        const signed = await account.signMessage(tabs[tab]!)
        expect((await browser.post('/login/near', signed)).status).toBe(200)
        expect(await (await browser.request('/me')).json()).toMatchObject({ id: account.accountId })
        expect((await browser.post('/login/near', signed)).status).toBe(401)
      }
      expect(await client.keys('*')).toEqual([])
    })

    it('accepts one of 20 copies of a login', async () => {
      const { url } = await start(strategy(), cleanup)
      const browser = new Browser(url)
      const signed = await alice.signMessage(await browser.challenge())
      const copies = Array.from({ length: 20 }, () =>
        Object.assign(new Browser(url), { cookie: browser.cookie }),
      )
      const statuses = await Promise.all(
        copies.map(async (copy) => (await copy.post('/login/near', signed)).status),
      )
      expect(statuses.sort()).toEqual([200, ...Array<number>(19).fill(401)])
    })
  })

  it('consumes a challenge once if sessions are in a cookie, which a visitor may send again', async () => {
    // The options that the README shows.
    const sessionId = (req: { session: { visitor?: string } }) => (req.session.visitor ??= randomUUID())
    const store = new RedisChallengeStore(client, { sessionId })
    const near = new NearStrategy({ recipient: RECIPIENT, rpc: network.rpcUrl, store }, accountAsUser)
    const { url } = await startKoaWith(near, cleanup, { withStore: false })
    const browser = new Browser(url)
    const [first, second] = [await browser.challenge(), await browser.challenge()]
    const before = browser.cookie
    const signed = await alice.signMessage(first)
    expect((await browser.post('/login/near', signed)).status).toBe(200)
    expect(await (await browser.request('/me')).json()).toMatchObject({ id: 'alice.test' })
    const replayed = Object.assign(new Browser(url), { cookie: before })
    expect((await replayed.post('/login/near', signed)).status).toBe(401)
    expect((await new Browser(url).post('/login/near', await bob.signMessage(second))).status).toBe(401)
    expect((await browser.post('/login/near', await bob.signMessage(second))).status).toBe(200)
  })

  it.each([false, true])(
    'rejects a linking challenge that was issued before the login (keepSessionInfo: %s)',
    async (keepSessionInfo) => {
      const near = { rpc: network.rpcUrl, store: new RedisChallengeStore(client) }
      const linked: string[] = []
      const { url } = await startApp(cleanup, {
        near,
        routes: (app, authenticator) => {
          app.post(
            '/keep',
            authenticator.authenticate('near', { keepSessionInfo }),
            (_, res) => void res.json({}),
          )
          app.post('/link', (req, res, next) => {
            const respond = (
              error: unknown,
              account: { id: string } | false,
              info: object,
              status: number,
            ) => {
              if (error) return next(error)
              if (account) linked.push(account.id)
              res.status(account ? 200 : status).json(account ? {} : info)
            }
            ;(authenticator.authorize('near', {}, respond as never) as express.RequestHandler)(req, res, next)
          })
        },
      })
      const browser = new Browser(url)
      const planted = await bob.signMessage(await browser.challenge())
      const another = await bob.signMessage(await browser.challenge())
      const own = await alice.signMessage(await browser.challenge())
      expect((await browser.post('/keep', own)).status).toBe(200)

      const refused = await browser.post('/link', planted)
      expect(refused.status).toBe(401)
      expect(await refused.json()).toMatchObject({ code: 'ERR_NEAR_CHALLENGE_MISSING' })
      expect(linked).toEqual([])
      expect((await browser.post('/link', await bob.signMessage(await browser.challenge()))).status).toBe(200)
      expect(linked).toEqual(['bob.test'])
      expect((await browser.post('/keep', another)).status).toBe(200)
    },
  )
})
