// One application with one way to sign in. The benchmarks start it in a separate process, which loads only
// the modules that this way needs.
import { createPublicKey, randomBytes, verify } from 'node:crypto'
import http from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import bs58 from 'bs58'
import express from 'express'
import session from 'express-session'
import { Passport, Strategy } from 'passport'
import { hashLogin, MESSAGE, RECIPIENT } from './login.mjs'

const [, , contender, rpcUrl] = process.argv
/** The DER prefix of the 32 bytes of an Ed25519 key. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')

/** A typical hand-written login around a library: a nonce in the session, then the library's own function. */
class HandWritten extends Strategy {
  name = 'login'

  constructor(check) {
    super()
    this.check = check
  }

  async authenticate(req) {
    const { nonce } = req.session
    delete req.session.nonce
    if (!nonce) return this.fail(401)
    const payload = { message: MESSAGE, recipient: RECIPIENT, nonce: Buffer.from(nonce, 'base64') }
    const accepted = await this.check(req.body, payload).catch(() => false)
    if (accepted) this.success({ id: req.body.accountId })
    else this.fail(401)
  }
}

function handOutNonce(req, res) {
  req.session.nonce = randomBytes(32).toString('base64')
  res.json({ message: MESSAGE, recipient: RECIPIENT, nonce: req.session.nonce, state: 'none' })
}

/** Each function registers the strategy `login` and returns the handler of the challenge. */
const contenders = {
  async 'passport-local'() {
    const { Strategy: LocalStrategy } = await import('passport-local')
    const fields = { usernameField: 'accountId', passwordField: 'password' }
    passport.use(
      'login',
      new LocalStrategy(fields, (id, password, done) => done(null, password === 'correct' && { id })),
    )
    return handOutNonce
  },
  async 'passport-near'() {
    const { NearStrategy } = await import('passport-near')
    const near = new NearStrategy(
      { name: 'login', recipient: RECIPIENT, message: MESSAGE, rpc: rpcUrl },
      (profile, done) => done(null, { id: profile.accountId }),
    )
    passport.use(near)
    return near.challengeHandler()
  },
  /**
   * The least possible cost of a login by signature with one request to the chain. It checks nothing else.
   */
  async floor() {
    const agent = new http.Agent({ keepAlive: true })
    const headers = { 'content-type': 'application/json' }
    const view = { request_type: 'view_access_key', finality: 'final' }
    const viewAccessKey = (accountId, publicKey) =>
      new Promise((resolve, reject) => {
        const params = { ...view, account_id: accountId, public_key: publicKey }
        const request = http.request(rpcUrl, { agent, method: 'POST', headers }, (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk) => (text += chunk))
          response.on('end', () => resolve(JSON.parse(text).result))
        })
        request.on('error', reject)
        request.end(JSON.stringify({ jsonrpc: '2.0', id: '1', method: 'query', params }))
      })
    const keys = new Map()
    const keyFor = (publicKey) => {
      if (!keys.has(publicKey)) {
        const der = Buffer.concat([SPKI, bs58.decode(publicKey.slice(publicKey.indexOf(':') + 1))])
        keys.set(publicKey, createPublicKey({ key: der, format: 'der', type: 'spki' }))
      }
      return keys.get(publicKey)
    }
    passport.use(
      new HandWritten(async ({ accountId, publicKey, signature }, { nonce }) => {
        const hash = hashLogin(nonce)
        if (!verify(null, hash, keyFor(publicKey), Buffer.from(signature, 'base64'))) return false
        return (await viewAccessKey(accountId, publicKey)).permission === 'FullAccess'
      }),
    )
    return handOutNonce
  },
  async 'near-api-js'() {
    const { JsonRpcProvider } = await import('near-api-js')
    const { verifyMessage } = await import('near-api-js/nep413')
    const provider = new JsonRpcProvider({ url: rpcUrl })
    passport.use(
      new HandWritten(async ({ accountId, publicKey, signature }, payload) => {
        await verifyMessage({
          signerAccountId: accountId,
          signerPublicKey: publicKey,
          signature: Buffer.from(signature, 'base64'),
          payload,
          provider,
        })
        return true
      }),
    )
    return handOutNonce
  },
  async 'near-kit'() {
    const { Near, verifyNep413Signature } = await import('near-kit')
    const near = new Near({ network: { rpcUrl, networkId: 'localnet' } })
    passport.use(
      new HandWritten((signed, payload) =>
        verifyNep413Signature(signed, payload, { near, nonceValidation: 'none' }),
      ),
    )
    return handOutNonce
  },
}

const passport = new Passport()
passport.serializeUser((user, done) => done(null, user.id))
passport.deserializeUser((id, done) => done(null, { id }))

const app = express()
app.use(express.json())
const sessions = new session.MemoryStore()
app.use(session({ store: sessions, secret: 'bench', resave: false, saveUninitialized: false }))
app.use(passport.session())
app.get('/challenge', await contenders[contender]())
app.post('/login', passport.authenticate('login'), (req, res) => res.json({ id: req.user.id }))
// The two requests without any sign-in.
app.get('/nothing', (req, res) => {
  req.session.nonce = 'none'
  res.json({ nonce: req.session.nonce })
})
app.post('/nothing', (req, res) => res.json({}))

const delay = monitorEventLoopDelay({ resolution: 1 })

process.on('message', (message) => {
  if (message === 'start') {
    // Sessions of earlier measurements would increase the garbage collector's work.
    sessions.clear()
    delay.reset()
    delay.enable()
  } else delay.disable()
  process.send({
    cpu: process.cpuUsage(),
    residentBytes: process.memoryUsage.rss(),
    p999: delay.percentile(99.9) / 1e6,
  })
})

const server = app.listen(0, '127.0.0.1', () => {
  process.send({ url: `http://127.0.0.1:${server.address().port}` })
})
