import 'reflect-metadata'
import fastifyCookie from '@fastify/cookie'
import { Authenticator } from '@fastify/passport'
import fastifySecureSession from '@fastify/secure-session'
import fastifySession from '@fastify/session'
import { Module, type NestApplicationOptions } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { PassportStrategy } from '@nestjs/passport'
import { json } from 'body-parser'
import connect from 'connect'
import { RedisStore } from 'connect-redis'
// @ts-expect-error -- has no types
import untypedCookieSession from 'cookie-session'
import express from 'express'
import express4 from 'express4'
import session from 'express-session'
import fastify, { type FastifyRequest } from 'fastify'
import { getIronSession } from 'iron-session'
import Koa, { type Context } from 'koa'
import koaPassport from 'koa-passport'
import koaSession from 'koa-session'
import type { IncomingMessage, ServerResponse } from 'node:http'
import passport from 'passport'
import {
  NearStrategy,
  type Confirmation,
  type ConnectMiddleware,
  type DefaultRequest,
  type NearProfile,
  type VerifyDone,
} from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Browser, Cleanup, listen, RECIPIENT } from '../support/app'
import { describeWithRedis, RedisServer } from '../support/redis'
import { confirm, getJson, passTime, postJson, signIn } from './support'

const everything = new Cleanup()
const cleanup = new Cleanup()
let network: TestNetwork

beforeAll(async () => {
  network = await TestNetwork.start()
  everything.add(() => network.stop())
})
afterEach(async () => {
  vi.useRealTimers()
  await cleanup.run()
})
afterAll(() => everything.run())

const secret = 'a secret with minimum length of 32 characters'
const every = 600_000

type Next = (error?: unknown) => void
/** What all frameworks have in common. */
interface Parts {
  near: NearStrategy
  transfer: Confirmation
}

const verify = ({ accountId }: { accountId: string }, done: VerifyDone): void => done(null, { id: accountId })

const createParts = (near: NearStrategy): Parts => ({
  near,
  transfer: near.confirmation({
    name: 'transfer',
    message: (req) => {
      const { amount, to } = req.body as { amount: string; to: string }
      return `Send ${amount} NEAR to ${to}`
    },
    account: (req) => (req.user as { id: string }).id,
  }),
})

const strategy = (): NearStrategy => new NearStrategy({ recipient: RECIPIENT, rpc: network.rpcUrl }, verify)

function createAuthenticator<Like extends passport.PassportStatic>(
  authenticator: Like,
  near: NearStrategy,
): Like {
  authenticator.serializeUser((user, done) => done(null, (user as { id: string }).id))
  authenticator.deserializeUser((id: string, done) => done(null, { id }))
  authenticator.use(near)
  return authenticator
}

/** The error handler of each framework. */
const describeError = (error: unknown): { status: number; body: object } => {
  const { status = 500, code, message } = error as { status?: number; code?: string; message: string }
  return { status, body: { code, message } }
}

type Request = DefaultRequest & { session: Record<string, unknown> }
type Handler = (req: Request, res: ServerResponse, next: Next) => void
interface ConnectLike {
  use: (...args: never[]) => unknown
}

