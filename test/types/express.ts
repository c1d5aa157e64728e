import express from 'express'
import passport from 'passport'
import { NearStrategy, type Challenge } from 'passport-near'

const near = new NearStrategy({ recipient: 'app.example.com', message: () => 'Hello' }, (profile, done) =>
  done(null, { id: profile.accountId }),
)
const withRequest = new NearStrategy(
  { recipient: 'app.example.com', name: 'near-with-request', passReqToCallback: true },
  (req: express.Request, profile, done) => done(null, { path: req.path, id: profile.id }),
)
passport.use(near)
passport.use('near-with-request', withRequest)

export const app = express()
app.get('/login/near/challenge', near.challengeHandler())
app.get('/other/challenge', withRequest.challengeHandler())
app.get('/login/near/callback', near.callbackPage())
app.post('/login/near', passport.authenticate('near'), (req, res) => void res.json(req.user))
app.post('/login/near/instance', passport.authenticate(near), (req, res) => void res.json(req.user))
app.post('/link/near', passport.authorize('near'), (_req, res) => void res.end())
export const challenge = (req: express.Request): Promise<Challenge> => near.challenge(req)
