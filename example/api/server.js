// An API for apps, agents and pages of another origin: sign in with a NEAR account, get tokens. No cookie anywhere.
import { randomBytes } from 'node:crypto'
import express from 'express'
import jwt from 'jsonwebtoken'
import passport from 'passport'
import { ExtractJwt, Strategy as JwtStrategy } from 'passport-jwt'
import { NearAuthError, NearStrategy, SealedChallengeStore } from 'passport-near'
import * as refreshTokens from './refresh-tokens.js'
import * as users from './users.js'

const {
  PORT = '3000',
  RECIPIENT = `localhost:${PORT}`, // the domain of the site, which the wallet shows
  PAGE_ORIGIN = 'http://localhost:3002', // the page that may call this API
  CHALLENGE_SECRET = randomBytes(32).toString('hex'), // with the defaults, a restart ends every sign-in and every token
  TOKEN_SECRET = randomBytes(32).toString('hex'),
  ACCESS_TOKEN_LIFETIME = '5m', // how long a removed key can still call the API
  NEAR_NETWORK = 'mainnet',
  NEAR_RPC_URL, // without it, the strategy asks the public endpoints of the network
} = process.env

const near = new NearStrategy(
  {
    recipient: RECIPIENT,
    callbackUrl: `${PAGE_ORIGIN}/`,
    network: NEAR_NETWORK,
    rpc: NEAR_RPC_URL,
    // With more than one process, add a `client` of redis or ioredis.
    store: new SealedChallengeStore({ secret: CHALLENGE_SECRET }),
  },
  async ({ accountId, publicKey }, done) => {
    const { id } = await users.findOrCreate(accountId)
    done(null, { id, accountId, publicKey })
  },
)
const token = { algorithm: 'HS256', issuer: RECIPIENT, audience: RECIPIENT }
const accessTokens = new JwtStrategy(
  {
    jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
    secretOrKey: TOKEN_SECRET,
    algorithms: [token.algorithm],
    issuer: token.issuer,
    audience: token.audience,
  },
  ({ sub }, done) => {
    users.findById(sub).then((user) => done(null, user ?? false), done)
  },
)
passport.use(near)
passport.use(accessTokens)
const signedIn = passport.authenticate('jwt', { session: false })

/** The signature is never a token: it proves one moment. These are short-lived, and can be taken back. */
function sendTokens(res, login, refreshToken) {
  const accessToken = jwt.sign({}, TOKEN_SECRET, {
    ...token,
    subject: login.id,
    expiresIn: ACCESS_TOKEN_LIFETIME,
  })
  res.set('Cache-Control', 'no-store').json({ accessToken, refreshToken })
}

const app = express()
app.use((req, res, next) => {
  // Without Access-Control-Allow-Credentials, browsers send no cookie.
  res.set({ 'Access-Control-Allow-Origin': PAGE_ORIGIN, Vary: 'Origin' })
  if (req.method !== 'OPTIONS') return next()
  res.set({
    'Access-Control-Allow-Headers': 'authorization, content-type',
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Max-Age': '600',
  })
  res.sendStatus(204)
})
app.use(express.json())

app.get('/auth/near/challenge', near.challengeHandler())
app.post('/auth/near', (req, res, next) => {
  // Without a callback, Passport responds to a rejection with the status text only.
  const respond = (error, login, info, status) => {
    if (error) return next(error)
    if (!login) return res.status(status ?? 401).json(info)
    sendTokens(res, login, refreshTokens.issue(login))
  }
  passport.authenticate('near', { session: false }, respond)(req, res, next)
})
app.post('/auth/refresh', async (req, res) => {
  const login = refreshTokens.find(req.body?.refreshToken)
  // Asked first: while the chain cannot tell, this is a 503, and the refresh token stays good.
  const mayStay = login !== undefined && (await near.hasFullAccess(login))
  if (login && !mayStay) refreshTokens.revoke(req.body.refreshToken)
  const refreshToken = mayStay ? refreshTokens.rotate(req.body.refreshToken) : undefined
  if (!refreshToken) return res.status(401).json({ code: 'SIGN_IN_AGAIN', message: 'Sign in again.' })
  sendTokens(res, login, refreshToken)
})
app.post('/auth/sign-out', (req, res) => {
  refreshTokens.revoke(req.body?.refreshToken)
  res.sendStatus(204)
})
app.get('/me', signedIn, (req, res) => res.json(req.user))

// Express tells handlers of errors by their four parameters.
app.use((error, req, res, next) => {
  if (!(error instanceof NearAuthError)) return next(error)
  res.status(error.status).json({ code: error.code, message: error.message })
})
app.listen(Number(PORT), () => console.log(`http://localhost:${PORT}`))
