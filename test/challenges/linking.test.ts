import fastifyCookie from '@fastify/cookie'
import { Authenticator } from '@fastify/passport'
import fastifySession from '@fastify/session'
import express from 'express'
import session from 'express-session'
import fastify from 'fastify'
import Koa from 'koa'
import koaPassport from 'koa-passport'
import koaSession from 'koa-session'
import passport from 'passport'
import { Strategy as LocalStrategy } from 'passport-local'
import {
  NearStrategy,
  RedisChallengeStore,
  SessionChallengeStore,
  type Challenge,
  type ChallengeStore,
  type DefaultRequest,
  type NearStrategyOptions,
} from 'passport-near'
import { TestNetwork, type SignedMessage, type TestAccount } from 'passport-near/testing'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Browser, Cleanup, listen, RECIPIENT } from '../support/app'
import { describeWithRedis, RedisServer } from '../support/redis'

const everything = new Cleanup()
const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount
let bob: TestAccount

beforeAll(async () => {
  network = await TestNetwork.start()
  everything.add(() => network.stop())
  alice = await network.createAccount('alice.test')
  bob = await network.createAccount('bob.test')
})
afterEach(() => cleanup.run())
afterAll(() => everything.run())

interface Site {
  url: string
  /** The user and the account of each link. */
  links: string[]
}

/**
 * The routes of each site: /password, /logout, /near (sign-in) and, under /link, each way to link an account.
 */
interface Options {
  near?: Partial<NearStrategyOptions>
  keepSessionInfo?: boolean
  /** The two ways to use the strategy for linking. */
  way?: Way
}

type Way = 'authenticate with linking: true' | 'authorize' | 'authorize without options' | 'property'

const nearStrategy = (options: Partial<NearStrategyOptions> = {}): NearStrategy =>
  new NearStrategy({ recipient: RECIPIENT, rpc: network.rpcUrl, ...options }, (profile, done) =>
    done(null, { id: profile.accountId }),
  )

const strategiesOf = ({ near, way = 'authenticate with linking: true' }: Options) => ({
  signIn: nearStrategy(near),
  link: nearStrategy({
    ...near,
    ...((way === 'authenticate with linking: true' || way === 'authorize without options') && {
      name: 'link-near',
      linking: true,
    }),
  }),
})

async function startExpress(options: Options = {}): Promise<Site> {
  const { keepSessionInfo = false, way = 'authenticate with linking: true' } = options
  const { signIn, link } = strategiesOf(options)
  const links: string[] = []
  const authenticator = new passport.Passport() as unknown as passport.PassportStatic
  authenticator.serializeUser((user, done) => done(null, user))
  authenticator.deserializeUser((user: Express.User, done) => done(null, user))
  authenticator.use(new LocalStrategy({ passwordField: 'username' }, (id, _, done) => done(null, { id })))
  authenticator.use(signIn)
  authenticator.use('link-near', link)

  const app = express()
  app.use(express.json())
  app.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false }))
  app.use(authenticator.session())
  const signInOptions = { keepSessionInfo }
  const ok: express.RequestHandler = (_, res) => void res.json({})
  app.post('/password', authenticator.authenticate('local', signInOptions), ok)
  app.post('/logout', (req, res, next) =>
    req.logOut(signInOptions, (error) => (error ? next(error) : res.json({}))),
  )
  app.get('/near/challenge', signIn.challengeHandler())
  app.post('/near', rejectionsAsJson(authenticator, 'near', signInOptions), ok)
  app.get('/link/challenge', link.challengeHandler())
  const onLink: express.RequestHandler = (req, res) => {
    const { user, account } = req as { user?: { id: string }; account?: { id: string } }
    links.push(`${user?.id} ${account?.id}`)
    res.json({})
  }
  const linkOptions =
    way === 'property'
      ? { property: 'account', session: false }
      : { assignProperty: 'account', session: false }
  app.post(
    '/link',
    way === 'authorize' || way === 'authorize without options'
      ? (req, res, next) => {
          const respond: passport.AuthenticateCallback = (error, account, info, status) => {
            if (error) return next(error)
            if (!account) return void res.status(status as number).json(info)
            Object.assign(req, { account })
            onLink(req, res, next)
          }
          // Passport drops the options that authorize adds when a callback is in the place of the options.
          const handler =
            way === 'authorize'
              ? authenticator.authorize('link-near', {}, respond)
              : authenticator.authorize('link-near', respond as never)
          ;(handler as express.RequestHandler)(req, res, next)
        }
      : rejectionsAsJson(authenticator, 'link-near', linkOptions, 'account'),
    onLink,
  )
  app.use(((error, _req, res, _next) => {
    const { status = 500, code, message } = error as { status?: number; code?: string; message: string }
    res.status(status).json({ code, message })
  }) as express.ErrorRequestHandler)
  return { url: (await listen(app, cleanup)).url, links }
}

