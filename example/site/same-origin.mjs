import { log } from './log.mjs'

const LOCAL_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

/**
 * Express middleware that accepts a POST from the site's own pages only, so that no form of another site signs a visitor
 * in or out, or links an account. Browsers name the page's origin in the header `Origin`.
 *
 * With SITE_URL the origin is compared with it, not with the header `Host`, because a proxy may replace `Host`.
 * Without SITE_URL the site is for this machine: it answers to local names only, so that a foreign name that resolves to
 * 127.0.0.1 (DNS rebinding) gets nothing.
 *
 * @param {string | undefined} siteUrl - the site's public origin
 * @returns {import('express').RequestHandler}
 */
export function sameOrigin(siteUrl) {
  return (req, res, next) => {
    const reason = siteUrl ? checkPublic(req, siteUrl) : checkLocal(req)
    if (!reason) return next()
    log('other-site', { outcome: 'rejected', reason })
    res.status(403).json({ code: 'OTHER_SITE' })
  }
}

const changesNothing = ({ method }) => method === 'GET' || method === 'HEAD'

/** @returns {string | undefined} why the request is rejected */
function checkPublic(req, siteUrl) {
  const { origin } = req.headers
  if (changesNothing(req) || origin === undefined || origin === siteUrl) return undefined
  return 'The header Origin is not SITE_URL. If your own pages cause this, set SITE_URL to the address in the browser.'
}

/** @returns {string | undefined} why the request is rejected */
function checkLocal(req) {
  const { origin, host } = req.headers
  if (!LOCAL_HOST.test(host ?? '')) {
    return 'The header Host is not a name of this machine. Behind a proxy set SITE_URL to the address in the browser.'
  }
  const isOwnPage = origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
  if (changesNothing(req) || isOwnPage) return undefined
  return 'The header Origin is not the header Host. Behind a proxy set SITE_URL to the address in the browser.'
}
