import { Router } from 'express'
import { sendError, wantsJson } from '../error-pages.mjs'
import { setNotice, takeNotice } from '../notices.mjs'

/**
 * The account page, and linking and unlinking of NEAR accounts.
 *
 * @param {{ users: import('../users.mjs').Users, recent: import('express').RequestHandler } & Pick<ReturnType<typeof import('../sign-in.mjs').createSignIn>, 'passport' | 'linkNear'>} parts
 */
export function accountRoutes({ users, recent, passport, linkNear }) {
  const router = Router()

  router.get('/account', requireUser, async (req, res) => {
    const { accounts, hasPassword } = userOf(req)
    res.render('account', {
      user: req.user,
      notice: takeNotice(req),
      canUnlink: hasPassword || accounts.length > 1,
      payments: await users.payments(userOf(req).id),
    })
  })

  router.get('/link/near/challenge', requireUser, recent, linkNear.challengeHandler())
  router.post('/link/near', requireUser, recent, (req, res, next) => {
    const { id } = userOf(req)
    // With an options object, even an empty one: without it Passport drops that this is a link.
    passport.authorize('link-near', {}, async (error, profile, info, status) => {
      if (error) return next(error)
      if (!profile) return res.status(status).json(info)
      try {
        if (!(await users.link(id, profile))) return res.status(409).json({ code: 'ACCOUNT_TAKEN' })
        setNotice(req, 'LINKED', profile.accountId)
        res.json({ next: '/account' })
      } catch (failure) {
        next(failure)
      }
    })(req, res, next)
  })

  router.post('/account/unlink', requireUser, recent, async (req, res) => {
    const { network, accountId } = req.body ?? {}
    const result = await users.unlink(userOf(req).id, { network, accountId })
    if (result === 'not-linked') return sendError(req, res, 409, 'ACCOUNT_NOT_LINKED')
    if (result === 'last-way-in') return sendError(req, res, 409, 'LAST_WAY_IN')
    setNotice(req, 'UNLINKED', accountId)
    if (wantsJson(req)) return res.json({ next: '/account' })
    res.redirect(303, '/account')
  })

  return router
}

export const userOf = (req) => /** @type {Express.User} */ (req.user)

/** @type {import('express').RequestHandler} */
export function requireUser(req, res, next) {
  if (req.user) return next()
  if (!wantsJson(req) && req.method === 'GET') return res.redirect('/')
  sendError(req, res, 401, 'SIGN_IN_FIRST')
}
