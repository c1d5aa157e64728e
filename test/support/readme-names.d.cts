// What the README's shorter blocks take for granted: names that the application has, or that an earlier block made.
import Passport = require('passport')
import Express = require('express')
import Near = require('passport-near')
import type { signIn } from 'passport-near/client' with { 'resolution-mode': 'import' }

declare global {
  const app: Express.Express
  const express: typeof Express
  const passport: typeof Passport
  const NearStrategy: typeof Near
  const near: Near
  const verify: Near.Verify
  const challenge: Near.Challenge
  const message: string
  const nonce: Uint8Array
  const recipient: string
  const callbackUrl: string | undefined
  const signature: string
  const publicKey: string
  const button: HTMLButtonElement
  const wallet: Parameters<typeof signIn>[0]
  type StoredChallenge = Near.StoredChallenge
  const session: typeof import('express-session')
  const pool: { query(text: string, values?: unknown[]): Promise<{ rows: { challenge: StoredChallenge }[] }> }
  /** The store of docs/stores.md, which test/stores/readme.test.ts runs. */
  class PostgresChallengeStore implements Near.ChallengeStore {
    constructor(client: typeof pool)
    issue(req: object, challenge: StoredChallenge): Promise<void>
    consume(req: object, state: string | undefined): Promise<StoredChallenge | undefined>
  }

  namespace Express {
    interface User {
      // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each block's application has users of its own
      id: any
    }
    interface Request {
      account: Near.NearProfile
    }
  }
}