/** `passport.authenticate` with `failWithError`-like JSON: a rejection becomes `{ code }` with its status. */
function rejectionsAsJson(
  authenticator: passport.PassportStatic,
  name: string,
  options: object,
  property?: string,
): express.RequestHandler {
  return (req, res, next) => {
    const respond: passport.AuthenticateCallback = (error, user, info, status) => {
      if (error) return next(error)
      if (!user) return void res.status((status as number | undefined) ?? 401).json(info ?? {})
      if (property) {
        Object.assign(req, { [property]: user })
        return next()
      }
      req.logIn(user, options as passport.LogInOptions, next)
    }
    ;(authenticator.authenticate(name, options, respond) as express.RequestHandler)(req, res, next)
  }
}

async function startFastify({ keepSessionInfo = false, ...options }: Options = {}): Promise<Site> {
  const { signIn, link } = strategiesOf(options)
  const links: string[] = []
  const app = fastify()
  await app.register(fastifyCookie)
  await app.register(fastifySession, {
    secret: 'a secret with minimum length of 32 characters',
    cookie: { secure: false },
    saveUninitialized: false,
  })
  const authenticator = new Authenticator()
  authenticator.registerUserSerializer(async (user) => user)
  authenticator.registerUserDeserializer(async (user) => user)
  await app.register(authenticator.initialize())
  await app.register(authenticator.secureSession())
  authenticator.use(signIn)
  authenticator.use('link-near', link)
  app.post('/password', async (request) => {
    await request.logIn({ id: (request.body as { username: string }).username }, { keepSessionInfo })
    return {}
  })
  app.post('/logout', async (request) => {
    await request.logOut()
    return {}
  })
  app.get('/near/challenge', (request) => signIn.challenge(request as unknown as DefaultRequest))
  const signInWithNear = authenticator.authenticate('near', { keepSessionInfo } as never)
  app.post('/near', { preValidation: signInWithNear }, async () => ({}))
  app.get('/link/challenge', (request) => link.challenge(request as unknown as DefaultRequest))
  app.post(
    '/link',
    {
      preValidation: authenticator.authorize(
        'link-near',
        async (request, reply, error, account, info, statuses) => {
          if (error) throw error
          if (!account) {
            const [status] = [statuses].flat()
            return reply.code(status ?? 401).send([info].flat()[0])
          }
          links.push(`${(request.user as { id: string }).id} ${(account as { id: string }).id}`)
        },
      ),
    },
    async () => ({}),
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  cleanup.add(() => app.close())
  return { url: `http://127.0.0.1:${(app.server.address() as { port: number }).port}`, links }
}

/** koa-session keeps the session's content at login and at logout. */
async function startKoa(withStore: boolean): Promise<Site> {
  const { link } = strategiesOf({})
  const links: string[] = []
  const content = new Map<string, string>()
  const store = {
    get: async (key: string) => JSON.parse(content.get(key) ?? 'null') as object,
    set: async (key: string, data: unknown) => void content.set(key, JSON.stringify(data)),
    destroy: async (key: string) => void content.delete(key),
  }
  const app = new Koa()
  app.silent = true
  app.use(koaSession({ signed: false, ...(withStore && { store }) }, app as never))
  app.use(async (ctx, next) => {
    let text = ''
    for await (const chunk of ctx.req) text += String(chunk)
    ;(ctx.request as { body?: unknown }).body = text ? JSON.parse(text) : undefined
    await next()
  })
  const authenticator = new koaPassport.KoaPassport()
  authenticator.serializeUser((user, done) => done(null, user))
  authenticator.deserializeUser((user: Express.User, done) => done(null, user))
  authenticator.use('link-near', link)
  app.use(authenticator.initialize())
  app.use(authenticator.session())
  app.use(async (ctx, next) => {
    const body = (ctx.request as { body?: unknown }).body as { username: string }
    if (ctx.path === '/password') await ctx.login({ id: body.username })
    if (ctx.path === '/logout') await ctx.logout()
    ctx.body = {}
    if (ctx.path === '/link/challenge') ctx.body = await link.challenge(ctx as unknown as DefaultRequest)
    if (ctx.path !== '/link') return
    const respond = async (
      error: unknown,
      account: { id: string } | false,
      info: object,
      status: number,
    ): Promise<void> => {
      if (error) throw error
      ctx.status = account ? 200 : status
      ctx.body = account ? {} : info
      if (account) links.push(`${(ctx.state as { user: { id: string } }).user.id} ${account.id}`)
    }
    await (authenticator.authorize('link-near', respond as never) as unknown as Koa.Middleware)(ctx, next)
  })
  const handle = app.callback()
  return { url: (await listen((req, res) => void handle(req, res), cleanup)).url, links }
}

async function post(browser: Browser, path: string, body: unknown = {}) {
  const response = await browser.post(path, body)
  const { code } = (await response.json()) as { code?: string }
  return { status: response.status, code }
}
const signInAs = async (browser: Browser, username: string): Promise<void> =>
  expect(await post(browser, '/password', { username })).toMatchObject({ status: 200 })
const requestChallenge = async (browser: Browser, path = '/link/challenge'): Promise<Challenge> => {
  const response = await browser.request(path)
  expect(response.status).toBe(200)
  return (await response.json()) as Challenge
}
const answer = async (browser: Browser, account = bob, path?: string): Promise<SignedMessage> =>
  account.signMessage(await requestChallenge(browser, path))

const missing = { status: 401, code: 'ERR_NEAR_CHALLENGE_MISSING' }
const good = { status: 200, code: undefined }

/** User A gets a challenge to link; user B replaces user A; user A's tab posts the response. */
async function expectBound({ url, links }: Site, signsOut: boolean): Promise<void> {
  const browser = new Browser(url)
  await signInAs(browser, 'a')
  const planted = await answer(browser)
  if (signsOut) expect(await post(browser, '/logout')).toMatchObject({ status: 200 })
  await signInAs(browser, 'b')
  const requests = network.requestCount
  expect(await post(browser, '/link', planted)).toEqual(missing)
  expect(network.requestCount).toBe(requests)
  expect(links).toEqual([])
  // The challenge is consumed, so its own user cannot use it any more.
  await signInAs(browser, 'a')
  expect(await post(browser, '/link', planted)).toEqual(missing)
  // The twin: each user can link, in the same tab and in another tab.
  const [one, other] = [await answer(browser), await answer(browser, alice)]
  expect(await post(browser, '/link', other)).toEqual(good)
  expect(await post(browser, '/link', one)).toEqual(good)
  expect(links).toEqual(['a alice.test', 'a bob.test'])
}

describe.each<Way>(['authenticate with linking: true', 'authorize', 'property'])(
  'a challenge to link, on Express with %s',
  (way) => {
    it.each([
      ['after a logout', false, true],
      ['after a logout, with keepSessionInfo', true, true],
      ['who replaces the first user, with keepSessionInfo', true, false],
    ])('is rejected for another user %s', async (_, keepSessionInfo, signsOut) => {
      await expectBound(await startExpress({ way, keepSessionInfo }), signsOut)
    })
  },
)

describe('a challenge to link, with session libraries that keep the content', () => {
  it.each([false, true])(
    'is rejected for another user on @fastify/session (keepSessionInfo: %s)',
    async (keepSessionInfo) => {
      await expectBound(await startFastify({ keepSessionInfo }), false)
    },
  )

  it.each([
    ['with a store', true],
    ['with cookies only', false],
  ])('is rejected for another user on koa-session %s', async (_, withStore) => {
    await expectBound(await startKoa(withStore), true)
  })
})

describeWithRedis('a challenge to link in Redis, under an id that survives login and logout', () => {
  it.each([true, false])('is rejected for another user (logout: %s)', async (signsOut) => {
    const client = createClient({ url: (await RedisServer.start(cleanup)).url })
    await client.connect()
    cleanup.add(() => client.destroy())
    const store = new RedisChallengeStore(client, { sessionId: () => 'a device' })
    await expectBound(await startExpress({ near: { store }, keepSessionInfo: true }), signsOut)
  })
})

describe('linking', () => {
  it('without a user is 401 ERR_NEAR_SIGN_IN_REQUIRED, for challenge and response', async () => {
    const { url, links } = await startExpress({ keepSessionInfo: true })
    const browser = new Browser(url)
    const response = await browser.request('/link/challenge')
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'ERR_NEAR_SIGN_IN_REQUIRED' })
    await signInAs(browser, 'a')
    const own = await answer(browser)
    await post(browser, '/logout')
    expect(await post(browser, '/link', own)).toEqual({ status: 401, code: 'ERR_NEAR_SIGN_IN_REQUIRED' })
    expect(links).toEqual([])
  })

  describe.each([
    ['Express', startExpress],
    ['Fastify', startFastify],
  ])('with keepSessionInfo on %s', (_, start) => {
    it('rejects a challenge that was issued before a login', async () => {
      const { url, links } = await start({ keepSessionInfo: true, way: 'authorize' })
      const browser = new Browser(url)
      const before = await answer(browser)
      await signInAs(browser, 'a')
      expect(await post(browser, '/link', before)).toEqual(missing)
      expect(links).toEqual([])
      expect(await post(browser, '/link', await answer(browser))).toEqual(good)
    })

    it('rejects a challenge that was issued before a NEAR login', async () => {
      const { url, links } = await start({ keepSessionInfo: true, way: 'authorize' })
      const browser = new Browser(url)
      const before = await answer(browser)
      expect(await post(browser, '/near', await answer(browser, alice, '/near/challenge'))).toEqual(good)
      expect(await post(browser, '/link', before)).toEqual(missing)
      expect(links).toEqual([])
      expect(await post(browser, '/link', await answer(browser))).toEqual(good)
    })
  })

  it('is bound with authorize(name, callback), whose options Passport drops', async () => {
    const options: Options = { way: 'authorize without options', keepSessionInfo: true }
    await expectBound(await startExpress(options), true)
  })

  it.each([
    ['a response to link', '/link/challenge', '/near'],
    ['a response to sign in', '/near/challenge', '/link'],
  ])('and signing in do not accept %s in place of the other, under one store', async (_, from, to) => {
    const { url, links } = await startExpress()
    const browser = new Browser(url)
    await signInAs(browser, 'a')
    const other = await answer(browser, bob, from)
    expect(await post(browser, to, other)).toEqual(missing)
    expect(links).toEqual([])
  })
})

