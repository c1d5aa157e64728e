import { InvalidResponseError } from '../rpc/http'
import { isObject, type RpcResponse } from '../rpc/json-rpc'

/** A final block, at which all of an authorization is asked for. */
export interface PinnedBlock {
  readonly hash: string
  /** In nanoseconds since 1970. */
  readonly timestamp: bigint
}

/** How far a final block may lag behind this server's clock, in milliseconds. An older one honours what was revoked since. */
const MAX_BLOCK_AGE = 60_000

/**
 * Reads the response to `block`. Its field `timestamp` is above 2^53, so that a JSON parser rounds it.
 *
 * @throws {InvalidResponseError} when the response is not a block, or the block is stale
 */
export function parseBlock({ result }: RpcResponse): PinnedBlock {
  const header = result?.header
  if (!isObject(header)) throw new InvalidResponseError('a response that is not a block')
  const { hash, timestamp_nanosec: nanoseconds } = header
  if (
    typeof hash !== 'string' ||
    hash === '' ||
    typeof nanoseconds !== 'string' ||
    !/^\d{1,20}$/.test(nanoseconds)
  )
    throw new InvalidResponseError('a block without a hash or a time')
  const timestamp = BigInt(nanoseconds)
  if (BigInt(Date.now() - MAX_BLOCK_AGE) * 1_000_000n > timestamp)
    throw new InvalidResponseError(`a block of more than ${MAX_BLOCK_AGE / 1000} seconds ago`)
  return { hash, timestamp }
}

/** Whether a response is about this block. An error names its block as well. */
export function isAboutBlock({ result, error }: RpcResponse, hash: string): boolean {
  if (result) return result.block_hash === hash
  const { cause } = error
  return isObject(cause) && isObject(cause.info) && cause.info.block_hash === hash
}
