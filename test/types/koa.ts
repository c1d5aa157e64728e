import Router from '@koa/router'
import Koa from 'koa'
import passport from 'koa-passport'
import { NearStrategy } from 'passport-near'

const near = new NearStrategy<Koa.Context>({ recipient: 'app.example.com' }, (profile, done) =>
  done(null, { id: profile.id }),
)
const withRequest = new NearStrategy<Koa.Request, true>(
  { recipient: 'app.example.com', name: 'near-with-request', passReqToCallback: true },
  (request, profile, done) => done(null, { ip: request.ip, id: profile.id }),
)
passport.use(near)
passport.use('other', withRequest)

const router = new Router()
router.get('/login/near/challenge', async (ctx) => {
  ctx.body = await near.challenge(ctx)
})
router.post('/login/near', passport.authenticate('near'))
export const app = new Koa().use(passport.initialize()).use(passport.session()).use(router.routes())