describe('a store that drops the purpose and the user', () => {
  it('can be used for sign-in, and not for linking', async () => {
    const inner = new SessionChallengeStore()
    const store: ChallengeStore = {
      issue: (req, challenge) => inner.issue(req, challenge),
      async consume(...args) {
        const challenge = await inner.consume(...args)
        return challenge && ({ ...challenge, purpose: undefined, issuedTo: undefined } as never)
      },
    }
    const { url, links } = await startExpress({ near: { store }, keepSessionInfo: true })
    const browser = new Browser(url)
    expect(await post(browser, '/near', await answer(browser, alice, '/near/challenge'))).toEqual(good)
    expect(await post(browser, '/link', await answer(browser))).toEqual(missing)
    expect(links).toEqual([])
  })
})

describe('two strategies with one name that Passport registers under another', () => {
  it.each<[string, Partial<NearStrategyOptions>]>([
    ['messages', { message: 'Something else' }],
    ['purposes', { linking: true, currentUser: () => 'u' }],
  ])('reject each other’s challenges when they differ in their %s', async (_, difference) => {
    const strategies = [nearStrategy(), nearStrategy(difference)] as const
    const authenticator = new passport.Passport() as unknown as passport.PassportStatic
    authenticator.use('0', strategies[0])
    authenticator.use('1', strategies[1])
    const app = express()
    app.use(express.json())
    app.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false }))
    for (const [index, strategy] of strategies.entries()) {
      app.get(`/${index}/challenge`, strategy.challengeHandler())
      const login = authenticator.authenticate(String(index), { session: false, failWithError: true })
      app.post(`/${index}`, login as express.RequestHandler, (_req, res) => void res.json({}))
    }
    app.use(((error, _req, res, _next) => {
      res.status((error as { status: number }).status).json({})
    }) as express.ErrorRequestHandler)
    const browser = new Browser((await listen(app, cleanup)).url)
    for (const [from, to] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const signed = await answer(browser, bob, `/${from}/challenge`)
      expect((await post(browser, `/${to}`, signed)).status).toBe(401)
      expect((await post(browser, `/${from}`, await answer(browser, bob, `/${from}/challenge`))).status).toBe(
        200,
      )
    }
  })
})

