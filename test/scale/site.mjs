// A site as one of many processes: sessions and challenges in Redis, no sticky sessions. Its parent process
// selects Redis and the client, gets the URL, and can request the resource usage.
import { memoryUsage, cpuUsage } from 'node:process'
import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import { Cluster, Redis } from 'ioredis'
import { Passport } from 'passport'
import { NearStrategy, RedisChallengeStore } from 'passport-near'
import { createClient, createCluster } from 'redis'

process.once('message', async ({ client: kind, urls, rpc }) => {
  const isCluster = urls.length > 1
  const sessions = isCluster
    ? createCluster({ rootNodes: urls.map((url) => ({ url })) })
    : createClient({ url: urls[0] })
  sessions.on('error', () => {})
  await sessions.connect()
  const ownClient = () => (isCluster ? new Cluster(urls) : new Redis(urls[0])).on('error', () => {})
  const store = new RedisChallengeStore(kind === 'ioredis' ? ownClient() : sessions)

  let logins = 0
  const near = new NearStrategy({ recipient: 'app.example.com', rpc, store }, (profile, done) => {
    logins++
    done(null, { id: profile.accountId })
  })
  const passport = new Passport()
  passport.use(near)
  passport.serializeUser((user, done) => done(null, user.id))
  passport.deserializeUser((id, done) => done(null, { id }))

  const app = express()
  app.use(express.json())
  app.use(
    session({
      secret: 'shared by all processes',
      resave: false,
      saveUninitialized: false,
      store: new RedisStore({ client: sessions }),
    }),
  )
  app.use(passport.session())
  app.get('/login/near/challenge', near.challengeHandler())
  app.post('/login/near', (req, res, next) => {
    passport.authenticate('near', (error, user, info, status) => {
      if (error) return next(error)
      if (!user) return res.status(status).json(info)
      req.logIn(user, (failure) => (failure ? next(failure) : res.json(user)))
    })(req, res, next)
  })
  app.get('/me', (req, res) => res.json(req.user ?? null))
  // eslint-disable-next-line no-unused-vars -- Express recognizes an error handler by its four parameters
  app.use((error, req, res, next) => res.status(error.status ?? 500).json({ code: error.code }))

  const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  process.on('message', () => {
    globalThis.gc?.()
    process.send({ logins, memory: memoryUsage(), cpu: cpuUsage() })
  })
})
process.on('disconnect', () => process.exit())
