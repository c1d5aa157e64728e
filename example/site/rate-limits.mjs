import { rateLimit } from 'express-rate-limit'
import { sendError } from './error-pages.mjs'
import { log } from './log.mjs'

/**
 * Limits the challenges and the logins that one address may request. The default is far above what one office behind one
 * address requests.
 *
 * @param {object} options
 * @param {number} options.perMinute
 * @param {(name: string) => import('express-rate-limit').Store | undefined} options.storeFor - undefined counts in this process
 */
export function createRateLimits({ perMinute, storeFor }) {
  const limit = (name) =>
    rateLimit({
      windowMs: 60_000,
      limit: perMinute,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      identifier: name,
      store: storeFor(name),
      handler(req, res) {
        // One line for each address and minute: a flood must not fill the log.
        const { used } = Object(req).rateLimit
        if (used === perMinute + 1) log('rate-limit', { outcome: 'rejected', limit: name })
        res.set('Cache-Control', 'no-store')
        sendError(req, res, 429, 'TOO_MANY_REQUESTS')
      },
    })
  return { challenges: limit('challenges'), logins: limit('logins') }
}