describe('the option currentUser', () => {
  /** A login without Passport's session: the user comes from a header. */
  const start = async (currentUser: (req: DefaultRequest) => unknown): Promise<Site> =>
    startExpress({ near: { currentUser: currentUser as (req: DefaultRequest) => string | undefined } })
  const token = (req: DefaultRequest): string | undefined => req.headers.authorization

  class TokenBrowser extends Browser {
    token = ''

    override request(path: string, init: RequestInit = {}): Promise<Response> {
      const headers = {
        ...(init.headers as Record<string, string>),
        ...(this.token && { authorization: this.token }),
      }
      return super.request(path, { ...init, headers })
    }
  }

  it('binds the challenge to the user of a token', async () => {
    const { url, links } = await start(token)
    const browser = new TokenBrowser(url)
    expect((await browser.request('/link/challenge')).status).toBe(401)
    browser.token = 'a'
    const own = await answer(browser)
    browser.token = 'b'
    expect(await post(browser, '/link', own)).toEqual(missing)
    expect(links).toEqual([])
    expect(await post(browser, '/link', await answer(browser))).toEqual(good)
    expect(links).toHaveLength(1)
  })

  it.each<[string, unknown, string]>([
    ['a number', 5, 'got 5'],
    ['a promise', Promise.resolve('a'), 'got an object'],
    ['true', true, 'got true'],
  ])('that returns %s is a TypeError (500)', async (_, user, got) => {
    const { url } = await start(() => user)
    const response = await new Browser(url).request('/link/challenge')
    expect(response.status).toBe(500)
    expect(((await response.json()) as { message: string }).message).toBe(
      `NearStrategy: option "currentUser" must return a string, or undefined if no user is signed in; ${got}`,
    )
  })
})
