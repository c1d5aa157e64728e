import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { Strategy as LocalStrategy } from 'passport-local'
import { NearStrategy, type NearStrategyOptions } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { Strategy as OAuth2Strategy } from 'passport-oauth2'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cleanup, listen } from '../support/app'
import { startOAuthProvider } from './oauth-provider'
import { Visitor } from './visitor'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount

beforeEach(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.near')
})
afterEach(() => cleanup.run())

/**
 * One application with NEAR, passwords and OAuth, each on its own routes, and `/login` for NEAR and
 * passwords.
 */
async function start(options: Partial<NearStrategyOptions> = {}): Promise<Visitor> {
  const provider = await startOAuthProvider(cleanup)
  const { url, server } = await listen(undefined, cleanup)
  const authenticator = new passport.Passport() as unknown as passport.PassportStatic
  const near = new NearStrategy(
    { recipient: 'app.example.com', rpc: network.rpcUrl, ...options, passReqToCallback: false },
    (profile, done) => done(null, { id: profile.accountId }),
  )
  authenticator.use(near)
  authenticator.use(
    new LocalStrategy((username, password, done) =>
      done(null, password === 'correct' ? { id: username } : false, { message: 'Wrong password' }),
    ),
  )
  authenticator.use(
    new OAuth2Strategy(
      {
        authorizationURL: `${provider}/authorize`,
        tokenURL: `${provider}/token`,
        clientID: 'client',
        clientSecret: 'secret',
        callbackURL: `${url}/login/oauth/callback`,
        state: true,
      },
      (_access: string, _refresh: string, _profile: unknown, done: (e: null, user: object) => void) =>
        done(null, { id: 'octavia' }),
    ),
  )
  authenticator.serializeUser((user, done) => done(null, user))
  authenticator.deserializeUser((user: Express.User, done) => done(null, user))

  const app = express()
  app.use(express.json())
  app.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false }))
  app.use(authenticator.session())
  app.get('/login/near/challenge', near.challengeHandler())
  app.post('/login/near', authenticator.authenticate('near'), (req, res) => void res.json(req.user))
  app.post('/login/password', authenticator.authenticate('local'), (req, res) => void res.json(req.user))
  app.get('/login/oauth', authenticator.authenticate('oauth2'))
  app.get(
    '/login/oauth/callback',
    authenticator.authenticate('oauth2', { successRedirect: '/me', failureRedirect: '/login/oauth/failed' }),
  )
  app.post('/login', authenticator.authenticate(['near', 'local']), (req, res) => void res.json(req.user))
  app.post('/login/infos', (req, res, next) => {
    const answer: passport.AuthenticateCallback = (error, user, info, status) =>
      error ? next(error) : void res.json({ user, info, status })
    ;(authenticator.authenticate(['near', 'local'], answer) as express.RequestHandler)(req, res, next)
  })
  app.get('/me', (req, res) => void res.json(req.user ?? null))
  app.use(((error, _req, res, _next) => {
    res.status((error as { status?: number }).status ?? 500).json({ code: (error as { code?: string }).code })
  }) as express.ErrorRequestHandler)
  server.on('request', app)
  return new Visitor(url)
}

const me = async (visitor: Visitor): Promise<unknown> => (await visitor.get('/me')).body

async function signInByOAuth(visitor: Visitor): Promise<void> {
  const away = await visitor.request('/login/oauth')
  const back = await fetch(away.headers.get('location')!, { redirect: 'manual' })
  const callback = new URL(back.headers.get('location')!)
  const arrived = await visitor.request(callback.pathname + callback.search)
  expect(arrived.headers.get('location')).toBe('/me')
}

describe('beside passport-local and passport-oauth2', () => {
  it('each signs in on its own route, one after the other in one browser', async () => {
    const visitor = await start()
    expect(await visitor.post('/login/password', { username: 'paul', password: 'correct' })).toMatchObject({
      status: 200,
    })
    expect(await me(visitor)).toEqual({ id: 'paul' })
    await signInByOAuth(visitor)
    expect(await me(visitor)).toEqual({ id: 'octavia' })
    expect((await visitor.post('/login/near', await visitor.sign(alice))).status).toBe(200)
    expect(await me(visitor)).toEqual({ id: 'alice.near' })
  })

  it('an OAuth login that ends first replaces the session, including the pending challenge', async () => {
    const visitor = await start()
    const away = await visitor.request('/login/oauth')
    const signed = await visitor.sign(alice)
    const back = await fetch(away.headers.get('location')!, { redirect: 'manual' })
    const callback = new URL(back.headers.get('location')!)
    expect((await visitor.request(callback.pathname + callback.search)).headers.get('location')).toBe('/me')
    expect(await me(visitor)).toEqual({ id: 'octavia' })
    expect((await visitor.post('/login/near', signed)).status).toBe(401) // A planted session is useless.
    expect(network.requestCount).toBe(0)
    expect(await me(visitor)).toEqual({ id: 'octavia' })
  })
})

describe("passport.authenticate(['near', 'local'])", () => {
  it('signs in with a NEAR login, and requires no password', async () => {
    const visitor = await start()
    expect(await visitor.post('/login', await visitor.sign(alice))).toEqual({
      status: 200,
      body: { id: 'alice.near' },
    })
    expect(await me(visitor)).toEqual({ id: 'alice.near' })
  })

  it('signs in with a password, without a consumed challenge or an RPC request', async () => {
    const visitor = await start()
    await visitor.sign(alice)
    const login = { username: 'paul', password: 'correct' }
    expect(await visitor.post('/login', login)).toEqual({ status: 200, body: { id: 'paul' } })
    expect(await me(visitor)).toEqual({ id: 'paul' })
    expect(network.requestCount).toBe(0)
  })

  it('rejects a login that neither strategy accepts, with the reason of each', async () => {
    const visitor = await start()
    const both = { username: 'paul', password: 'wrong' }
    expect((await visitor.post('/login', both)).status).toBe(400)
    expect((await visitor.post('/login/infos', both)).body).toEqual({
      user: false,
      info: [
        { code: 'ERR_NEAR_CREDENTIALS_MISSING', message: expect.stringContaining('incomplete') as string },
        { message: 'Wrong password' },
      ],
      status: [400, null],
    })
    expect(await me(visitor)).toBeNull()
  })

  it('does not fall back to a password during an RPC outage', async () => {
    const visitor = await start()
    const signed = await visitor.sign(alice)
    network.fail('http-500')
    const login = { ...signed, username: 'paul', password: 'correct' }
    expect(await visitor.post('/login', login)).toEqual({
      status: 503,
      body: { code: 'ERR_NEAR_RPC_UNAVAILABLE' },
    })
    expect(await me(visitor)).toBeNull()
  })

  it('accepts a posted password on a route with a wallet page', async () => {
    const visitor = await start({
      walletUrl: 'https://wallet.example.com',
      callbackUrl: 'https://app.example.com/login/near/callback',
    })
    expect(await visitor.post('/login', { username: 'paul', password: 'correct' })).toEqual({
      status: 200,
      body: { id: 'paul' },
    })
  })
})
