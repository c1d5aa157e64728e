import {
  NearStrategy,
  SessionChallengeStore,
  type NearProfile,
  type NearStrategyOptions,
  type NearStrategyOptionsWithRequest,
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
  walletUrl: 'https://app.mynearwallet.com',
  passReqToCallback: false,
  verifyTimeout: 1000,
  name: 'near',
}

export const plain = new NearStrategy({ recipient: 'app.example.com' }, (profile, done) => {
  const { id, displayName, accountId, publicKey }: Record<string, string> = { ...profile }
  const provider: 'near' = profile.provider
  const network: 'mainnet' | 'testnet' = profile.network
  done(null, { id, displayName, accountId, publicKey, provider, network })
})

/** Options that are written down before: with a request, and without. */
export const fromOptions = new NearStrategy(all, (profile, done) => done(null, profile))
const handingOn: NearStrategyOptionsWithRequest<IncomingMessage> = {
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

// @ts-expect-error recipient is required
new NearStrategy({}, () => undefined)
// @ts-expect-error verify is required
new NearStrategy({ recipient: 'app.example.com' })
// @ts-expect-error there is no such network
new NearStrategy({ recipient: 'app.example.com', network: 'betanet' }, () => undefined)
// @ts-expect-error there is no such option
new NearStrategy({ recipient: 'app.example.com', recipent: 'app.example.com' }, () => undefined)
// @ts-expect-error without passReqToCallback the first argument is the profile
new NearStrategy({ recipient: 'app.example.com' }, (req: IncomingMessage, profile, done) =>
  done(null, { req, profile }),
)
