/*
 * Applications with one bug each: `node app.mjs <framework> <bug>…` prints their ports. Each has the routes
 * GET /challenge, POST /login (with the bug), GET /ping, and an error handler that responds `500 handled`.
 */
import { createServer } from 'node:http'
import cookieSession from 'cookie-session'
import session from 'express-session'
import { getIronSession } from 'iron-session'
import passportModule from 'passport'
import LocalStrategy from 'passport-local'
import { NearStrategy } from 'passport-near'

const [framework, ...bugs] = process.argv.slice(2)

/** A server whose application has this bug. */
function createApplication(bug) {
  const counts = { signedIn: 0, handled: 0 }
  const takeCounts = () => {
    const taken = { ...counts }
    counts.signedIn = counts.handled = 0
    return taken
  }
  const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

  const near = new NearStrategy({ recipient: 'r', rpc: process.env.RPC_URL }, async (profile, done) => {
    if (bug === 'redirect-after-time-limit' || bug === 'response-after-time-limit') await delay(300)
    done(null, { id: profile.accountId })
  })
  const local = new LocalStrategy((username, password, done) => done(null, false))

  /** The bugs of an application, as arguments of `passport.authenticate`. `send(status, body)` responds. */
  function authenticateArguments(adapter) {
    const { logIn, respond, fail } = adapter
    switch (bug) {
      case 'array-status': // A callback for a single status, behind two strategies.
        return [['local', 'near'], (...args) => adapter.naive(...args)]
      case 'callback-throws':
        return [
          'near',
          () => {
            throw new Error('bug')
          },
        ]
      case 'callback-throws-on-result':
        return [
          'near',
          adapter.callback((error) => {
            if (error) fail(error)
            else throw new Error('bug')
          }),
        ]
      case 'callback-throws-after-login':
        return [
          'near',
          adapter.callback((error, user) => {
            if (error) return fail(error)
            if (!user) return respond(401, 'rejected')
            return logIn(user, () => {
              throw new Error('bug')
            })
          }),
        ]
      case 'response-after-time-limit':
        return [
          'near',
          adapter.callback((error, user) => {
            if (error) return fail(error)
            if (!user) return respond(401, 'rejected')
            return logIn(user, (failure) => {
              if (failure) fail(failure)
              else respond(200, 'signed in')
            })
          }),
        ]
      case 'redirect-after-time-limit':
      case 'redirect':
        return ['near', { successRedirect: '/ping' }]
      case 'flash':
        return ['near', { failureFlash: true }]
      case 'message-without-session':
        return ['near', { failureMessage: true }]
      default:
        return ['near']
    }
  }

  function setUp(passport) {
    passport.use(near)
    passport.use(local)
    passport.serializeUser((user, done) => {
      counts.signedIn++
      if (bug === 'serialize-throws') throw new Error('bug')
      done(null, user.id)
    })
    passport.deserializeUser((id, done) => done(null, { id }))
    return passport
  }

  const secret = 'a secret of at least 32 characters, for tests'

  /** Connect-like sessions, by bug. */
  function sessionMiddleware() {
    if (bug === 'cookie-session') return cookieSession({ keys: [secret] })
    if (bug === 'iron-session') {
      return (req, res, next) =>
        void getIronSession(req, res, { password: secret, cookieName: 'iron' }).then((ironSession) => {
          req.session = ironSession
          next()
        }, next)
    }
    if (bug === 'message-without-session') return (req, res, next) => next()
    return session({ secret, resave: false, saveUninitialized: false })
  }

  const timeLimit = (req, res, next) => {
    if (bug.endsWith('after-time-limit') && req.url === '/login') {
      setTimeout(() => {
        res.statusCode = 503
        res.end('time limit')
      }, 100)
    }
    next()
  }

  /** iron-session is saved by its application. */
  const issueChallenge = (req, res, next) => {
    if (bug !== 'iron-session') return near.challengeHandler()(req, res, next)
    near.challenge(req).then(async (challenge) => {
      await req.session.save()
      res.end(JSON.stringify(challenge))
    }, next)
  }

  /** Arguments for one request of Connect or Express. */
  function forRequest(req, res, next, send) {
    const adapter = {
      logIn: (user, done) => req.logIn(user, done),
      respond: (status, body) => send(res, status, body),
      fail: (error) => next(error),
      callback: (callback) => callback,
      naive: (error, user, info, status) => {
        if (error) return next(error)
        if (!user) return send(res, status, info)
        req.logIn(user, (failure) => (failure ? next(failure) : send(res, 200, 'signed in')))
      },
    }
    return authenticateArguments(adapter)
  }

  const handlers = {
    express: async () => expressApp((await import('express')).default),
    express4: async () => expressApp((await import('express4')).default),
    async connect() {
      const { default: connect } = await import('connect')
      const { default: bodyParser } = await import('body-parser')
      const passport = setUp(new passportModule.Passport())
      const send = (res, status, body) => {
        if (typeof status !== 'number') throw new TypeError('status must be a number')
        res.writeHead(status)
        res.end(typeof body === 'string' ? body : JSON.stringify(body))
      }
      const app = connect()
      app.use(bodyParser.json())
      app.use(timeLimit)
      app.use(sessionMiddleware())
      app.use(passport.initialize())
      if (bug !== 'message-without-session') app.use(passport.session())
      app.use('/challenge', issueChallenge)
      app.use('/login', (req, res, next) =>
        passport.authenticate(...forRequest(req, res, next, send))(req, res, next),
      )
      app.use('/login', (req, res) => send(res, 200, 'signed in'))
      app.use('/ping', (req, res) => send(res, 200, JSON.stringify(takeCounts())))
      // eslint-disable-next-line no-unused-vars -- Express recognizes an error handler by its four parameters
      app.use((error, req, res, next) => {
        counts.handled++
        if (res.headersSent) return
        send(res, 500, 'handled')
      })
      return createServer(app)
    },
    async koa() {
      const { default: Koa } = await import('koa')
      const { default: koaPassport } = await import('koa-passport')
      const { default: koaSession } = await import('koa-session')
      const { bodyParser: koaBodyParser } = await import('@koa/bodyparser')
      const passport = setUp(new koaPassport.KoaPassport())
      const app = new Koa()
      app.keys = [secret]
      app.use(async (ctx, next) => {
        try {
          const limit = bug.endsWith('after-time-limit') && ctx.path === '/login'
          if (!limit) return await next()
          ctx.respond = false
          setTimeout(() => ctx.res.writeHead(503).end('time limit'), 100)
          await next()
        } catch {
          counts.handled++
          if (ctx.res.headersSent) return
          ctx.status = 500
          ctx.body = 'handled'
        }
      })
      const memory = new Map()
      const store = {
        get: (key) => memory.get(key),
        set: (key, value) => void memory.set(key, value),
        destroy: (key) => void memory.delete(key),
      }
      if (bug === 'iron-session') {
        app.use(async (ctx, next) => {
          ctx.session = await getIronSession(ctx.req, ctx.res, { password: secret, cookieName: 'iron' })
          await next()
        })
      } else if (bug !== 'message-without-session') app.use(koaSession({ store }, app))
      app.use(koaBodyParser())
      app.use(passport.initialize())
      if (bug !== 'message-without-session') app.use(passport.session())
      app.use(async (ctx, next) => {
        if (ctx.path === '/challenge') {
          ctx.body = await near.challenge(ctx)
          if (bug === 'iron-session') await ctx.session.save()
          return
        }
        if (ctx.path === '/ping') return void (ctx.body = JSON.stringify(takeCounts()))
        const respond = (status, body) => {
          ctx.status = status
          ctx.body = body
        }
        const adapter = {
          respond,
          logIn: (user, done) => ctx.login(user).then(() => done(), done),
          fail: (error) => {
            throw error
          },
          callback: (callback) => callback,
          naive: async (error, user, info, status) => {
            if (error) throw error
            if (!user) return respond(status, info)
            await ctx.login(user)
            respond(200, 'signed in')
          },
        }
        await passport.authenticate(...authenticateArguments(adapter))(ctx, next)
        if (ctx.status === 404 && ctx.isAuthenticated()) respond(200, 'signed in')
      })
      return createServer(app.callback())
    },
    async fastify() {
      const { default: Fastify } = await import('fastify')
      const { default: fastifyCookie } = await import('@fastify/cookie')
      const { default: fastifySession } = await import('@fastify/session')
      const { Authenticator: FastifyPassport } = await import('@fastify/passport')
      const passport = new FastifyPassport()
      passport.use(near)
      passport.use(local)
      passport.registerUserSerializer(async (user) => {
        counts.signedIn++
        if (bug === 'serialize-throws') throw new Error('bug')
        return user.id
      })
      passport.registerUserDeserializer(async (id) => ({ id }))
      const app = Fastify()
      await app.register(fastifyCookie)
      await app.register(fastifySession, { secret, cookie: { secure: false } })
      await app.register(passport.initialize())
      await app.register(passport.secureSession())
      app.setErrorHandler((error, request, reply) => {
        counts.handled++
        if (!reply.sent) return reply.code(500).send('handled')
      })
      app.addHook('onRequest', async (request, reply) => {
        if (bug.endsWith('after-time-limit') && request.url === '/login') {
          setTimeout(() => void reply.code(503).send('time limit'), 100)
        }
      })
      const adapter = {
        respond: (status, body) => current.reply.code(status).send(body),
        logIn: (user, done) => current.request.logIn(user).then(() => done(), done),
        fail: (error) => {
          throw error
        },
        callback:
          (callback) =>
          (request, reply, ...args) => {
            current.request = request
            current.reply = reply
            return callback(...args)
          },
        naive: (request, reply, error, user, info, status) => {
          if (error) throw error
          if (!user) return reply.code(status).send(info)
          return request.logIn(user)
        },
      }
      const current = {}
      app.get('/challenge', (request) => near.challenge(request))
      app.get('/ping', () => takeCounts())
      app.post(
        '/login',
        { preValidation: passport.authenticate(...authenticateArguments(adapter)) },
        () => 'signed in',
      )
      await app.ready()
      return app.server
    },
  }

  function expressApp(framework) {
    const passport = setUp(new passportModule.Passport())
    const app = framework()
    const send = (res, status, body) => res.status(status).send(body)
    app.use(framework.json())
    app.use(timeLimit)
    app.use(sessionMiddleware())
    app.use(passport.initialize())
    if (bug !== 'message-without-session') app.use(passport.session())
    app.get('/challenge', issueChallenge)
    app.post(
      '/login',
      (req, res, next) => passport.authenticate(...forRequest(req, res, next, send))(req, res, next),
      (req, res) => res.send('signed in'),
    )
    app.get('/ping', (req, res) => res.json(takeCounts()))

    app.use((error, req, res, next) => {
      counts.handled++
      if (res.headersSent) return next(error)
      res.status(500).send('handled')
    })
    return createServer(app)
  }

  return handlers[framework]()
}

const ports = bugs.map(async (bug) => {
  const server = await createApplication(bug)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return [bug, server.address().port]
})
console.log(JSON.stringify(Object.fromEntries(await Promise.all(ports))))
