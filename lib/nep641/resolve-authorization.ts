import { NETWORKS, resolveRpc, type Network } from '../rpc/options'
import type { RpcEndpoint } from '../rpc/endpoint'
import { isAccountId, validateBoolean, validateOneOf, validateOptions } from '../validate'
import { resolveLimits, type WalletContractsOptions } from './options'
import { isAuthorization, MAX_AUTHORIZATION_BYTES } from './payload'
import { createAuthorizationResolver } from './resolve'

const OWNER = 'resolveAuthorization'

/** The authorization that {@link resolveAuthorization} checks, and the RPC endpoints that it asks. */
export interface ResolveAuthorizationOptions extends WalletContractsOptions {
  /** The account that authorizes the payload, as the wallet claims. */
  accountId: string
  /** The authorization as the wallet returned it, at most 16,384 bytes. */
  authorization: string
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
   * How many endpoints must agree.
   *
   * @defaultValue `1`
   */
  quorum?: number | undefined
  /**
   * Time limit, all endpoints included (in milliseconds).
   *
   * @defaultValue `5000` (5 seconds)
   */
  rpcTimeout?: number | undefined
  /**
   * Accepts the key that an implicit account's id is made of while the account is not on chain.
   *
   * @defaultValue `false`
   */
  allowImplicit?: boolean | undefined
}

/** The payload that an account authorizes. */
export interface ResolvedAuthorization {
  /** The text that is authorized. Compare it with the text that you expect. */
  payload: string
  /** `access-key` or `contract`: which of the two authorized the payload. */
  via: 'access-key' | 'contract'
  /** The full-access key that signed, `<type>:<base58>`. Absent if the contract authorized. */
  publicKey?: string
}

/**
 * Finds out what text an account authorizes (NEP-641), for use without Passport. It does not check the text itself:
 * compare the payload with the one that you expect, which must contain your domain and a nonce that is used once.
 *
 * @returns the payload, or undefined if the account does not authorize, or depends on more accounts than `maxDepth` and
 *   `maxAuthorizations` allow
 * @throws {NearServiceError} `ERR_NEAR_RPC_UNAVAILABLE` (503) when no endpoint gives a usable response
 * @throws {TypeError} when an argument is wrong
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0641.md NEP-641}
 */
export async function resolveAuthorization(
  options: ResolveAuthorizationOptions,
): Promise<ResolvedAuthorization | undefined> {
  validateOptions<ResolveAuthorizationOptions>(OWNER, options, {
    accountId: true,
    authorization: true,
    network: true,
    rpc: true,
    quorum: true,
    rpcTimeout: true,
    allowImplicit: true,
    maxDepth: true,
    maxAuthorizations: true,
  })
  const { accountId, authorization, network = 'mainnet', allowImplicit = false, ...others } = options
  if (!isAccountId(accountId)) throw new TypeError(`${OWNER}: accountId must be a NEAR account id`)
  if (!isAuthorization(authorization)) {
    const expected = `a non-empty string of at most ${MAX_AUTHORIZATION_BYTES} bytes of UTF-8`
    throw new TypeError(`${OWNER}: authorization must be ${expected}`)
  }
  const chainId = validateOneOf(OWNER, 'network', network, NETWORKS)
  const { maxDepth, maxAuthorizations, ...rpcOptions } = others
  const resolver = createAuthorizationResolver({
    ...resolveRpc(OWNER, rpcOptions, chainId),
    ...resolveLimits(OWNER, { maxDepth, maxAuthorizations }),
    chainId,
    allowImplicit: validateBoolean(OWNER, 'allowImplicit', allowImplicit),
  })
  const { result } = await resolver.resolve({ accountId, authorization, expect: undefined })
  return typeof result === 'object' ? result : undefined
}
