import { Router } from 'express'

/**
 * Sign-in with NEAR: in a pop-up with the page's script, and without it, in the same window.
 *
 * @param {Pick<ReturnType<typeof import('../sign-in.mjs').createSignIn>, 'passport' | 'near'>} strategies
 */
export function nearLoginRoutes({ passport, near }) {
  const router = Router()

  router.get('/login/near/challenge', near.challengeHandler())
  router.post('/login/near', (req, res, next) => {
    passport.authenticate('near', (error, user, info, status) => {
      if (error) return next(error)
      if (!user) return res.status(status).json(info)
      req.logIn(user, (failure) => (failure ? next(failure) : res.json({ next: '/account' })))
    })(req, res, next)
  })

  router.get('/login/near', passport.authenticate('near'))
  router.get('/login/near/callback', near.callbackPage())
  router.post('/login/near/callback', (req, res, next) => {
    passport.authenticate('near', (error, user, info) => {
      if (error) return next(error)
      if (!user) return res.redirect(303, `/?problem=${info?.code}`)
      req.logIn(user, (failure) => (failure ? next(failure) : res.redirect(303, '/account')))
    })(req, res, next)
  })

  return router
}
