import { NearServiceError, refusal, type NearLoginRejected } from '../errors'
import { isFullAccess, type BoundedKeySource, type KeyQuery } from './source'

/**
 * Checks that a public key is a full-access key of an account, now.
 *
 * @returns true, or why the login is refused: `ERR_NEAR_ACCESS_KEY_NOT_FOUND` or `ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS` (401)
 * @throws {NearServiceError} `ERR_NEAR_RPC_UNAVAILABLE` (503) when the source cannot tell
 */
export async function checkAccessKey(
  source: BoundedKeySource,
  accountId: string,
  publicKey: string,
  query: KeyQuery,
): Promise<true | NearLoginRejected> {
  let permission: unknown
  try {
    permission = await source.permission(accountId, publicKey, query)
  } catch (cause) {
    throw new NearServiceError('ERR_NEAR_RPC_UNAVAILABLE', { cause })
  }
  if (permission === undefined) return refusal('ERR_NEAR_ACCESS_KEY_NOT_FOUND')
  const fullAccess = isFullAccess(permission)
  if (fullAccess === undefined) {
    const cause = new TypeError('The access key source returned a permission that is not known')
    throw new NearServiceError('ERR_NEAR_RPC_UNAVAILABLE', { cause })
  }
  return fullAccess || refusal('ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS')
}
