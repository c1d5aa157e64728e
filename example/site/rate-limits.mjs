import { rateLimit } from 'express-rate-limit'

/**
 * Limits how often one address may ask for challenges and try to sign in: a person never meets these limits, not even an office
 * behind one address.
 *
 * @param {{ perMinute: number, storeFor: (name: string) => import('express-rate-limit').Store | undefined }} options -
 *   where it is counted: undefined for this process alone
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
      handler: answerTooMany,
    })
  return { challenges: limit('challenges'), logins: limit('logins') }
}

function answerTooMany(req, res) {
  res.status(429).set('Cache-Control', 'no-store')
  if (!req.accepts('html') || req.is('json')) return res.json({ code: 'TOO_MANY_REQUESTS' })
  res.render('problem', {
    title: 'Please wait a minute',
    text: 'There were very many attempts from your network. Nothing is wrong with your account: in a minute you can try again.',
  })
}
