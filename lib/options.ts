import { boundSource } from './access-keys/bounded'
import { RpcAccessKeys } from './access-keys/failover'
import type { AccessKeySource, BoundedKeySource } from './access-keys/source'
import { DEFAULT_CHALLENGE_MAX_AGE, type ChallengeStore } from './challenge'
import {
  absoluteUrl,
  boolean,
  describeValue,
  endpoints,
  httpUrl,
  isSignableText,
  milliseconds,
  oneOf,
  text,
  withMethods,
  wrong,
} from './option-checks'
import { boundStore } from './stores/bounded'
import { RedisChallengeStore } from './stores/redis'
import { SessionChallengeStore } from './stores/session'

/** A NEAR JSON-RPC endpoint: its URL, or the URL with the headers that it wants, such as an API key. */
export type RpcEndpoint = string | URL | { url: string | URL; headers?: Record<string, string> }

/** A NEAR network that has public RPC endpoints. */
export type Network = 'mainnet' | 'testnet'

/** What a {@link NearStrategy} can be told; durations are in milliseconds. */
export interface NearStrategyOptions<Request extends object = object> {
  /** Who the signed message is for; the wallet shows it. Your site's name or domain, never taken from a request. */
  recipient: string
  /** What the wallet shows; default `Sign in to <recipient>`. */
  message?: string | ((req: Request) => string | Promise<string>)
  /** Where a redirecting wallet returns: an absolute URL; default none. */
  callbackUrl?: string
  /** Chooses the public RPC endpoints; default `mainnet`. */
  network?: Network
  /** RPC endpoints in order of preference; default the network's public ones. */
  rpc?: RpcEndpoint | readonly RpcEndpoint[]
  /**
   * How many endpoints of `rpc` must agree that the key is there; default 1. A definite no from any that was asked
   * refuses the login. More endpoints than `quorum` help against outages only.
   */
  quorum?: number
  /** For the whole key check, every endpoint included, in milliseconds; default 5000. */
  rpcTimeout?: number
  /** Where keys are looked up; `rpc` is not asked then. */
  accessKeys?: AccessKeySource
  /** Accepts the key that an implicit account's id is made of while the account is not on chain; default false. */
  allowImplicit?: boolean
  /** How long a challenge can be answered, in milliseconds; default 300000 (5 minutes). */
  challengeMaxAge?: number
  /** Where challenges are remembered; default a `SessionChallengeStore` of the strategy's own. */
  store?: ChallengeStore
  /**
   * A web wallet for sign-in without front-end code, such as `https://app.mynearwallet.com`: an absolute http or https URL;
   * default none. A request that carries no login is redirected to its `/sign-message`; the wallet returns to `callbackUrl`.
   */
  walletUrl?: string
  /** Hands the request to `verify` first, see {@link NearStrategyOptionsWithRequest}; default false. */
  passReqToCallback?: false
  /** How long `verify` may take to call `done`, in milliseconds; default 4000. */
  verifyTimeout?: number
  /** The strategy's name in Passport; default `near`. */
  name?: string
}

/** {@link NearStrategyOptions} with `passReqToCallback: true`: `verify` gets the request first. */
export interface NearStrategyOptionsWithRequest<Request extends object = object> extends Omit<
  NearStrategyOptions<Request>,
  'passReqToCallback'
> {
  passReqToCallback: true
}

/** @internal The options, checked, with their defaults filled in. */
export interface ResolvedOptions<Request extends object> {
  readonly recipient: string
  readonly message: (req: Request) => string | Promise<string>
  readonly callbackUrl: string | undefined
  readonly network: Network
  readonly accessKeys: BoundedKeySource
  readonly allowImplicit: boolean
  readonly challengeMaxAge: number
  readonly store: ChallengeStore
  readonly walletUrl: string | undefined
  readonly passReqToCallback: boolean
  readonly verifyTimeout: number
  readonly name: string
}

/** Public endpoints that need no key. They are rate-limited: a site of any size names its own with `rpc`. */
const PUBLIC_RPC: Record<Network, readonly string[]> = {
  mainnet: ['https://rpc.mainnet.fastnear.com', 'https://near.drpc.org'],
  testnet: ['https://rpc.testnet.fastnear.com', 'https://rpc.testnet.near.org'],
}

