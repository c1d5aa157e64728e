import { fileURLToPath } from 'node:url'
import express from 'express'
import { createEndpointReports } from './endpoints.mjs'
import { errorHandler, notFound } from './error-pages.mjs'
import { createHealthCheck } from './health.mjs'
import { createRateLimits } from './rate-limits.mjs'
import { accountRoutes } from './routes/account.mjs'
import { nearLoginRoutes } from './routes/near-login.mjs'
import { paymentRoutes } from './routes/payments.mjs'
import { signInRoutes } from './routes/sign-in.mjs'
import { requireRecentLogin } from './recent-login.mjs'
import { sameOrigin } from './same-origin.mjs'
import { securityHeaders } from './security-headers.mjs'
import { sessions, treatAsHttps } from './sessions.mjs'
import { createSignIn } from './sign-in.mjs'

const inThisFolder = (path) => fileURLToPath(new URL(path, import.meta.url))

/**
 * The site: a sign-in page, an account page, and the routes behind them.
 *
 * @param {object} parts
 * @param {string} parts.url - the site's origin: SITE_URL, or the address that it listens on
 * @param {string} [parts.siteUrl] - SITE_URL
 * @param {import('./users.mjs').Users} parts.users
 * @param {boolean} parts.hasDemoUser - whether the sign-in page names the user with the public password
 * @param {import('./chain.mjs').Chain} parts.chain
 * @param {string} parts.frontEnd - the page's script
 * @param {Awaited<ReturnType<typeof import('./redis.mjs').openRedis>>} [parts.redis] - undefined for a single process
 * @param {Parameters<typeof createHealthCheck>[0]} parts.services - one check for each service, for /healthz
 * @param {string} [parts.sessionSecret]
 * @param {number} parts.rateLimit - requests that one address may send in a minute
 * @param {number | string} [parts.trustProxy] - proxies whose X-Forwarded-For is trusted
 * @param {number} [parts.challengeMaxAge] - in milliseconds
 * @param {number} parts.keyCheckInterval - how long a yes of the chain about a session's key holds, in milliseconds
 * @param {number} parts.recentLogin - how long after a login the account can be changed, in milliseconds
 */
export function createApp({
  url,
  siteUrl,
  users,
  hasDemoUser,
  chain,
  frontEnd,
  redis,
  services,
  sessionSecret,
  rateLimit,
  trustProxy,
  challengeMaxAge,
  keyCheckInterval,
  recentLogin,
}) {
  const strategies = createSignIn({
    url,
    chain,
    users,
    challengeStore: redis?.challengeStore,
    challengeMaxAge,
  })
  const endpointReports = createEndpointReports(strategies.near)
  const limits = createRateLimits({ perMinute: rateLimit, storeFor: (name) => redis?.rateLimitStore(name) })
  const isHttps = url.startsWith('https:')

  const app = express()
  app.set('trust proxy', trustProxy)
  if (isHttps) treatAsHttps(app)
  app.set('view engine', 'ejs')
  app.set('views', inThisFolder('./views'))
  Object.assign(app.locals, { chain, hasDemoUser })

  app.use(securityHeaders({ realWallets: !chain.isEmbedded }))
  app.get('/healthz', createHealthCheck(services, endpointReports))
  app.use(express.static(inThisFolder('./public')))
  app.get('/sign-in.js', (req, res) => {
    res.type('js').send(frontEnd)
  })
  app.use(sameOrigin(siteUrl))
  app.get(['/login/near', '/login/near/challenge', '/link/near/challenge'], limits.challenges)
  app.post('/payments/challenge', limits.challenges)
  app.post('/payments', limits.logins)
  app.post(['/login/near', '/login/near/callback', '/login/password', '/link/near'], limits.logins)
  app.use(express.json(), express.urlencoded())
  app.use(sessions({ isHttps, secret: sessionSecret, store: redis?.sessionStore }))
  app.use(strategies.passport.session())
  // A key that was removed from its account ends the session.
  app.use(strategies.near.revalidate({ every: keyCheckInterval }))
  app.use((req, res, next) => {
    res.set('Cache-Control', 'no-store')
    next()
  })

  const recent = requireRecentLogin(strategies.near, recentLogin)
  app.use(signInRoutes(strategies), nearLoginRoutes(strategies))
  app.use(accountRoutes({ users, recent, ...strategies }), paymentRoutes({ users, ...strategies }))
  app.use(notFound)
  app.use(errorHandler)
  return { app, endpointReports }
}
