// A site with sessions in Redis and challenges in its sessions. It ends when its parent process ends.
import fastifyCookie from '@fastify/cookie'
import { Authenticator } from '@fastify/passport'
import fastifySession from '@fastify/session'
import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import fastify from 'fastify'
import Koa from 'koa'
import koaPassport from 'koa-passport'
import koaSession from 'koa-session'
import passport from 'passport'
import { createClient } from 'redis'
import NearStrategy from '../../dist/index.js'

const [framework, redisUrl, rpc] = process.argv.slice(2)
const client = createClient({ url: redisUrl })
await client.connect()
const near = new NearStrategy({ recipient: 'app.example.com', rpc }, (profile, done) =>
  done(null, { id: profile.accountId }),
)
const store = new RedisStore({ client })
process.on('disconnect', () => process.exit())

const start = {
  async express() {
    passport.serializeUser((user, done) => done(null, user))
    passport.deserializeUser((user, done) => done(null, user))
    const app = express()
    app.use(express.json())
    app.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false, store }))
    app.use(passport.session())
    app.get('/login/near/challenge', near.challengeHandler())
    app.post('/login/near', near.loginHandler())
    const server = app.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    return server.address().port
  },

  async fastify() {
    const app = fastify()
    await app.register(fastifyCookie)
    await app.register(fastifySession, {
      secret: 'a secret with minimum length of 32 characters',
      cookie: { secure: false },
      saveUninitialized: false,
      store,
    })
    const authenticator = new Authenticator()
    authenticator.registerUserSerializer(async (user) => user)
    authenticator.registerUserDeserializer(async (user) => user)
    await app.register(authenticator.initialize())
    await app.register(authenticator.secureSession())
    authenticator.use(near)
    app.get('/login/near/challenge', (request) => near.challenge(request))
    const login = authenticator.authenticate('near', async (request, reply, error, user, info, statuses) => {
      if (error) throw error
      if (!user) return reply.code([statuses].flat()[0] ?? 401).send([info].flat()[0])
      await request.logIn(user)
    })
    app.post('/login/near', { preValidation: login }, async () => ({}))
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server.address().port
  },

  async koa() {
    const app = new Koa()
    const external = {
      get: async (key) => JSON.parse((await client.get(key)) ?? 'null'),
      set: (key, data) => client.set(key, JSON.stringify(data)),
      destroy: (key) => client.del(key),
    }
    app.use(koaSession({ signed: false, store: external }, app))
    app.use(async (ctx, next) => {
      let text = ''
      for await (const chunk of ctx.req) text += String(chunk)
      ctx.request.body = text ? JSON.parse(text) : undefined
      await next()
    })
    const authenticator = new koaPassport.KoaPassport()
    authenticator.serializeUser((user, done) => done(null, user))
    authenticator.deserializeUser((user, done) => done(null, user))
    authenticator.use(near)
    app.use(authenticator.initialize())
    app.use(authenticator.session())
    app.use((ctx, next) => {
      if (ctx.path === '/login/near/challenge')
        return near.challenge(ctx).then((body) => void (ctx.body = body))
      return authenticator.authenticate('near', async (error, user, info, status) => {
        if (error) throw error
        ctx.status = user ? 200 : status
        ctx.body = user ? {} : info
        if (user) await ctx.login(user)
      })(ctx, next)
    })
    const server = app.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    return server.address().port
  },
}[framework]

process.send(`http://127.0.0.1:${await start()}`)
