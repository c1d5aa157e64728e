// A whole application: Express's parsers, sessions, Passport. It counts the outcomes that Passport gets for
// each request.
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import express from 'express'
import session, { MemoryStore } from 'express-session'
import passport from 'passport'
import { late } from './outcomes.mjs'

export async function startApp(near) {
  const authenticator = new passport.Passport()
  authenticator.serializeUser((user, done) => done(null, user))
  authenticator.deserializeUser((user, done) => done(null, user))
  authenticator.use(near)
  const store = new MemoryStore()
  const app = express()
  app.use(express.json({ strict: false }), express.urlencoded({ extended: true }), express.text())
  app.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false, store }))
  app.use(authenticator.session())
  app.get('/challenge', near.challengeHandler())
  app.post('/login', (req, res, next) => {
    let outcomes = 0
    authenticator.authenticate('near', (error, user, info, status) => {
      if (++outcomes > 1) return late.push(['over HTTP'])
      if (error) return next(error)
      if (user) return res.json({ id: user.id })
      res.status(status).json(info)
    })(req, res, next)
  })
  // eslint-disable-next-line no-unused-vars -- Express recognizes an error handler by its four parameters
  app.use((error, _req, res, _next) => {
    res
      .status(error.status ?? 500)
      .json({ code: error.code ?? error.type ?? 'UNKNOWN', message: error.message })
  })
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const { port } = server.address()

  /** @returns {Promise<{ status: number, body: object, cookie: string | undefined }>} */
  const send = (method, path, headers, text) =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port,
          method,
          path,
          agent,
          timeout: 10_000,
          headers: { ...headers, 'content-length': Buffer.byteLength(text) },
        },
        (response) => {
          const chunks = []
          response.on('data', (chunk) => chunks.push(chunk))
          response.on('end', () => {
            const answer = Buffer.concat(chunks).toString()
            const [cookie] = response.headers['set-cookie'] ?? []
            try {
              resolve({
                status: response.statusCode,
                body: JSON.parse(answer),
                cookie: cookie?.split(';')[0],
              })
            } catch {
              resolve({ status: response.statusCode, body: { answer }, cookie: undefined })
            }
          })
        },
      )
      outgoing.on('timeout', () => outgoing.destroy(new Error('no response: the request hangs')))
      outgoing.on('error', reject).end(text)
    })

  return {
    send,
    /** The sessions of a million challenges are in the memory store, not in the strategy. */
    forget: () => store.clear(),
    async stop() {
      agent.destroy()
      server.close()
      server.closeAllConnections()
    },
  }
}
