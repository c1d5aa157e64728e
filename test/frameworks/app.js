// The application that the README's test signs in to: "Use", as a function that takes the strategy's option
// rpc.
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { NearStrategy } from 'passport-near'

export function createApp({ rpc }) {
  const near = new NearStrategy({ recipient: 'localhost:3000', rpc }, (profile, done) =>
    done(null, { id: profile.accountId }),
  )
  passport.use(near)
  passport.serializeUser((user, done) => done(null, user.id))
  passport.deserializeUser((id, done) => done(null, { id }))

  const app = express()
  app.use(express.json())
  app.use(session({ secret: 'change me', resave: false, saveUninitialized: false }))
  app.use(passport.session())
  app.get('/login/near/challenge', near.challengeHandler())
  app.post('/login/near', passport.authenticate('near'), (req, res) => res.json(req.user))
  return app
}
