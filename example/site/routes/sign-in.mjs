import { Router } from 'express'
import { isProblem, messageFor } from '../error-messages.mjs'
import { log } from '../log.mjs'
import { notePasswordLogin } from '../recent-login.mjs'

/** The sign-in page, sign-in with a password, and sign-out. */
export function signInRoutes({ passport }) {
  const router = Router()

  router.get('/', (req, res) => {
    if (req.user) return res.redirect('/account')
    const { problem } = req.query
    res.render('sign-in', {
      // The code selects a text of the site: another site's link cannot put its own text here.
      problem: typeof problem === 'string' ? messageFor(problem) : undefined,
      isProblem: isProblem(problem),
      passwordError: undefined,
    })
  })

  router.post('/login/password', (req, res, next) => {
    passport.authenticate('local', (error, user) => {
      log('login', { strategy: 'local', outcome: error ? 'error' : user ? 'success' : 'rejected' })
      if (error) return next(error)
      if (!user) {
        return res.status(401).render('sign-in', {
          problem: undefined,
          isProblem: false,
          passwordError: 'Wrong user name or password. Try again.',
        })
      }
      req.logIn(user, (failure) => {
        if (failure) return next(failure)
        notePasswordLogin(req)
        res.redirect(303, '/account')
      })
    })(req, res, next)
  })

  router.post('/logout', (req, res, next) => {
    req.logout((error) => (error ? next(error) : res.redirect(303, '/')))
  })

  return router
}
