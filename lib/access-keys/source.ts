import { withTimeout } from '../timeout'

/** An access key's permission, as NEAR's RPC spells it. */
export type AccessKeyPermission =
  'FullAccess' | { GasKeyFullAccess: object } | { FunctionCall: object } | { GasKeyFunctionCall: object }

/** Options of a lookup in an {@link AccessKeySource}. */
export interface AccessKeyQuery {
  /** Aborts after `rpcTimeout`. */
  readonly signal: AbortSignal
  /**
   * Whether the key that an implicit account's id is made of counts as `FullAccess` while the account is not on chain.
   * A source that ignores this option rejects such accounts.
   *
   * @defaultValue `false`
   */
  readonly allowImplicit?: boolean
}

/** Where the strategy looks up access keys. */
export interface AccessKeySource {
  /**
   * Looks up the current permission of a key.
   *
   * An error ends the login as `ERR_NEAR_RPC_UNAVAILABLE` (503), never as a rejection.
   *
   * @param accountId - a NEAR account id
   * @param publicKey - `<type>:<base58>`
   * @returns the permission, or undefined if the account has no such key or does not exist
   */
  permission(
    accountId: string,
    publicKey: string,
    query: AccessKeyQuery,
  ): Promise<AccessKeyPermission | undefined>
}

/** @internal The key that is looked up. */
export interface AccessKeyRequest {
  readonly accountId: string
  /** `<type>:<base58>` */
  readonly publicKey: string
  readonly allowImplicit: boolean
}

/** @internal What a lookup found. */
export interface AccessKeyResult {
  /** Undefined if the account has no such key. The permission is checked by {@link isFullAccess}. */
  readonly permission: unknown
  /** The RPC endpoint that decided: its place in the list, from 1. */
  readonly endpoint?: number
}

/** @internal A source with a time limit. */
export interface TimedAccessKeySource {
  lookUp(request: AccessKeyRequest): Promise<AccessKeyResult>
}

/**
 * Gives an application's own source a time limit.
 *
 * @param timeout - in milliseconds
 * @internal
 */
export function withSourceTimeout(source: AccessKeySource, timeout: number): TimedAccessKeySource {
  const message = `The access key source did not respond within ${timeout} ms`
  return {
    async lookUp({ accountId, publicKey, allowImplicit }) {
      const controller = new AbortController()
      const query = { signal: controller.signal, allowImplicit }
      const ask = () => source.permission(accountId, publicKey, query)
      const permission = await withTimeout(timeout, message, ask, controller)
      return { permission }
    },
  }
}

/**
 * Whether a permission gives full access to the account.
 *
 * @returns undefined for any value but the four known permissions: such a value is an outage, not a rejection
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0641.md NEP-641}
 * @internal
 */
export function isFullAccess(permission: unknown): boolean | undefined {
  if (permission === 'FullAccess') return true
  if (typeof permission !== 'object' || permission === null) return undefined
  const [[kind, details] = [], ...others] = Object.entries(permission)
  if (others.length > 0 || typeof details !== 'object' || details === null || Array.isArray(details))
    return undefined
  if (kind === 'GasKeyFullAccess') return true
  if (kind === 'FunctionCall' || kind === 'GasKeyFunctionCall') return false
  return undefined
}
