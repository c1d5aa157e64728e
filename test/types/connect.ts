import connect from 'connect'
import type { IncomingMessage } from 'node:http'
import passport from 'passport'
import { NearStrategy } from 'passport-near'

const near = new NearStrategy<IncomingMessage>({ recipient: 'app.example.com' }, (profile, done) =>
  done(null, { id: profile.id }),
)
const withRequest = new NearStrategy<IncomingMessage, true>(
  { recipient: 'app.example.com', name: 'near-with-request', passReqToCallback: true },
  (request, profile, done) => done(null, { url: request.url, id: profile.id }),
)
passport.use(near)
passport.use(withRequest)

export const app = connect()
app.use('/login/near/challenge', near.challengeHandler())
app.use('/other/challenge', withRequest.challengeHandler())
app.use('/login/near/callback', near.callbackPage())
app.use('/login/near', near.loginHandler({ respond: (req, res) => res.end(req.url!) }))
