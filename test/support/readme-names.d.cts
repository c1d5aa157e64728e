// Names that the README's shorter blocks use without declaring them: names of the application, or of an
// earlier block.
import Passport = require('passport')
import Express = require('express')
import Near = require('passport-near')
import type { signIn } from 'passport-near/client' with { 'resolution-mode': 'import' }

declare global {
  const app: Express.Express
  const express: typeof Express
  const passport: typeof Passport
  const NearStrategy: typeof Near
  const verify: Near.Verify
  const near: Near
  const addKey: Express.RequestHandler
  const send: Express.RequestHandler
  const sendTokens: Express.RequestHandler
  const button: HTMLButtonElement
  const wallet: Parameters<typeof signIn>[0]

  namespace Express {
    interface User {
      id: string
    }
  }
}
