import connect from 'connect'
import type { IncomingMessage } from 'node:http'
import passport from 'passport'
import { NearStrategy } from 'passport-near'

const near = new NearStrategy({ recipient: 'app.example.com' }, (profile, done) =>
  done(null, { id: profile.id }),
)
const withRequest = new NearStrategy(
  { recipient: 'app.example.com', name: 'near-with-request', passReqToCallback: true },
  (request: IncomingMessage, profile, done) => done(null, { url: request.url, id: profile.id }),
)
passport.use(near)
passport.use(withRequest)

export const app = connect()
app.use('/login/near/challenge', near.challengeHandler())
app.use('/other/challenge', withRequest.challengeHandler())
app.use('/login/near/callback', near.callbackPage())
