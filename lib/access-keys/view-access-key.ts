import { InvalidResponseError } from '../rpc/http'
import { isObject, type Fields, type RpcResponse } from '../rpc/json-rpc'
import { isImplicitAccountOf } from './implicit'
import { isFullAccess, type AccessKeyPermission, type AccessKeyRequest } from './source'

const KEY_NOT_FOUND = /^access key \S+ does not exist while viewing/
const ACCOUNT_NOT_FOUND = /^account \S+ does not exist/

/** Sends the method `query` to one endpoint. @internal */
export type NodeQuery = (params: object) => Promise<RpcResponse>

/**
 * Asks one endpoint for a key's permission: one `view_access_key`, and one `view_account` at the same block if an implicit account
 * would be accepted.
 *
 * @param at - the block, as the RPC spells it
 * @returns the permission, `FullAccess` for the key of an absent implicit account, or undefined for a definite no
 * @throws {InvalidResponseError} for any other response
 * @throws {Error} for a network error, or when the request is aborted
 * @see {@link https://docs.near.org/api/rpc/access-keys NEAR RPC, access keys}
 * @internal
 */
export async function viewAccessKey(
  query: NodeQuery,
  { accountId, publicKey, allowImplicit }: AccessKeyRequest,
  at: object = { finality: 'final' },
): Promise<AccessKeyPermission | undefined> {
  const account = { account_id: accountId }
  const view = { request_type: 'view_access_key', ...at, ...account, public_key: publicKey }
  const response = await query(view)
  const permission = parsePermission(response)
  if (permission !== undefined) return permission

  const { absent, blockHash } = parseNotFound(response)
  if (!allowImplicit || !isImplicitAccountOf(accountId, publicKey)) return undefined
  if (absent === 'account') return 'FullAccess'

  // At the same block only: an older view could bring a removed key back.
  if (blockHash === undefined) {
    throw new InvalidResponseError('no key, and no block at which to look for the account', false)
  }
  const viewAccount = { request_type: 'view_account', block_id: blockHash, ...account }
  return accountExists(await query(viewAccount)) ? undefined : 'FullAccess'
}

/** @returns undefined if the response is not a known permission */
function parsePermission({ result }: RpcResponse): AccessKeyPermission | undefined {
  if (result?.error !== undefined || isFullAccess(result?.permission) === undefined) return undefined
  return result?.permission as AccessKeyPermission
}

/**
 * Parses the known forms of "not found". Any other response is an outage, never a rejection.
 *
 * @throws {InvalidResponseError} when the response is not one of them
 */
function parseNotFound({ result, error }: RpcResponse): {
  absent: 'key' | 'account'
  blockHash: string | undefined
} {
  if (result) {
    // nearcore and fast-near say "not found" in a result that looks like success.
    const { permission, error: text } = result
    const blockHash = readString(result.block_hash)
    if (permission === undefined && typeof text === 'string') {
      if (KEY_NOT_FOUND.test(text)) return { absent: 'key', blockHash }
      if (ACCOUNT_NOT_FOUND.test(text)) return { absent: 'account', blockHash }
    }
    throw new InvalidResponseError('an unknown result', false)
  }
  if (isUnknownAccount(error)) return { absent: 'account', blockHash: undefined }
  const { cause } = error
  if (error.name === 'HANDLER_ERROR' && isObject(cause) && cause.name === 'UNKNOWN_ACCESS_KEY') {
    return { absent: 'key', blockHash: isObject(cause.info) ? readString(cause.info.block_hash) : undefined }
  }
  throw new InvalidResponseError('an error that is not about the key', false)
}

function accountExists({ result, error }: RpcResponse): boolean {
  if (error && isUnknownAccount(error)) return false
  if (result && typeof result.amount === 'string' && result.error === undefined) return true
  throw new InvalidResponseError('a response that is not about the account', false)
}

/** In nearcore's form, or in fast-near's, an error that has neither name nor cause. */
function isUnknownAccount({ name, cause, data }: Fields): boolean {
  if (name === undefined && cause === undefined) {
    return typeof data === 'string' && ACCOUNT_NOT_FOUND.test(data)
  }
  return name === 'HANDLER_ERROR' && isObject(cause) && cause.name === 'UNKNOWN_ACCOUNT'
}

function readString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