/** Every option, so that a mistyped one is not passed over in silence. */
const KNOWN_OPTIONS: Record<keyof NearStrategyOptions, true> = {
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
  walletUrl: true,
  passReqToCallback: true,
  verifyTimeout: true,
  name: true,
}

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {TypeError} that names the option, what was expected and what came
 * @internal
 */
export function resolveOptions<Request extends object>(
  options: NearStrategyOptions<Request> | NearStrategyOptionsWithRequest<Request>,
): ResolvedOptions<Request> {
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw new TypeError(
      `NearStrategy: options must be an object with at least a recipient, got ${describeValue(options)}`,
    )
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(KNOWN_OPTIONS, name))
  if (unknown !== undefined) {
    throw new TypeError(
      `NearStrategy: option "${unknown}" is not known; expected one of ${Object.keys(KNOWN_OPTIONS).join(', ')}`,
    )
  }
  const {
    recipient,
    message,
    callbackUrl,
    network = 'mainnet',
    rpc,
    quorum = 1,
    rpcTimeout = 5000,
    accessKeys,
    allowImplicit = false,
    challengeMaxAge = DEFAULT_CHALLENGE_MAX_AGE,
    store,
    walletUrl,
    passReqToCallback = false,
    verifyTimeout = 4000,
    name = 'near',
  } = options
  if (quorum !== 1 && accessKeys !== undefined) {
    wrong('quorum', 'left out with accessKeys, which are asked instead of endpoints', describeValue(quorum))
  }
  text('recipient', recipient)
  text('name', name)
  milliseconds('rpcTimeout', rpcTimeout)
  oneOf('network', network, ['mainnet', 'testnet'])
  return {
    recipient,
    message: messageSource(message === undefined ? `Sign in to ${recipient}` : message),
    callbackUrl: callbackUrl === undefined ? undefined : absoluteUrl('callbackUrl', callbackUrl),
    network,
    accessKeys:
      accessKeys === undefined
        ? rpcAccessKeys(rpc === undefined ? PUBLIC_RPC[network] : rpc, rpcTimeout, quorum)
        : boundSource(withMethods('accessKeys', accessKeys, ['permission']), rpcTimeout),
    allowImplicit: boolean('allowImplicit', allowImplicit),
    challengeMaxAge: milliseconds('challengeMaxAge', challengeMaxAge),
    store:
      store === undefined
        ? new SessionChallengeStore({ key: `${name}:challenges` })
        : keepingTime(withMethods('store', store, ['issue', 'consume'])),
    walletUrl: walletUrl === undefined ? undefined : webWallet(walletUrl, callbackUrl),
    passReqToCallback: boolean('passReqToCallback', passReqToCallback),
    verifyTimeout: milliseconds('verifyTimeout', verifyTimeout),
    name,
  }
}

function messageSource<Request>(
  message: string | ((req: Request) => string | Promise<string>),
): (req: Request) => string | Promise<string> {
  if (typeof message === 'function') return message
  if (!isSignableText(message))
    wrong('message', 'a non-empty string, or a function that returns one', describeValue(message))
  return () => message
}

/** The stores of this package end each operation in time by themselves. */
function keepingTime(store: ChallengeStore): ChallengeStore {
  return store instanceof SessionChallengeStore || store instanceof RedisChallengeStore
    ? store
    : boundStore(store)
}

/** A web wallet is of no use unless it knows where to return. */
function webWallet(walletUrl: string, callbackUrl: string | undefined): string {
  const url = httpUrl('walletUrl', walletUrl)
  if (callbackUrl === undefined)
    wrong(
      'callbackUrl',
      'the absolute URL of the page that serves callbackPage() where there is a walletUrl',
      'none',
    )
  return url
}

function rpcAccessKeys(
  rpc: RpcEndpoint | readonly RpcEndpoint[],
  timeout: number,
  quorum: unknown,
): RpcAccessKeys {
  const list = endpoints(rpc)
  if (!Number.isInteger(quorum) || (quorum as number) < 1 || (quorum as number) > list.length) {
    const expected = `a whole number from 1 to the number of endpoints (${list.length})`
    wrong('quorum', expected, describeValue(quorum))
  }
  const nodes = new Set(list.map(({ node }) => node))
  if (nodes.size < (quorum as number) || ((quorum as number) > 1 && nodes.size < list.length)) {
    wrong('rpc', 'a list of different endpoints where a quorum is wanted', 'one of them twice')
  }
  return new RpcAccessKeys(list, { timeout, quorum: quorum as number })
}
