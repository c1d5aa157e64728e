import { NearServiceError, rejection, type NearLoginRejected } from '../errors'
import { RpcUnavailableError } from '../rpc/query-limit'
import {
  isFullAccess,
  type AccessKeyRequest,
  type AccessKeyResult,
  type TimedAccessKeySource,
} from './source'

/** What a key check ends in. */
export interface AccessKeyCheck {
  /** True for a full-access key, else why the login is rejected. */
  readonly result: true | NearLoginRejected
  /** The RPC endpoint that decided: its place in the list, from 1. */
  readonly endpoint: number | undefined
}

/**
 * Checks that a public key is a full-access key of an account now.
 *
 * The rejections are `ERR_NEAR_ACCESS_KEY_NOT_FOUND` and `ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS` (401).
 *
 * @throws {NearServiceError} `ERR_NEAR_RPC_UNAVAILABLE` (503) when the source cannot tell
 * @internal
 */
export async function checkAccessKey(
  source: TimedAccessKeySource,
  request: AccessKeyRequest,
): Promise<AccessKeyCheck> {
  let found: AccessKeyResult
  try {
    found = await source.lookUp(request)
  } catch (cause) {
    // Our own errors name endpoints by their place. The text of another error may carry a URL.
    const detail = cause instanceof RpcUnavailableError ? cause.message : undefined
    throw new NearServiceError('ERR_NEAR_RPC_UNAVAILABLE', { cause, detail })
  }
  const { permission, endpoint } = found
  if (permission === undefined) return { result: rejection('ERR_NEAR_ACCESS_KEY_NOT_FOUND'), endpoint }
  const fullAccess = isFullAccess(permission)
  if (fullAccess === undefined) {
    const cause = new TypeError('The access key source returned an unknown permission')
    throw new NearServiceError('ERR_NEAR_RPC_UNAVAILABLE', { cause })
  }
  return { result: fullAccess || rejection('ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS'), endpoint }
}
