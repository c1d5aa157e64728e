const { SITE_URL } = process.env
/** The name that the site has behind a load balancer. */
const publicHost = SITE_URL && URL.canParse(SITE_URL) ? new URL(SITE_URL).host : undefined

/**
 * Connect middleware: what is posted must come from our own pages, as browsers say in `Origin`, and whoever asks must know
 * us by our own name. So no form on another site signs anybody in or out, and no name that was pointed at us later is served.
 */
export function sameOrigin(req, res, next) {
  const { origin, host } = req.headers
  const isOurName =
    /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host ?? '') ||
    (host !== undefined && host === publicHost)
  const isOurPage = origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
  const changesNothing = req.method === 'GET' || req.method === 'HEAD'
  if (isOurName && (changesNothing || isOurPage)) return next()
  res.status(403).json({ code: 'OTHER_SITE' })
}
