/** The application under test, written like an application of a user, with its own NEAR network. */
const { once } = require('node:events')
const express = require('express')
const session = require('express-session')
const { Passport } = require('passport')
const NearStrategy = require('passport-near')
const { TestNetwork } = require('passport-near/testing')
const { Browser } = require('./browser')
const { Wallet } = require('./wallet')

const RECIPIENT = 'app.example.com'

const open = []

/**
 * @param near - options of the strategy beside `recipient` and `rpc`
 * @param verify - the strategy's `verify`; by default it accepts every account
 * @param hasSession - false for a site without session middleware
 * @param addRoutes - adds routes that the sign-in does not need
 */
async function startSite({ near: options, verify = acceptAccount, hasSession = true, addRoutes } = {}) {
  const network = await TestNetwork.start()
  open.push(() => network.stop())
  const profiles = []
  const passport = new Passport()
  const near = new NearStrategy(
    { recipient: RECIPIENT, rpc: network.rpcUrl, ...options },
    (profile, done) => {
      profiles.push(profile)
      return verify(profile, done)
    },
  )
  passport.use(near)
  passport.serializeUser((user, done) => done(null, user.id))
  passport.deserializeUser((id, done) => done(null, { id }))

  const app = express()
  app.use(express.json())
  app.use(express.urlencoded({ extended: false }))
  if (hasSession) {
    app.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false }))
    app.use(passport.session())
  }
  app.get('/login/near/challenge', near.challengeHandler())
  app.post('/login/near', (req, res, next) => {
    passport.authenticate('near', (error, user, info, status) => {
      if (error) return next(error)
      if (!user) return res.status(status ?? 401).json(info)
      req.logIn(user, (failure) => (failure ? next(failure) : res.json(user)))
    })(req, res, next)
  })
  app.post('/login/passport-alone', passport.authenticate('near'), (req, res) => res.json(req.user))
  app.post('/logout', (req, res, next) => {
    req.logout((error) => (error ? next(error) : res.sendStatus(204)))
  })
  app.get('/me', (req, res) => res.json(req.user ?? null))
  addRoutes?.(app, { passport, rpc: network.rpcUrl })
  app.use((error, req, res, next) => {
    if (!(error instanceof NearStrategy.NearAuthError)) return next(error)
    res.status(error.status).json({ code: error.code, message: error.message })
  })

  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(() => {
    server.close()
    server.closeAllConnections()
  })
  const origin = `http://127.0.0.1:${server.address().port}`
  return {
    network,
    /** What `verify` received, in order. */
    profiles,
    openBrowser: () => new Browser(origin),
    /** Creates an account on the network. Only the returned wallet has its key. */
    async createAccount(accountId, permission = 'FullAccess') {
      const wallet = new Wallet(accountId)
      wallet.account = await network.createAccount(wallet.accountId, {
        publicKey: wallet.publicKey,
        permission,
      })
      return wallet
    },
  }
}

/** Stops every site of a test. */
async function stopSites() {
  while (open.length > 0) await open.pop()()
}

function acceptAccount(profile, done) {
  done(null, { id: profile.accountId })
}

module.exports = { RECIPIENT, startSite, stopSites }
