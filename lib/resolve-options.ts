import { createHash } from 'node:crypto'
import { resolveAccessKeys } from './access-keys/options'
import type { TimedAccessKeySource } from './access-keys/source'
import { DEFAULT_CHALLENGE_MAX_AGE } from './challenges/challenge'
import { withStoreTimeout, type ChallengeStore } from './challenges/challenge-store'
import { serializedUser } from './challenges/current-user'
import { RedisChallengeStore } from './challenges/redis-store'
import { SealedChallengeStore } from './challenges/sealed-store'
import { SessionChallengeStore } from './challenges/session-store'
import { resolveWalletContracts, type WalletContractsOptions } from './nep641/options'
import type { AuthorizationResolver } from './nep641/resolve'
import { KNOWN_OPTIONS, type NearStrategyOptions } from './options'
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

/** The stores of this package limit their time themselves. */
function limitTime(store: ChallengeStore): ChallengeStore {
  const own = [SessionChallengeStore, RedisChallengeStore, SealedChallengeStore]
  return own.some((each) => store instanceof each) ? store : withStoreTimeout(store)
}
