import { resolveRpc, type Network, type RpcOptions } from '../rpc/options'
import { describeValue, invalidOption, validateBoolean, validateOptions } from '../validate'
import { createAuthorizationResolver, type AuthorizationResolver } from './resolve'
import type { ResolutionLimits } from './walk'

/** How far the accounts are followed that a wallet contract depends on. */
export interface WalletContractsOptions {
  /**
   * How many accounts may stand above another one, from 0 to 8. With 0, only the account itself is asked.
   *
   * @defaultValue `4`
   */
  maxDepth?: number | undefined
  /**
   * How many authorizations an account may depend on, all levels together, from 0 to 32. With 0, only the account itself is asked.
   *
   * @defaultValue `8`
   */
  maxAuthorizations?: number | undefined
}

interface Options extends RpcOptions {
  readonly walletContracts?: boolean | WalletContractsOptions | undefined
  readonly accessKeys?: unknown
  readonly allowImplicit?: boolean | undefined
}

/**
 * Validates the options that wallet contracts depend on.
 *
 * @param owner - the class or function that takes the options
 * @returns undefined if wallet contracts are not accepted
 * @throws {TypeError} that names the option, what was expected and what came
 * @internal
 */
export function resolveWalletContracts(
  owner: string,
  { walletContracts = false, accessKeys, allowImplicit = false, ...options }: Options,
  network: Network,
): AuthorizationResolver | undefined {
  if (walletContracts === false) return undefined
  if (walletContracts !== true && !isPlainObject(walletContracts)) {
    const expected = 'true, false or { maxDepth, maxAuthorizations }'
    return invalidOption(owner, 'walletContracts', expected, describeValue(walletContracts))
  }
  const caps = walletContracts === true ? {} : walletContracts
  const limits = resolveLimits(`${owner}: option "walletContracts"`, caps)
  if (accessKeys !== undefined) {
    const expected = 'left out with "walletContracts", because a source of keys knows no contracts'
    invalidOption(owner, 'accessKeys', expected, 'both')
  }
  return createAuthorizationResolver({
    ...resolveRpc(owner, options, network),
    ...limits,
    chainId: network,
    allowImplicit: validateBoolean(owner, 'allowImplicit', allowImplicit),
  })
}

/**
 * Validates the limits of a resolution, and fills in the defaults.
 *
 * @throws {TypeError} that names the option, what was expected and what came
 * @internal
 */
export function resolveLimits(owner: string, options: WalletContractsOptions): ResolutionLimits {
  validateOptions<WalletContractsOptions>(owner, options, { maxDepth: true, maxAuthorizations: true })
  const { maxDepth = 4, maxAuthorizations = 8 } = options
  return {
    maxDepth: validateCount(owner, 'maxDepth', maxDepth, 8),
    maxAuthorizations: validateCount(owner, 'maxAuthorizations', maxAuthorizations, 32),
  }
}

function validateCount(owner: string, name: string, value: number, max: number): number {
  return Number.isInteger(value) && value >= 0 && value <= max
    ? value
    : invalidOption(owner, name, `a whole number from 0 to ${max}`, describeValue(value))
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
