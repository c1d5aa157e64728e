import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import express from 'express'
import session from 'express-session'
import helmet from 'helmet'
import { NearAuthError } from 'passport-near'
import { explain, isProblem } from './error-messages.mjs'
import { createRateLimits } from './rate-limits.mjs'
import { sameOrigin } from './same-origin.mjs'
import { createSignIn } from './sign-in.mjs'

const inThisFolder = (path) => fileURLToPath(new URL(path, import.meta.url))

/**
 * The site: a sign-in page, an account page, and the routes behind them.
 *
 * @param {object} parts
 * @param {string} parts.url - where it is served
 * @param {import('./users.mjs').Users} parts.users
 * @param {import('./chain.mjs').Chain} parts.chain
 * @param {string} parts.frontEnd - the page's script
 * @param {Awaited<ReturnType<typeof import('./redis.mjs').openRedis>>} [parts.redis] - what several processes share
 * @param {() => Promise<unknown>} parts.check - fails where the site cannot do its work
 * @param {number} parts.rateLimit - requests a minute from one address
 * @param {number | string} [parts.trustProxy] - whose X-Forwarded-For is believed
 * @param {number} [parts.challengeMaxAge] - in milliseconds
 */
export function createApp({
  url,
  users,
  chain,
  frontEnd,
  redis,
  check,
  rateLimit,
  trustProxy,
  challengeMaxAge,
}) {
  const challengeStore = (name) => redis?.challengeStore(name)
  const { passport, near, linkNear } = createSignIn({ url, chain, users, challengeStore, challengeMaxAge })
  const limits = createRateLimits({ perMinute: rateLimit, storeFor: (name) => redis?.rateLimitStore(name) })

  const app = express()
  app.set('trust proxy', trustProxy)
  app.set('view engine', 'ejs')
  app.set('views', inThisFolder('./views'))
  app.locals.chain = chain

  app.use((req, res, next) => {
    res.locals.nonce = randomBytes(16).toString('base64')
    next()
  })
  app.use(
    helmet({
      // The wallet's pop-up must be able to answer its opener.
      crossOriginOpenerPolicy: { policy: 'same-origin-allow-popups' },
      // With helmet's default, no-referrer, browsers hide the origin of our own forms as well.
      referrerPolicy: { policy: 'same-origin' },
      contentSecurityPolicy: { directives: chain.isEmbedded ? EMBEDDED_POLICY : REAL_WALLETS_POLICY },
      strictTransportSecurity: false,
    }),
  )
  app.get('/healthz', (req, res) => {
    res.set('Cache-Control', 'no-store')
    check().then(
      () => res.json({ status: 'ok' }),
      () => res.status(503).json({ status: 'unavailable' }),
    )
  })
  app.use(express.static(inThisFolder('./public')))
  app.get('/sign-in.js', (req, res) => {
    res.type('js').send(frontEnd)
  })
  app.use(sameOrigin)
  app.get(['/login/near', '/login/near/challenge', '/link/near/challenge'], limits.challenges)
  app.post(['/login/near', '/login/near/callback', '/login/password', '/link/near'], limits.logins)
  app.use(express.json(), express.urlencoded())
  app.use(
    session({
      name: 'example.sid',
      secret: process.env.SESSION_SECRET ?? randomBytes(32).toString('hex'),
      store: redis?.sessionStore,
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax', secure: url.startsWith('https:') },
    }),
  )
  app.use(passport.session())
  app.use((req, res, next) => {
    res.set('Cache-Control', 'no-store')
    next()
  })

  app.get('/', (req, res) => {
    if (req.user) return res.redirect('/account')
    const { problem } = req.query
    res.render('sign-in', {
      problem: typeof problem === 'string' ? explain(problem) : undefined,
      asProblem: isProblem(problem),
      passwordError: undefined,
    })
  })

  app.get('/login/near/challenge', near.challengeHandler())
  app.post('/login/near', (req, res, next) => {
    passport.authenticate('near', (error, user, info, status) => {
      if (error) return next(error)
      if (!user) return res.status(status).json(info)
      req.logIn(user, (failure) => (failure ? next(failure) : res.json({ next: '/account' })))
    })(req, res, next)
  })

  // The same without any script of ours: to the wallet in this window, and back.
  app.get('/login/near', passport.authenticate('near'))
  app.get('/login/near/callback', near.callbackPage())
  app.post('/login/near/callback', (req, res, next) => {
    passport.authenticate('near', (error, user, info) => {
      if (error) return next(error)
      if (!user) return res.redirect(`/?problem=${info?.code}`)
      req.logIn(user, (failure) => (failure ? next(failure) : res.redirect('/account')))
    })(req, res, next)
  })

  app.post('/login/password', (req, res, next) => {
    passport.authenticate('local', (error, user) => {
      if (error) return next(error)
      if (!user)
        return res.status(401).render('sign-in', {
          problem: undefined,
          passwordError: 'Wrong user name or password. Try again.',
        })
      req.logIn(user, (failure) => (failure ? next(failure) : res.redirect('/account')))
    })(req, res, next)
  })

  app.get('/account', requireUser, (req, res) => res.render('account', { user: req.user }))

  app.get('/link/near/challenge', requireUser, linkNear.challengeHandler())
  app.post('/link/near', requireUser, (req, res, next) => {
    const { id } = /** @type {Express.User} */ (req.user)
    // With options, empty as they are: without them Passport forgets that this is a link.
    passport.authorize('link-near', {}, async (error, account, info, status) => {
      if (error) return next(error)
      if (!account) return res.status(status).json(info)
      try {
        if (await users.link(id, account)) return res.json({ next: '/account' })
        res.status(409).json({ code: 'ACCOUNT_TAKEN' })
      } catch (failure) {
        next(failure)
      }
    })(req, res, next)
  })

  app.post('/logout', (req, res, next) => {
    req.logout((error) => (error ? next(error) : res.redirect('/')))
  })

  app.use((req, res) => {
    res.status(404).render('problem', {
      title: 'There is no such page',
      text: 'The address may be mistyped, or the page was moved.',
    })
  })
  app.use((error, req, res, next) => {
    if (res.headersSent) return next(error)
    const status = error.status ?? 500
    if (status >= 500) console.error(error)
    res.status(status)
    if (!req.accepts('html') || req.is('json'))
      return res.json({ code: error instanceof NearAuthError ? error.code : 'INTERNAL_ERROR' })
    res.render('problem', {
      title: status === 503 ? 'We cannot sign you in at the moment' : 'Something went wrong',
      text: 'It is not your fault. Please try again in a minute.',
    })
  })
  return app
}

const EMBEDDED_POLICY = { upgradeInsecureRequests: null }

/** near-connect runs each wallet's own code, loaded from wherever the wallet keeps it, in a sandboxed frame of this page. */
const REAL_WALLETS_POLICY = {
  upgradeInsecureRequests: null,
  scriptSrc: ["'self'", (req, res) => `'nonce-${res.locals.nonce}'`],
  connectSrc: ["'self'", 'https:', 'wss:'],
  imgSrc: ["'self'", 'https:', 'data:'],
  frameSrc: ["'self'", 'https:'],
}

function requireUser(req, res, next) {
  if (req.user) return next()
  if (req.accepts('html') && req.method === 'GET') return res.redirect('/')
  res.status(401).json({ code: 'SIGN_IN_FIRST' })
}
