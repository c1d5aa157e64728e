/** An access key's permission, as NEAR's RPC spells it. */
export type AccessKeyPermission =
  'FullAccess' | { GasKeyFullAccess: object } | { FunctionCall: object } | { GasKeyFunctionCall: object }

/** What a source is asked with, beside account and key. */
export interface AccessKeyQuery {
  /** Aborts when the answer is no longer waited for. */
  readonly signal: AbortSignal
  /**
   * Whether the key that an implicit account's id is made of counts as `FullAccess` while the account is not on chain. A
   * source that does not know of this refuses such accounts.
   */
  readonly allowImplicit?: boolean
  /** Tells which RPC endpoint decided, by its place in the list, from 1. */
  readonly onDecision?: ((place: number) => void) | undefined
}

/** Where the strategy learns which keys an account has. */
export interface AccessKeySource {
  /**
   * The key's permission on the account now, or undefined if the account has no such key, or does not exist.
   *
   * Throws when it cannot tell: that ends the login as `ERR_NEAR_RPC_UNAVAILABLE` (503) and is never taken for a no.
   *
   * @param publicKey - `<type>:<base58>`
   */
  permission(
    accountId: string,
    publicKey: string,
    query: AccessKeyQuery,
  ): Promise<AccessKeyPermission | undefined>
}

/** @internal What is asked of a source that keeps its own time. */
export type KeyQuery = Omit<AccessKeyQuery, 'signal'>

/** @internal A source that ends each question in time by itself. What it returns is checked by who asks. */
export interface BoundedKeySource {
  permission(accountId: string, publicKey: string, query: KeyQuery): Promise<unknown>
}

/**
 * Whether a permission gives full access to the account.
 *
 * @returns undefined for anything but the four known permissions: that is neither a yes nor a no
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
