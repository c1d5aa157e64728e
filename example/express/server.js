// Sign in with a NEAR account, link a second account, sign out. Runs on Express 4 and 5.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { NearAuthError, NearStrategy } from 'passport-near'
import * as users from './users.js'

const {
  PORT = '3000',
  RECIPIENT = `localhost:${PORT}`, // the domain of the site, which the wallet shows
  SESSION_SECRET = randomBytes(32).toString('hex'), // with the default, a restart ends every session
  NEAR_NETWORK = 'mainnet',
  NEAR_RPC_URL, // without it, the strategy asks the public endpoints of the network
  WALLET_URL, // the development wallet; dev.js sets it
} = process.env
const production = process.env.NODE_ENV === 'production'

const options = { recipient: RECIPIENT, network: NEAR_NETWORK, rpc: NEAR_RPC_URL }
const near = new NearStrategy(options, async ({ accountId }, done) => {
  done(null, await users.findOrCreate(accountId))
})
const linkNear = new NearStrategy(
  {
    ...options,
    name: 'link-near',
    linking: true, // only the user who requested the challenge can answer it
    passReqToCallback: true,
    message: (req) => `Link this account to ${req.user.accounts[0]} at ${RECIPIENT}`,
  },
  async (req, { accountId }, done) => {
    const rejection = { code: 'ACCOUNT_TAKEN', message: 'Another user has this account.' }
    done(null, await users.link(req.user, accountId), rejection)
  },
)
passport.use(near)
passport.use(linkNear)
passport.serializeUser((user, done) => done(null, user.id))
passport.deserializeUser((id, done) => {
  users.findById(id).then((user) => done(null, user ?? false), done)
})

const app = express()
app.use(express.json())
app.use(
  session({
    name: production ? '__Host-session' : 'session', // the prefix binds the cookie to this host and to https
    secret: SESSION_SECRET,
    resave: false,
    saveUninitialized: false,
    proxy: production, // a reverse proxy terminates TLS
    cookie: { httpOnly: true, sameSite: 'lax', secure: production },
    // In production, add a `store` such as connect-redis. The default store keeps sessions in memory.
  }),
)
app.use(passport.session())

app.get('/login/near/challenge', near.challengeHandler())
app.post('/login/near', near.loginHandler({ respond: (req, res) => void res.json(req.user) }))
app.get('/me', (req, res) => res.json({ user: req.user ?? null }))
app.post('/logout', (req, res, next) => {
  req.logout((error) => (error ? next(error) : res.sendStatus(204)))
})

app.get('/link/near/challenge', linkNear.challengeHandler())
app.post('/link/near', (req, res, next) => {
  // Without a callback, Passport responds to a rejection with the status text only.
  const respond = (error, user, info, status) => {
    if (error) return next(error)
    if (user) return res.json(user)
    // With several strategies, `info` and `status` are arrays.
    res.status([status].flat()[0] ?? 401).json([info].flat()[0])
  }
  passport.authenticate('link-near', respond)(req, res, next)
})

const page = readFileSync('index.html')
const client = readFileSync(new URL(import.meta.resolve('passport-near/client')))
app.get('/', (req, res) => res.type('html').send(page))
app.get('/passport-near-client.js', (req, res) => res.type('js').send(client))
app.get('/config.json', (req, res) => res.json({ network: NEAR_NETWORK, walletUrl: WALLET_URL }))

app.use((error, req, res, next) => {
  if (!(error instanceof NearAuthError)) return next(error)
  res.status(error.status).json({ code: error.code, message: error.message })
})
app.listen(Number(PORT), () => console.log(`http://localhost:${PORT}`))
