// Sign in with a NEAR account, link a second account, sign out. Runs on Koa 3 with sessions on the server.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import Koa from 'koa'
import passport from 'koa-passport'
import session from 'koa-session'
import { NearAuthError, NearStrategy } from 'passport-near'
import * as users from './users.js'

const {
  PORT = '3000',
  RECIPIENT = `localhost:${PORT}`, // the domain of the site, which the wallet shows
  SESSION_SECRET = randomBytes(32).toString('hex'), // with the default, a restart ends every session
  NEAR_NETWORK = 'mainnet',
  NEAR_RPC_URL, // without it, the strategy asks the public endpoints of the network
  WALLET_URL, // the development wallet; dev.js sets it
} = process.env
const production = process.env.NODE_ENV === 'production'

const options = { recipient: RECIPIENT, network: NEAR_NETWORK, rpc: NEAR_RPC_URL }
const near = new NearStrategy(options, async ({ accountId }, done) => {
  done(null, await users.findOrCreate(accountId))
})
const linkNear = new NearStrategy(
  {
    ...options,
    name: 'link-near',
    linking: true, // only the user who requested the challenge can answer it
    passReqToCallback: true,
    message: (ctx) => `Link this account to ${ctx.state.user.accounts[0]} at ${RECIPIENT}`,
  },
  async (req, { accountId }, done) => {
    const rejection = { code: 'ACCOUNT_TAKEN', message: 'Another user has this account.' }
    done(null, await users.link(req.user, accountId), rejection)
  },
)
passport.use(near)
passport.use(linkNear)
passport.serializeUser((user, done) => done(null, user.id))
passport.deserializeUser((id, done) => {
  users.findById(id).then((user) => done(null, user ?? false), done)
})

const app = new Koa({ proxy: production }) // a reverse proxy terminates TLS
app.keys = [SESSION_SECRET]
app.use(async (ctx, next) => {
  try {
    await next()
  } catch (error) {
    if (!(error instanceof NearAuthError)) throw error
    ctx.status = error.status
    ctx.body = { code: error.code, message: error.message }
  }
})

// Sessions in memory. In production, use a store such as koa-redis. Without a store, koa-session keeps the session in
// the cookie alone, and an old cookie can bring back a used challenge after a restart.
const sessions = new Map()
const store = {
  get: async (key) => JSON.parse(sessions.get(key) ?? 'null'),
  set: async (key, value) => void sessions.set(key, JSON.stringify(value)),
  destroy: async (key) => void sessions.delete(key),
}
const key = production ? '__Host-session' : 'session' // the prefix binds the cookie to this host and to https
app.use(session({ store, key, httpOnly: true, sameSite: 'lax', secure: production }, app))
app.use(bodyParser())
app.use(passport.initialize())
app.use(passport.session())

const router = new Router()
const challenge = (strategy) => async (ctx) => {
  ctx.set('cache-control', 'no-store')
  ctx.body = await strategy.challenge(ctx)
}
// Without a callback, Passport responds to a rejection with the status text only.
const authenticate = (name, onUser) => (ctx, next) => {
  const respond = async (error, user, info, status) => {
    if (error) throw error
    if (user) await onUser(ctx, user)
    // With several strategies, `info` and `status` are arrays.
    if (!user) ctx.status = [status].flat()[0] ?? 401
    ctx.body = user || [info].flat()[0]
  }
  return passport.authenticate(name, respond)(ctx, next)
}

router.get('/login/near/challenge', challenge(near))
router.post(
  '/login/near',
  authenticate('near', (ctx, user) => ctx.login(user)),
)
router.get('/me', (ctx) => {
  ctx.body = { user: ctx.state.user ?? null }
})
router.post('/logout', async (ctx) => {
  await ctx.logout()
  ctx.status = 204
})

router.get('/link/near/challenge', challenge(linkNear))
router.post(
  '/link/near',
  authenticate('link-near', () => {}),
)

const page = readFileSync('index.html')
const client = readFileSync(new URL(import.meta.resolve('passport-near/client')))
const file = (type, content) => (ctx) => Object.assign(ctx, { type, body: content })
router.get('/', file('html', page))
router.get('/passport-near-client.js', file('js', client))
router.get('/config.json', file('json', { network: NEAR_NETWORK, walletUrl: WALLET_URL }))

app.use(router.routes())
app.listen(Number(PORT), () => console.log(`http://localhost:${PORT}`))
