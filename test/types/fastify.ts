import { Authenticator } from '@fastify/passport'
import Fastify, { type FastifyRequest } from 'fastify'
import { NearStrategy } from 'passport-near'

const near = new NearStrategy<FastifyRequest>({ recipient: 'app.example.com' }, (profile, done) =>
  done(null, { id: profile.id }),
)
const withRequest = new NearStrategy<FastifyRequest, true>(
  { recipient: 'app.example.com', name: 'near-with-request', passReqToCallback: true },
  (request, profile, done) => done(null, { ip: request.ip, id: profile.id }),
)
const passport = new Authenticator()
passport.use(near)
passport.use('other', withRequest)

export const app = Fastify()
app.get('/login/near/challenge', (request) => near.challenge(request))
app.get('/other/challenge', (request) => withRequest.challenge(request))
app.post('/login/near', { preValidation: passport.authenticate('near') }, (request) => request.user)
app.post('/login/instance', { preValidation: passport.authenticate(near) }, (request) => request.user)
app.post('/link/near', { preValidation: passport.authorize('near') }, (request) => request.account)
