// Sign in with a NEAR account, link a second account, sign out. Runs on NestJS 11 and 12 with Express.
import 'reflect-metadata'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { Catch, Controller, Get, HttpCode, HttpException, Injectable, Module } from '@nestjs/common'
import { Post, Req, UseGuards, type ArgumentsHost, type ExecutionContext } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport'
import type { Request, Response } from 'express'
import session from 'express-session'
import passport from 'passport'
import { NearAuthError, NearStrategy, type NearProfile } from 'passport-near'
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

const options = { recipient: RECIPIENT, network: NEAR_NETWORK as 'mainnet' | 'testnet', rpc: NEAR_RPC_URL }
type SignedIn = Request & { user: users.User }

@Injectable()
class NearLogin extends PassportStrategy(NearStrategy) {
  constructor() {
    super(options)
  }

  validate({ accountId }: NearProfile) {
    return users.findOrCreate(accountId)
  }
}

@Injectable()
class NearLink extends PassportStrategy(NearStrategy, 'link-near') {
  constructor() {
    super({
      ...options,
      name: 'link-near',
      linking: true, // only the user who requested the challenge can answer it
      passReqToCallback: true,
      message: (req) => `Link this account to ${(req as SignedIn).user.accounts[0]} at ${RECIPIENT}`,
    })
  }

  async validate(req: SignedIn, { accountId }: NearProfile) {
    const rejection = { code: 'ACCOUNT_TAKEN', message: 'Another user has this account.' }
    return (await users.link(req.user, accountId)) || [false, rejection]
  }
}

/** Nest's own guard responds to every rejection with a bare 401 and does not keep the user in the session. */
function nearGuard(name: string) {
  class NearGuard extends AuthGuard(name) {
    override handleRequest<User>(error: unknown, user: User, info: unknown, _: unknown, status?: unknown) {
      if (error) throw error
      if (user) return user
      // With several strategies, `info` and `status` are arrays.
      const [response] = [info].flat() as object[]
      throw new HttpException(response!, ([status].flat()[0] ?? 401) as number)
    }

    override async canActivate(context: ExecutionContext) {
      await super.canActivate(context)
      if (name === 'near') await super.logIn(context.switchToHttp().getRequest())
      return true
    }
  }
  return NearGuard
}

@Catch(NearAuthError)
class NearAuthErrorFilter {
  catch({ status, code, message }: NearAuthError, host: ArgumentsHost) {
    host.switchToHttp().getResponse<Response>().status(status).json({ code, message })
  }
}

@Controller()
class LoginController {
  @Post('login/near')
  @HttpCode(200)
  @UseGuards(nearGuard('near'))
  login(@Req() req: SignedIn) {
    return req.user
  }

  @Get('me')
  me(@Req() req: Request) {
    return { user: req.user ?? null }
  }

  @Post('logout')
  @HttpCode(204)
  logout(@Req() req: Request) {
    return promisify(req.logout.bind(req))()
  }

  @Post('link/near')
  @HttpCode(200)
  @UseGuards(nearGuard('link-near'))
  link(@Req() req: SignedIn) {
    return req.user
  }
}

@Module({ imports: [PassportModule], controllers: [LoginController], providers: [NearLogin, NearLink] })
class AppModule {}

async function start() {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] })
  app.useGlobalFilters(new NearAuthErrorFilter())
  passport.serializeUser((user, done) => done(null, (user as users.User).id))
  passport.deserializeUser((id: string, done) => {
    users.findById(id).then((user) => done(null, user ?? false), done)
  })
  // In production, add a `store` such as connect-redis. The default store keeps sessions in memory.
  const name = production ? '__Host-session' : 'session' // the prefix binds the cookie to this host and to https
  const cookie = { httpOnly: true, sameSite: 'lax', secure: production } as const
  const proxy = production // a reverse proxy terminates TLS
  app.use(session({ name, cookie, proxy, secret: SESSION_SECRET, resave: false, saveUninitialized: false }))
  app.use(passport.session())
  app.use('/login/near/challenge', app.get(NearLogin).challengeHandler())
  app.use('/link/near/challenge', app.get(NearLink).challengeHandler())

  const client = readFileSync(new URL(import.meta.resolve('passport-near/client')))
  const config = { network: NEAR_NETWORK, walletUrl: WALLET_URL }
  app.getHttpAdapter().get('/', (_req: Request, res: Response) => res.sendFile('index.html', { root: '.' }))
  app.use('/passport-near-client.js', (_req: Request, res: Response) => res.type('js').send(client))
  app.use('/config.json', (_req: Request, res: Response) => res.json(config))
  await app.listen(Number(PORT), () => console.log(`http://localhost:${PORT}`))
}
void start()
