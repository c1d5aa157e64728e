// Names that the pages' fragments use without declaring them: names of the application, or of another block.
import Passport = require('passport')
import Express = require('express')
import Near = require('passport-near')
import Users = require('./users.cjs')
import type { signIn } from 'passport-near/client' with { 'resolution-mode': 'import' }

declare global {
  const app: Express.Express
  const express: typeof Express
  const session: typeof import('express-session')
  const passport: typeof Passport
  const NearStrategy: typeof Near
  const near: Near
  const linkNear: Near
  const verify: Near.Verify
  const users: typeof Users
  const accessToken: string
  const openWallet: (url: string) => Promise<string>
  const sign: (message: object) => Promise<{ accountId: string; publicKey: string; signature: string }>
  const SealedChallengeStore: typeof Near.SealedChallengeStore
  const signedIn: Express.RequestHandler
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- its requests are not those of `near`
  const fastify: any
  const router: import('@koa/router')
  const message: string
  const nonce: Uint8Array
  const recipient: string
  const callbackUrl: string | undefined
  const signature: string
  const publicKey: string
  const button: HTMLButtonElement
  const wallet: Parameters<typeof signIn>[0]
  const schema: import('graphql').GraphQLSchema
  const client: Near.NodeRedisClient
  const transfer: Near.Confirmation
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- of the application's database
  const refreshTokens: Record<'find' | 'rotate' | 'take' | 'issue' | 'putBack', (token: any) => Promise<any>>
  const RedisChallengeStore: new (
    ...args: ConstructorParameters<typeof Near.RedisChallengeStore<Express.Request>>
  ) => Near.ChallengeStore
  const NearAuthError: typeof Near.NearAuthError
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- type of a database package
  const pool: { query(text: string, values?: unknown[]): Promise<{ rows: any[] }> }
  const findOrCreate: (db: typeof pool, profile: Near.NearProfile) => Promise<object>
  type StoredChallenge = Near.StoredChallenge
  class PostgresChallengeStore implements Near.ChallengeStore {
    constructor(client: typeof pool)
    issue(req: object, challenge: StoredChallenge): Promise<void>
    consume(req: object, state: string | undefined, purpose: string): Promise<StoredChallenge | undefined>
  }

  namespace Express {
    interface User {
      // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each block's application has its own users
      id: any
      name?: string
      accounts?: string[]
      sessionVersion?: number
    }
    interface Request {
      account: Near.NearProfile
    }
  }
}

declare module 'express-session' {
  interface SessionData {
    invited?: boolean
    visitor?: string
    messages?: string[]
  }
}
