import { createHash } from 'node:crypto'
import { resolveAccessKeys } from './access-keys/options'
import type { AccessKeySource, TimedAccessKeySource } from './access-keys/source'
import { DEFAULT_CHALLENGE_MAX_AGE } from './challenges/challenge'
import { withStoreTimeout, type ChallengeStore } from './challenges/challenge-store'
import { serializedUser } from './challenges/current-user'
import { RedisChallengeStore } from './challenges/redis-store'
import { SealedChallengeStore } from './challenges/sealed-store'
import { SessionChallengeStore } from './challenges/session-store'
import { resolveWalletContracts, type WalletContractsOptions } from './nep641/options'
import type { AuthorizationResolver } from './nep641/resolve'
import type { DefaultRequest } from './request'
import type { RpcEndpoint } from './rpc/endpoint'
import { NETWORKS, resolveRpc, type Network, type RpcSettings } from './rpc/options'
import { createView, type ViewRequest } from './rpc/view'
import {
  describeValue,
  invalidOption,
  validateAbsoluteUrl,
  validateBoolean,
  validateDuration,
  validateFunction,
  validateHttpUrl,
  validateMethods,
  validateOneOf,
  validateOptions,
  validateString,
  isSignableText,
} from './validate'

const OWNER = 'NearStrategy'

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

/** The options after validation, with their defaults. @internal */
export interface ResolvedOptions<Request extends object> {
  readonly recipient: string
  readonly message: string | ((req: Request) => string | Promise<string>)
  readonly callbackUrl: string | undefined
  readonly network: Network
  readonly accessKeys: TimedAccessKeySource
  readonly allowImplicit: boolean
  readonly challengeMaxAge: number
  readonly store: ChallengeStore
  readonly requireCallbackUrl: boolean
  readonly walletUrl: string | undefined
  readonly passReqToCallback: boolean
  readonly verifyTimeout: number
  readonly linking: boolean
  readonly currentUser: (req: Request) => unknown
  /** Undefined if wallet contracts are not accepted. */
  readonly authorizations: AuthorizationResolver | undefined
  /** Undefined with `accessKeys`. */
  readonly rpc: RpcSettings | undefined
  readonly view: (request: ViewRequest) => Promise<unknown>
  readonly name: string
  /** What this strategy's challenges are drawn for. */
  readonly purpose: string
}

const KNOWN_OPTIONS: Readonly<Record<keyof NearStrategyOptions, true>> = {
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

/**
 * Validates the options and fills in the defaults.
 *
 * @throws {TypeError} that names the option, what was expected and what came
 * @internal
 */
export function resolveOptions<Request extends object>(
  options: NearStrategyOptions<Request, boolean, boolean | WalletContractsOptions>,
): ResolvedOptions<Request> {
  validateOptions<NearStrategyOptions<Request, boolean, boolean>>(OWNER, options, KNOWN_OPTIONS)
  const {
    message: givenMessage,
    network: givenNetwork = 'mainnet',
    callbackUrl: givenCallbackUrl,
    allowImplicit = false,
    challengeMaxAge = DEFAULT_CHALLENGE_MAX_AGE,
    store = new SessionChallengeStore(),
    requireCallbackUrl: givenRequireCallbackUrl = false,
    walletUrl: givenWalletUrl,
    passReqToCallback = false,
    verifyTimeout = 4000,
    linking = false,
    currentUser = serializedUser,
    name: givenName = 'near',
  } = options
  const recipient = validateString(OWNER, 'recipient', options.recipient)
  const network = validateOneOf(OWNER, 'network', givenNetwork, NETWORKS)
  const rpc = options.accessKeys === undefined ? resolveRpc(OWNER, options, network) : undefined
  const message = resolveMessage(givenMessage === undefined ? `Sign in to ${recipient}` : givenMessage)
  const name = validateString(OWNER, 'name', givenName)
  const callbackUrl =
    givenCallbackUrl === undefined ? undefined : validateAbsoluteUrl(OWNER, 'callbackUrl', givenCallbackUrl)
  const requireCallbackUrl = validateBoolean(OWNER, 'requireCallbackUrl', givenRequireCallbackUrl)
  const walletUrl =
    givenWalletUrl === undefined ? undefined : validateHttpUrl(OWNER, 'walletUrl', givenWalletUrl)
  if (callbackUrl === undefined) requireNoRedirect({ requireCallbackUrl, walletUrl })
  const purpose = purposeOf(name, linking, message)
  if (store instanceof SealedChallengeStore) {
    if (walletUrl !== undefined) invalidOption(OWNER, 'walletUrl', NOT_SEALED, describeValue(walletUrl))
    if (typeof message === 'string') store.requireFit(message, callbackUrl, purpose)
  }
  return {
    recipient,
    message,
    callbackUrl,
    network,
    accessKeys: resolveAccessKeys(OWNER, options, rpc),
    allowImplicit: validateBoolean(OWNER, 'allowImplicit', allowImplicit),
    challengeMaxAge: validateDuration(OWNER, 'challengeMaxAge', challengeMaxAge),
    store: limitTime(validateMethods(OWNER, 'store', store, ['issue', 'consume'])),
    requireCallbackUrl,
    walletUrl,
    passReqToCallback: validateBoolean(OWNER, 'passReqToCallback', passReqToCallback),
    verifyTimeout: validateDuration(OWNER, 'verifyTimeout', verifyTimeout),
    linking: validateBoolean(OWNER, 'linking', linking),
    authorizations: resolveWalletContracts(OWNER, options, network),
    rpc,
    view: resolveView(rpc),
    currentUser: validateFunction(OWNER, 'currentUser', currentUser, '(req) => string | undefined'),
    name,
    purpose,
  }
}

const NOT_SEALED =
  'none with a SealedChallengeStore, because a redirect without a page cannot carry a code verifier'

function resolveMessage<Message>(message: Message): Message {
  return typeof message === 'function' || isSignableText(message)
    ? message
    : invalidOption(
        OWNER,
        'message',
        'a non-empty string, or a function that returns one',
        describeValue(message),
      )
}

/** Made at the first view call: few strategies need it. */
function resolveView(rpc: RpcSettings | undefined): (request: ViewRequest) => Promise<unknown> {
  let view: ReturnType<typeof createView> | undefined
  return async (request) => {
    if (!rpc)
      throw new TypeError(`${OWNER}.view: the strategy has no endpoints, because option "accessKeys" is set`)
    view ??= createView(OWNER, rpc)
    return view(request)
  }
}

/** Two strategies that Passport knows by other names than their own differ in what they do, or in what their wallet shows. */
function purposeOf(name: string, linking: boolean, message: unknown): string {
  const action = `${name}/${linking ? 'link' : 'sign-in'}`
  if (typeof message !== 'string') return action
  return `${action}/${createHash('sha256').update(message).digest().toString('base64url', 0, 9)}`
}

/** A web wallet cannot return, and a signed callback URL cannot be required, without a callback URL. */
function requireNoRedirect(options: { requireCallbackUrl: unknown; walletUrl: unknown }): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === false) continue
    const expected = `the absolute URL to which a wallet returns, because "${name}" is set`
    invalidOption(OWNER, 'callbackUrl', expected, 'none')
  }
}

/** The stores of this package have a time limit of their own. */
function limitTime(store: ChallengeStore): ChallengeStore {
  const own = [SessionChallengeStore, RedisChallengeStore, SealedChallengeStore]
  return own.some((each) => store instanceof each) ? store : withStoreTimeout(store)
}
