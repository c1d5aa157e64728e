import type { AccessKeySource } from './access-keys/source'
import type { ChallengeStore } from './challenges/challenge-store'
import type { WalletContractsOptions } from './nep641/options'
import type { DefaultRequest } from './request'
import type { RpcEndpoint } from './rpc/endpoint'
import type { Network } from './rpc/options'

/** Options of a {@link NearStrategy}. Each optional option also takes `undefined`. */
export interface NearStrategyOptions<
  Request extends object = DefaultRequest,
  PassRequest extends boolean = false,
  WalletContracts extends boolean | WalletContractsOptions = false,
> {
  /** The site that the signed message is for. The wallet shows it. Use your own domain, never a value from a request. */
  recipient: string
  /**
   * The text that the wallet shows, or a function that returns it.
   *
   * @defaultValue `Sign in to <recipient>`
   */
  message?: string | ((req: Request) => string | Promise<string>) | undefined
  /**
   * Absolute URL to which a redirecting wallet returns. The challenge carries it.
   *
   * @defaultValue none
   */
  callbackUrl?: string | undefined
  /**
   * The network, which chooses the public RPC endpoints.
   *
   * @defaultValue `mainnet`
   */
  network?: Network | undefined
  /**
   * RPC endpoints in order of preference.
   *
   * @defaultValue the network's public endpoints
   */
  rpc?: RpcEndpoint | readonly RpcEndpoint[] | undefined
  /**
   * How many endpoints of `rpc` must confirm the key. A definite no of any endpoint that was asked rejects the login. More endpoints
   * than `quorum` help against outages only.
   *
   * @defaultValue `1`
   */
  quorum?: number | undefined
  /**
   * Time limit for the whole key check, all endpoints included (in milliseconds).
   *
   * @defaultValue `5000` (5 seconds)
   */
  rpcTimeout?: number | undefined
  /**
   * Where keys are looked up instead of `rpc`.
   *
   * @defaultValue reads `rpc`
   */
  accessKeys?: AccessKeySource | undefined
  /**
   * Accepts the key that an implicit account's id is made of while the account is not on chain.
   *
   * @defaultValue `false`
   */
  allowImplicit?: boolean | undefined
  /**
   * How long a challenge can be answered (in milliseconds).
   *
   * @defaultValue `300000` (5 minutes)
   */
  challengeMaxAge?: number | undefined
  /**
   * Where challenges are kept.
   *
   * @defaultValue `new SessionChallengeStore()`
   */
  store?: ChallengeStore | undefined
  /**
   * Accepts only a signature that includes `callbackUrl`: for sites whose wallets all answer by redirect. Needs `callbackUrl`.
   *
   * @defaultValue `false`
   */
  requireCallbackUrl?: boolean | undefined
  /**
   * URL of a web wallet for sign-in without front-end code. Needs `callbackUrl`.
   *
   * @defaultValue none
   */
  walletUrl?: string | undefined
  /**
   * Passes the request to `verify` as the first argument.
   *
   * @defaultValue `false`
   */
  passReqToCallback?: PassRequest | undefined
  /**
   * Time limit for `verify` to call `done`, and for `message` to return (in milliseconds).
   *
   * @defaultValue `4000` (4 seconds)
   */
  verifyTimeout?: number | undefined
  /**
   * Makes this a strategy that links accounts: a challenge needs a user who is signed in, and only that user can answer it.
   *
   * @defaultValue `false`
   */
  linking?: boolean | undefined
  /**
   * Returns the user who is signed in, for logins without a session, such as tokens.
   *
   * @defaultValue Passport's serialised user in the session
   */
  currentUser?: ((req: Request) => string | undefined) | undefined
  /**
   * Accepts accounts without access keys, such as passkey wallets and multisigs: their contracts are asked (NEP-641). `true` means
   * `{ maxDepth: 4, maxAuthorizations: 8 }`. The profile then has a field `via`.
   *
   * @defaultValue `false`
   */
  walletContracts?: WalletContracts | undefined
  /**
   * The strategy's name in Passport.
   *
   * @defaultValue `near`
   */
  name?: string | undefined
}

/** The name of each option. An unknown option is a TypeError. @internal */
export const KNOWN_OPTIONS: Readonly<Record<keyof NearStrategyOptions, true>> = {
  recipient: true,
  message: true,
  callbackUrl: true,
  network: true,
  rpc: true,
  quorum: true,
  rpcTimeout: true,
  accessKeys: true,
  allowImplicit: true,
  challengeMaxAge: true,
  store: true,
  requireCallbackUrl: true,
  walletUrl: true,
  passReqToCallback: true,
  verifyTimeout: true,
  linking: true,
  currentUser: true,
  walletContracts: true,
  name: true,
}
