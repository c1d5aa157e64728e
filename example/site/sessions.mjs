import { randomBytes } from 'node:crypto'
import session from 'express-session'

/**
 * Express middleware for sessions.
 *
 * On https the cookie is `secure`, and its name starts with `__Host-`: browsers then take it from this host over https
 * only, so that neither another subdomain nor a plain http response can plant a session.
 *
 * @param {object} options
 * @param {boolean} options.isHttps - whether browsers reach the site over https
 * @param {string} [options.secret] - undefined makes one, which a restart replaces
 * @param {import('express-session').Store} [options.store] - undefined for this process's memory
 */
export function sessions({ isHttps, secret = randomBytes(32).toString('hex'), store }) {
  return session({
    name: isHttps ? '__Host-example.sid' : 'example.sid',
    secret,
    store,
    resave: false,
    saveUninitialized: false,
    cookie: { path: '/', httpOnly: true, sameSite: 'lax', secure: isHttps },
  })
}

/**
 * Tells Express that requests arrive over https. express-session sends a secure cookie on such requests only, and the
 * requests of a proxy that ends TLS look like plain http. Without this, each login fails with ERR_NEAR_CHALLENGE_MISSING.
 *
 * @param {import('express').Express} app
 */
export function treatAsHttps(app) {
  Object.defineProperty(app.request, 'secure', { get: () => true })
}
