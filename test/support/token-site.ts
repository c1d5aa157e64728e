import { createHash, randomBytes } from 'node:crypto'
import express from 'express'
import { Passport } from 'passport'
import {
  NearStrategy,
  SealedChallengeStore,
  type Challenge,
  type NearProfile,
  type NearStrategyOptions,
  type SealedChallengeStoreOptions,
} from 'passport-near'
import { listen, RECIPIENT, type Answer, type Cleanup } from './app'

export const SECRET = 'a secret of the tests, which is long enough'

export interface TokenSiteOptions {
  near?: Partial<NearStrategyOptions>
  sealed?: Partial<SealedChallengeStoreOptions>
}

/** A site without cookies: no session middleware, and a challenge that travels sealed. */
export async function startTokenSite(cleanup: Cleanup, { near: given, sealed }: TokenSiteOptions = {}) {
  const verified: NearProfile[] = []
  const store = new SealedChallengeStore({ secret: SECRET, ...sealed })
  const near = new NearStrategy({ recipient: RECIPIENT, store, ...given }, (profile, done) => {
    verified.push(profile)
    done(null, { id: profile.accountId })
  })
  const passport = new Passport()
  passport.use(near)
  const app = express()
  app.use(express.json({ strict: false }), express.urlencoded({ extended: true }))
  app.get('/auth/near/challenge', near.challengeHandler())
  app.post('/auth/near/challenge', near.challengeHandler())
  app.post('/auth/near', (req, res, next) => {
    const respond = (error: unknown, user: unknown, info: object, status: number): void => {
      if (error) next(error)
      else res.status(user ? 200 : status).json(user || info)
    }
    ;(passport.authenticate('near', { session: false }, respond) as express.RequestHandler)(req, res, next)
  })
  app.use(((error, _req, res, _next) => {
    const { status = 500, code, message } = error as { status?: number; code?: string; message: string }
    res.status(status).json({ code, message })
  }) as express.ErrorRequestHandler)
  const { url } = await listen(app, cleanup)
  return { url, near, verified, openClient: () => new TokenClient(url) }
}

/** A client without cookies. It makes a code verifier for each sign-in. */
export class TokenClient {
  codeVerifier = randomBytes(32).toString('base64url')

  constructor(readonly url: string) {}

  get codeChallenge(): string {
    return createHash('sha256').update(this.codeVerifier).digest('base64url')
  }

  async challenge(query = `codeChallenge=${this.codeChallenge}`): Promise<Challenge> {
    return (await (await fetch(`${this.url}/auth/near/challenge?${query}`)).json()) as Challenge
  }

  async post(path: string, body: unknown): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: (await response.json()) as Answer['body'] }
  }

  login(signed: object): Promise<Answer> {
    return this.post('/auth/near', { ...signed, codeVerifier: this.codeVerifier })
  }
}
