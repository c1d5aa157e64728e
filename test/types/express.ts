import express from 'express'
import passport from 'passport'
import { NearStrategy, type Challenge, type RejectionInfo } from 'passport-near'

const near = new NearStrategy(
  {
    recipient: 'app.example.com',
    message: (req) => req.headers.host!,
    callbackUrl: process.env['CALLBACK_URL'],
  },
  (profile, done) => done(null, { id: profile.accountId }),
)
const withRequest = new NearStrategy(
  { recipient: 'app.example.com', name: 'near-with-request', passReqToCallback: true },
  (req, profile, done) => {
    const user: Express.User | undefined = req.user
    done(null, user ?? { url: req.url, next: req.body.next, id: profile.id })
  },
)
/** The request of Express has more than the default type: `get`, `path`. */
const annotated = new NearStrategy(
  { recipient: 'app.example.com', passReqToCallback: true, message: (req) => req.url! },
  (req: express.Request, profile, done) => done(null, { path: req.path, id: profile.id }),
)
const typed = new NearStrategy<express.Request, true>(
  { recipient: 'app.example.com', passReqToCallback: true, message: (req) => req.get('host')! },
  async (req, profile, done) => done(null, { path: req.path, id: profile.id }),
)
passport.use(near)
passport.use('near-with-request', withRequest)
passport.use('annotated', annotated)
passport.use('typed', typed)

export const app = express()
app.get('/login/near/challenge', near.challengeHandler())
app.get('/other/challenge', withRequest.challengeHandler())
app.get('/typed/challenge', express.json(), typed.challengeHandler())
app.get('/login/near/callback', near.callbackPage())
app.post('/login/near', passport.authenticate('near'), (req, res) => void res.json(req.user))
app.post('/login/near/instance', passport.authenticate(near), (req, res) => void res.json(req.user))
app.post('/link/near', passport.authorize('near'), (_req, res) => void res.end())
app.post('/json', near.loginHandler())
app.post(
  '/json/typed',
  near.loginHandler<express.Response>({ respond: (req, res) => res.json({ user: req.user }) }),
)
app.post(
  '/json/annotated',
  express.json(),
  typed.loginHandler({ respond: async (req, res: express.Response) => res.json({ path: req.path }) }),
)
app.post('/json/end', near.loginHandler({ respond: (req, res) => res.end(req.headers.host!) }))
app.post('/callback', (req, res, next) => {
  const decide = (error: unknown, user?: Express.User | false, info?: RejectionInfo): void => {
    if (user) res.json(user)
    else if (info?.code === 'ERR_NEAR_WALLET_REFUSED') res.status(401).json({ message: info.message })
    else next(error)
  }
  passport.authenticate('near', decide)(req, res, next)
})
export const challenge = (req: express.Request): Promise<Challenge> => near.challenge(req)
