// Sign in with a NEAR account, link a second account, sign out. Runs on Fastify 5 with sessions on the server.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fastifyCookie from '@fastify/cookie'
import { Authenticator } from '@fastify/passport'
import fastifySession from '@fastify/session'
import Fastify from 'fastify'
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
const passport = new Authenticator()
passport.use(near)
passport.use(linkNear)
passport.registerUserSerializer(async (user) => user.id)
passport.registerUserDeserializer(async (id) => (await users.findById(id)) ?? false)

const app = Fastify({ trustProxy: production }) // a reverse proxy terminates TLS
const cookieName = production ? '__Host-session' : 'session' // the prefix binds the cookie to this host and to https
const cookie = { path: '/', httpOnly: true, sameSite: 'lax', secure: production }
// In production, add a `store` such as connect-redis. The default store keeps sessions in memory.
await app.register(fastifyCookie)
await app.register(fastifySession, { cookieName, cookie, secret: SESSION_SECRET, saveUninitialized: false })
// With @fastify/secure-session, the next lines replace the two above. The session is then kept in the cookie alone,
// and an old cookie can bring back a used challenge after a restart.
// await app.register(import('@fastify/secure-session'), {
//   cookieName,
//   cookie,
//   secret: SESSION_SECRET,
//   salt: 'change me: 16 by',
// })
await app.register(passport.initialize())
await app.register(passport.secureSession())

app.setErrorHandler((error, request, reply) => {
  if (!(error instanceof NearAuthError)) return reply.send(error)
  return reply.code(error.status).send({ code: error.code, message: error.message })
})

const challenge = (strategy) => (request, reply) => {
  reply.header('cache-control', 'no-store')
  return strategy.challenge(request)
}
// Without a callback, @fastify/passport responds to a rejection with the status text only.
const authenticate = (name, onUser) =>
  passport.authenticate(name, async (request, reply, error, user, info, status) => {
    if (error) throw error
    // With several strategies, `info` and `status` are arrays.
    if (!user) return reply.code([status].flat()[0] ?? 401).send([info].flat()[0])
    await onUser(request, user)
    return reply.send(user)
  })

app.get('/login/near/challenge', challenge(near))
app.post(
  '/login/near',
  authenticate('near', (request, user) => request.logIn(user)),
)
app.get('/me', async (request) => ({ user: request.user ?? null }))
app.post('/logout', async (request, reply) => {
  await request.logout()
  return reply.code(204).send()
})

app.get('/link/near/challenge', challenge(linkNear))
app.post(
  '/link/near',
  authenticate('link-near', () => {}),
)

const page = readFileSync('index.html')
const client = readFileSync(new URL(import.meta.resolve('passport-near/client')))
app.get('/', (request, reply) => reply.type('text/html; charset=utf-8').send(page))
app.get('/passport-near-client.js', (request, reply) => reply.type('text/javascript').send(client))
app.get('/config.json', async () => ({ network: NEAR_NETWORK, walletUrl: WALLET_URL }))

await app.listen({ port: Number(PORT) })
console.log(`http://localhost:${PORT}`)
