import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'
import session from 'express-session'
import passport from 'passport'
import {
  NearStrategy,
  type DefaultRequest,
  type NearStrategyOptions,
  type Verify,
  type WalletContractsOptions,
} from 'passport-near'
import type { Challenge } from 'passport-near'

/** Ends the resources of a test, in reverse order. */
export class Cleanup {
  readonly #steps: (() => unknown)[] = []

  add(step: () => unknown): void {
    this.#steps.push(step)
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) await step()
  }
}

export async function listen(
  handler: Parameters<typeof createServer>[1],
  cleanup: Cleanup,
): Promise<{ url: string; server: Server }> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanup.add(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

/** The connections to a server that are open now. */
export function openConnections(server: Server): Set<unknown> {
  const open = new Set<unknown>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  return open
}

export interface TestAppOptions {
  near?: Partial<NearStrategyOptions<DefaultRequest, boolean, boolean | WalletContractsOptions>>
  verify?: Verify
  /** Passes the strategy itself to passport.authenticate instead of registering it by name. */
  asInstance?: boolean
  /** The session cookie's attributes. */
  cookie?: session.CookieOptions
  /** Middleware between the session and the routes. */
  before?: express.RequestHandler
  /** The session store; default in memory. */
  sessions?: session.Store
  /** Like passport.authenticate's option; default false. */
  keepSessionInfo?: boolean
  routes?: (app: Express, authenticator: passport.PassportStatic, near: NearStrategy) => void
}

export interface TestApp {
  url: string
  near: NearStrategy
  /** The number of responses after the strategy's `success`, `fail` and `error`, by status. */
  statuses: number[]
}

export const RECIPIENT = 'app.example.com'

/** The user of the tests, known only by the account. */
export const accountAsUser: Verify = (profile, done) => done(null, { id: profile.accountId, profile })

/** A real Express application with real sessions and a real Passport, on its own port. */
export async function startApp(cleanup: Cleanup, options: TestAppOptions = {}): Promise<TestApp> {
  const authenticator = new passport.Passport() as unknown as passport.PassportStatic
  authenticator.serializeUser((user, done) => done(null, user))
  authenticator.deserializeUser((user: Express.User, done) => done(null, user))
  const near = new NearStrategy(
    { recipient: RECIPIENT, ...options.near } as NearStrategyOptions,
    options.verify ?? accountAsUser,
  )
  if (!options.asInstance) authenticator.use(near)

  const statuses: number[] = []
  const app = express()
  app.use(express.json({ strict: false }), express.urlencoded({ extended: true }), express.text())
  const { cookie, sessions } = options
  app.use(
    session({
      secret: 'a secret of the tests',
      resave: false,
      saveUninitialized: false,
      ...(cookie && { cookie }),
      ...(sessions && { store: sessions }),
    }),
  )
  app.use(authenticator.session())
  if (options.before) app.use(options.before)
  app.get('/login/near/challenge', near.challengeHandler())
  app.post('/login/near', (req, res, next) => {
    res.on('finish', () => statuses.push(res.statusCode))
    const respond: passport.AuthenticateCallback = (error, user, info, status) => {
      if (error) return next(error)
      if (!user) return void res.status((status as number | undefined) ?? 401).json(info ?? {})
      const { keepSessionInfo = false } = options
      req.logIn(user, { session: true, keepSessionInfo }, (failure) =>
        failure ? next(failure) : res.json(user),
      )
    }
    const strategy = (options.asInstance ? near : 'near') as string
    ;(authenticator.authenticate(strategy, respond) as express.RequestHandler)(req, res, next)
  })
  app.get('/me', (req, res) => {
    res.json(req.user ?? null)
  })
  options.routes?.(app, authenticator, near)
  app.use(((error, _req, res, _next) => {
    res.status((error as { status?: number }).status ?? 500)
    const { code, type } = error as { code?: string; type?: string } // The type is body-parser's.
    res.json({ code: code ?? type, message: (error as Error).message })
  }) as express.ErrorRequestHandler)
  const { url } = await listen(app, cleanup)
  return { url, near, statuses }
}

export interface Answer {
  status: number
  body: { code?: string; message?: string } & Record<string, unknown>
}

/** A browser's cookies and the requests that a sign-in page makes. */
export class Browser {
  cookie = ''

  constructor(readonly url: string) {}

  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(this.url + path, {
      redirect: 'manual',
      ...init,
      headers: { ...(init.headers as Record<string, string>), cookie: this.cookie },
    })
    const set = response.headers.getSetCookie().at(-1)
    if (set) this.cookie = set.split(';')[0]!
    return response
  }

  async challenge(): Promise<Challenge> {
    const response = await this.request('/login/near/challenge')
    return (await response.json()) as Challenge
  }

  post(path: string, body: unknown): Promise<Response> {
    return this.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  }

  async login(body: unknown): Promise<Answer> {
    const response = await this.post('/login/near', body)
    return { status: response.status, body: (await response.json()) as Answer['body'] }
  }
}
