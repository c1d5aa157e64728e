/**
 * Lets a request pass whose user has signed in a short while ago. The strategy knows a login with NEAR; a login with a
 * password is noted by the site.
 *
 * @param {import('passport-near').NearStrategy} near
 * @param {number} maxAge - in milliseconds
 * @returns {import('express').RequestHandler}
 */
export function requireRecentLogin(near, maxAge) {
  const requireRecentNearLogin = near.requireRecentLogin({ maxAge })
  return (req, res, next) => {
    const { passwordLogin } = /** @type {{ passwordLogin?: { user: string, at: number } }} */ (
      /** @type {unknown} */ (req.session)
    )
    const isRecent = passwordLogin?.user === req.user?.id && Date.now() - Number(passwordLogin?.at) <= maxAge
    if (isRecent) next()
    else requireRecentNearLogin(req, res, next)
  }
}

/** Notes a login with a password, in the session that Passport has made for it. */
export function notePasswordLogin(req) {
  req.session.passwordLogin = { user: req.user.id, at: Date.now() }
}
