import {
  NearStrategy,
  SessionChallengeStore,
  type LoginEvent,
  type NearAuthErrorCode,
  type NearProfile,
  type NearStrategyOptions,
} from 'passport-near'
import type { IncomingMessage } from 'node:http'

export const all: NearStrategyOptions = {
  recipient: 'app.example.com',
  message: async () => 'Hello',
  callbackUrl: 'https://app.example.com/login',
  network: 'testnet',
  rpc: [new URL('https://rpc.example.com'), { url: 'https://rpc.example.com', headers: { key: 'value' } }],
  quorum: 2,
  rpcTimeout: 1000,
  allowImplicit: true,
  challengeMaxAge: 1000,
  store: new SessionChallengeStore({ key: 'near' }),
  requireCallbackUrl: true,
  walletUrl: 'https://app.mynearwallet.com',
  passReqToCallback: false,
  verifyTimeout: 1000,
  linking: true,
  currentUser: (req) => req.headers.authorization,
  name: 'near',
}

export const plain = new NearStrategy({ recipient: 'app.example.com' }, (profile, done) => {
  const { id, displayName, accountId, publicKey }: Record<string, string> = { ...profile }
  const provider: 'near' = profile.provider
  const network: 'mainnet' | 'testnet' = profile.network
  done(null, { id, displayName, accountId, publicKey, provider, network })
})

/** Options in a variable: with a request, and without. */
export const fromOptions = new NearStrategy(all, (profile, done) => done(null, profile))
const handingOn: NearStrategyOptions<IncomingMessage, true> = {
  recipient: 'app.example.com',
  message: (req) => req.url ?? '',
  passReqToCallback: true,
}
export const handedOn = new NearStrategy(handingOn, (req, profile, done) =>
  done(null, { url: req.url, profile }),
)

export const withRequest = new NearStrategy(
  { recipient: 'app.example.com', passReqToCallback: true },
  (req: IncomingMessage, profile: NearProfile, done) => done(null, { url: req.url, id: profile.id }),
)

export const refusing = new NearStrategy({ recipient: 'app.example.com' }, async (profile, done) => {
  if (profile.accountId === 'a.near') return done(null, false, { code: 'NO' })
  if (profile.accountId === 'b.near') return done(null, undefined, 'no')
  return done(new Error('broken'))
})

/** The session's user is unknown without Passport's types, and Passport's type otherwise. */
export const current = new NearStrategy(
  { recipient: 'app.example.com', message: (req) => req.headers.host!, passReqToCallback: true },
  (req, profile, done) => done(null, { user: req.user, next: req.body.next, profile }),
)

/** The value of `passReqToCallback` is known only at run time. */
export const either = new NearStrategy(
  { recipient: 'app.example.com', passReqToCallback: process.argv.length > 2 },
  (...args: unknown[]) => void args,
)

export const codeOf = (event: LoginEvent): NearAuthErrorCode | undefined => event.code