/** The routes, for what takes Connect middleware. `save` is for sessions that the application saves. */
function addRoutes(
  app: ConnectLike,
  { near, transfer }: Parts,
  save?: (req: Request) => Promise<void>,
): void {
  const send = (res: ServerResponse, status: number, body: object): void => {
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const saved =
    (handler: ConnectMiddleware<DefaultRequest>): Handler =>
    (req, res, next) =>
      handler(req, res, (error) => (error || !save ? next(error) : void save(req).then(() => next(), next)))
  const use = app.use.bind(app) as (...args: (string | Handler | ((...args: never[]) => void))[]) => void
  const route = (path: string, ...handlers: Handler[]): void => {
    for (const handler of handlers) use(path, handler)
  }
  use(saved(near.revalidate()))
  route('/login/near/challenge', (req, res, next) => {
    near.challenge(req).then(async (challenge) => {
      await save?.(req)
      send(res, 200, challenge)
    }, next)
  })
  route('/login/near', near.loginHandler())
  route('/user', (req, res) => send(res, 200, { user: req.user ?? null, login: near.login(req) ?? null }))
  route('/keys', near.requireRecentLogin({ maxAge: 900_000 }), (_req, res) => send(res, 200, {}))
  route('/transfer/challenge', (req, res, next) => {
    transfer.challenge(req).then(async (challenge) => {
      await save?.(req)
      send(res, 200, challenge)
    }, next)
  })
  route('/transfer', transfer.handler(), (req, res) => send(res, 200, transfer.confirmed(req)!))
  use((error: unknown, _req: Request, res: ServerResponse, _next: Next) => {
    const { status, body } = describeError(error)
    send(res, status, body)
  })
}

const memorySession = (store?: session.Store): Handler =>
  session({ secret, resave: false, saveUninitialized: false, ...(store && { store }) }) as never

/** Express 4 and 5, and Connect. */
async function startConnectLike(
  app: ConnectLike,
  sessions: Handler,
  save?: (req: Request) => Promise<void>,
): Promise<string> {
  const parts = createParts(strategy())
  const authenticator = createAuthenticator(
    new passport.Passport() as unknown as passport.PassportStatic,
    parts.near,
  )
  const use = app.use.bind(app) as (handler: unknown) => void
  use(json())
  use(sessions)
  use(authenticator.initialize())
  use(authenticator.session())
  addRoutes(app, parts, save)
  return (await listen(app as never, cleanup)).url
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares a class for it
const NEST_OPTIONS: NestApplicationOptions = { logger: false, bodyParser: false }

async function startNest(): Promise<string> {
  class NearLogin extends PassportStrategy(NearStrategy) {
    constructor() {
      super({ recipient: RECIPIENT, rpc: network.rpcUrl })
    }

    validate({ accountId }: NearProfile): object {
      return { id: accountId }
    }
  }
  class AppModule {} // eslint-disable-line @typescript-eslint/no-extraneous-class -- Nest's form of a module
  Module({ providers: [NearLogin] })(AppModule)
  const app = await NestFactory.create(AppModule, NEST_OPTIONS)
  const near = app.get<NearStrategy>(NearLogin)
  createAuthenticator(passport, near)
  app.use(json())
  app.use(memorySession())
  app.use(passport.session())
  addRoutes(app as never, createParts(near))
  await app.listen(0, '127.0.0.1')
  cleanup.add(() => app.close())
  return (await app.getUrl()).replace('[::1]', '127.0.0.1')
}

async function startFastify(onCookies: boolean): Promise<string> {
  const { near, transfer } = createParts(strategy())
  const app = fastify()
  if (onCookies)
    await app.register(fastifySecureSession, { secret, salt: 'sixteen bytes ..', cookie: { path: '/' } })
  else {
    await app.register(fastifyCookie)
    await app.register(fastifySession, { secret, cookie: { secure: false }, saveUninitialized: false })
  }
  const authenticator = new Authenticator()
  authenticator.registerUserSerializer(async (user: { id: string }) => user.id)
  authenticator.registerUserDeserializer(async (id: string) => ({ id }))
  authenticator.use(near)
  await app.register(authenticator.initialize())
  await app.register(authenticator.secureSession())
  const of = (request: FastifyRequest): DefaultRequest => request as unknown as DefaultRequest

  app.setErrorHandler((error, _request, reply) => {
    const { status, body } = describeError(error)
    return reply.code(status).send(body)
  })
  app.addHook('preHandler', async (request) => {
    if ((await near.checkSession(of(request))) === 'revoked') await request.logout()
  })
  app.get('/login/near/challenge', (request) => near.challenge(of(request)))
  app.post(
    '/login/near',
    { preValidation: authenticator.authenticate('near') },
    (request) => request.user as object,
  )
  app.get('/user', async (request) => ({
    user: request.user ?? null,
    login: near.login(of(request)) ?? null,
  }))
  // Fastify's hooks have the form of Connect middleware.
  app.post('/keys', { preHandler: near.requireRecentLogin({ maxAge: 900_000 }) as never }, async () => ({}))
  app.post('/transfer/challenge', (request) => transfer.challenge(of(request)))
  app.post('/transfer', { preHandler: transfer.handler() as never }, async (request) =>
    transfer.confirmed(of(request)),
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  cleanup.add(() => app.close())
  return `http://127.0.0.1:${(app.server.address() as { port: number }).port}`
}

async function startKoa(onCookies: boolean): Promise<string> {
  const { near, transfer } = createParts(strategy())
  const content = new Map<string, string>()
  const store = {
    get: async (key: string) => JSON.parse(content.get(key) ?? 'null') as object,
    set: async (key: string, data: unknown) => void content.set(key, JSON.stringify(data)),
    destroy: async (key: string) => void content.delete(key),
  }
  const app = new Koa()
  app.silent = true
  app.use(async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      Object.assign(ctx, describeError(error))
    }
  })
  app.use(koaSession({ signed: false, ...(!onCookies && { store }) }, app as never))
  app.use(async (ctx, next) => {
    let text = ''
    for await (const chunk of ctx.req) text += String(chunk)
    ;(ctx.request as { body?: unknown }).body = text ? JSON.parse(text) : undefined
    await next()
  })
  const authenticator = createAuthenticator(
    new koaPassport.KoaPassport() as unknown as passport.PassportStatic,
    near,
  ) as unknown as InstanceType<typeof koaPassport.KoaPassport>
  app.use(authenticator.initialize())
  app.use(authenticator.session())
  /** The fields of a request that the guards read. */
  const requestOf = ({ request, session, state }: Context): DefaultRequest =>
    ({ body: (request as { body?: unknown }).body, session, user: state.user as unknown }) as never
  app.use(async (ctx, next) => {
    if ((await near.checkSession(requestOf(ctx))) === 'revoked') {
      await ctx.logout()
      ctx.session = null // koa-session keeps the content at logout
    }
    await next()
  })
  app.use(async (ctx, next) => {
    const req = requestOf(ctx)
    const run = (middleware: ConnectMiddleware<DefaultRequest>): Promise<void> =>
      new Promise((resolve, reject) =>
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what the guard passed to next
        middleware(req, {} as never, (error) => (error ? reject(error) : resolve())),
      )
    const routes: Record<string, () => Promise<object>> = {
      '/login/near/challenge': () => near.challenge(req),
      '/user': async () => ({ user: ctx.state.user as object, login: near.login(req) ?? null }),
      '/keys': async () => {
        await run(near.requireRecentLogin({ maxAge: 900_000 }))
        return {}
      },
      '/transfer/challenge': () => transfer.challenge(req),
      '/transfer': () => transfer.check(req),
    }
    if (ctx.path === '/login/near') {
      await (authenticator.authenticate('near') as unknown as Koa.Middleware)(ctx, next)
      ctx.body = {}
    } else ctx.body = await routes[ctx.path]!()
    if (ctx.path === '/user' && !ctx.state.user) ctx.body = { user: null, login: near.login(req) ?? null }
  })
  const handle = app.callback()
  return (await listen((req, res) => void handle(req, res), cleanup)).url
}

const cookieSession = untypedCookieSession as (
  options: object,
) => (req: object, res: object, next: () => void) => void

/** Passport needs `regenerate` and `save`; sessions in cookies are often given these. */
const cookieSessionWithShim: Handler = (req, res, next) => {
  cookieSession({ signed: false })(req, res, () => {
    const own = req.session
    const call = (callback?: () => void): void => callback?.()
    for (const name of ['regenerate', 'save']) {
      Object.defineProperty(own, name, { value: call, configurable: true, writable: true })
    }
    next()
  })
}

/** iron-session's own `save` takes no callback, and cannot be replaced: its content is in an object of the application's. */
const ironSession: Handler = (req, res, next) => {
  void getIronSession<Record<string, unknown>>(req as IncomingMessage, res, {
    password: secret,
    cookieName: 'iron',
  }).then((iron) => {
    const own = { ...iron }
    const values = {
      regenerate: (callback: () => void) => callback(),
      save: (callback?: Next) => {
        for (const name of Object.keys(iron)) if (!(name in own)) Reflect.deleteProperty(iron, name)
        const saved = Object.assign(iron, own).save()
        return callback ? void saved.then(() => callback(), callback) : saved
      },
    }
    for (const [name, value] of Object.entries(values)) {
      Object.defineProperty(own, name, { value, configurable: true, writable: true })
    }
    req.session = own as never
    next()
  }, next)
}

interface Kind {
  start: () => Promise<string>
  /** Whether a login leaves a record; default true. */
  hasRecord?: boolean
}

function describeGuards(name: string, { start, hasRecord = true }: Kind): void {
  describe(name, () => {
    it(
      hasRecord ? 'has all three guards' : 'leaves no record of a login, and has confirmations',
      async () => {
        passTime(0)
        const alice = await network.createAccount(`alice${Math.random().toString(36).slice(2)}.test`)
        const { accountId, publicKey } = alice
        const url = await start()
        const browser = new Browser(url)
        await signIn(browser, alice)
        const loggedInAt = Date.now()
        const login = { accountId, publicKey, network: 'mainnet', loggedInAt, checkedAt: loggedInAt }
        const user = { id: accountId }
        expect(await getJson(browser, '/user')).toEqual({
          status: 200,
          body: { user, login: hasRecord ? login : null },
        })
        expect((await postJson(browser, '/keys')).status).toBe(hasRecord ? 200 : 401)

        const order = { amount: '10', to: 'bob.test' }
        const confirmation = await confirm(browser, alice, order)
        expect(await postJson(browser, '/transfer', { ...order, confirmation })).toMatchObject({
          status: 200,
          body: { accountId, publicKey, message: 'Send 10 NEAR to bob.test' },
        })
        const other = await confirm(browser, alice, order)
        expect(
          await postJson(browser, '/transfer', { ...order, amount: '11', confirmation: other }),
        ).toMatchObject({
          status: 401,
          body: { code: 'ERR_NEAR_CONFIRMATION_MISMATCH' },
        })

        const before = network.requestCount
        passTime(every)
        const checked = { ...login, checkedAt: loggedInAt + every }
        const expected = { status: 200, body: { user, login: hasRecord ? checked : null } }
        expect(await getJson(browser, '/user')).toEqual(expected)
        expect(await getJson(browser, '/user')).toEqual(expected)
        expect(network.requestCount - before).toBe(hasRecord ? 1 : 0)
        if (!hasRecord) return

        passTime(900_001 - every)
        expect(await postJson(browser, '/keys')).toMatchObject({
          status: 401,
          body: { code: 'ERR_NEAR_LOGIN_TOO_OLD' },
        })
        network.fail('http-500')
        passTime(3_600_000)
        expect(await getJson(browser, '/user')).toMatchObject({
          status: 503,
          body: { code: 'ERR_NEAR_RPC_UNAVAILABLE' },
        })
        network.recover()
        alice.deleteKey(publicKey)
        passTime(30_000)
        expect(await getJson(browser, '/user')).toEqual({ status: 200, body: { user: null, login: null } })
        alice.addKey({ publicKey })
        expect(await getJson(browser, '/user')).toEqual({ status: 200, body: { user: null, login: null } })
        await signIn(browser, alice)
        expect(await getJson(browser, '/user')).toMatchObject({
          body: { user, login: { loggedInAt: Date.now() } },
        })
      },
    )
  })
}

describeGuards('Express 5', { start: () => startConnectLike(express(), memorySession()) })
describeGuards('Express 4', { start: () => startConnectLike(express4() as never, memorySession()) })
describeGuards('Connect', { start: () => startConnectLike(connect(), memorySession()) })
describeGuards('NestJS', { start: startNest })
describeGuards('Fastify on @fastify/session', { start: () => startFastify(false) })
describeGuards('Fastify on @fastify/secure-session', { start: () => startFastify(true), hasRecord: false })
describeGuards('Koa on a store', { start: () => startKoa(false) })
describeGuards('Koa on cookies', { start: () => startKoa(true) })
describeGuards('cookie-session with regenerate and save', {
  start: () => startConnectLike(express(), cookieSessionWithShim),
})
describeGuards('iron-session with regenerate and save', {
  start: () =>
    startConnectLike(express(), ironSession, (req) =>
      (req.session as unknown as { save: () => Promise<void> }).save(),
    ),
})

describeWithRedis('sessions in Redis', () => {
  describeGuards('Express 5 on connect-redis', {
    start: async () => {
      const client = createClient({ url: (await RedisServer.start(cleanup)).url })
      await client.connect()
      cleanup.add(() => client.destroy())
      return startConnectLike(express(), memorySession(new RedisStore({ client, ttl: 86_400_000 })))
    },
  })
})
