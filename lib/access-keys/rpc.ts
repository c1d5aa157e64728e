import type { Cancellation } from '../patience'
import { postJson, UnusableAnswer, type Endpoint, type HttpAnswer } from './http'
import { isImplicitAccountOf } from './implicit'
import { isFullAccess, type AccessKeyPermission } from './source'

/** Whose key is looked up. */
export interface KeyQuestion {
  readonly accountId: string
  /** `<type>:<base58>` */
  readonly publicKey: string
  readonly allowImplicit: boolean
}

/** What a node says of a key: its permission, or that it is absent, perhaps together with the account, at that block. */
type KeyAnswer =
  | { readonly permission: AccessKeyPermission }
  | { readonly absent: 'key' | 'account'; readonly blockHash: string | undefined }

type Fields = Record<string, unknown>

const NO_SUCH_KEY = /^access key \S+ does not exist while viewing/
const NO_SUCH_ACCOUNT = /^account \S+ does not exist/

let lastId = 0

/**
 * Asks one endpoint for a key's permission: one `view_access_key` at finality `final` and, where an implicit account would
 * be accepted, one `view_account` at the same block.
 *
 * @returns the permission, `FullAccess` for the key of an absent implicit account, or undefined for a definite no
 * @throws {UnusableAnswer} when the endpoint said something else
 * @throws {Error} a network error, or the cancellation
 * @see {@link https://docs.near.org/api/rpc/access-keys NEAR RPC, access keys}
 */
export async function askForPermission(
  endpoint: Endpoint,
  { accountId, publicKey, allowImplicit }: KeyQuestion,
  cancellation: Cancellation,
): Promise<AccessKeyPermission | undefined> {
  const account = { account_id: accountId }
  const key = { request_type: 'view_access_key', finality: 'final', ...account, public_key: publicKey }
  const answer = readKey(await query(endpoint, key, cancellation))
  if ('permission' in answer) return answer.permission
  if (!allowImplicit || !isImplicitAccountOf(accountId, publicKey)) return undefined
  if (answer.absent === 'account') return 'FullAccess'

  // Only at the same block: a key that was removed must not come back because another view is older.
  if (answer.blockHash === undefined)
    throw new UnusableAnswer('no key, and no block to look for the account at', false)
  const view = { request_type: 'view_account', block_id: answer.blockHash, ...account }
  return accountExists(await query(endpoint, view, cancellation)) ? undefined : 'FullAccess'
}

/** @returns the result or the error of a JSON-RPC answer, exactly one of them */
function query(
  endpoint: Endpoint,
  params: object,
  cancellation: Cancellation,
): Promise<{ result: Fields; error?: never } | { result?: never; error: Fields }> {
  const id = String(++lastId)
  const json = JSON.stringify({ jsonrpc: '2.0', id, method: 'query', params })
  return postJson(endpoint, { json, read: (answer) => readAnswer(answer, id), cancellation })
}

/** On a 400 only an error is believed: nodes differ in the status of the same error. */
function readAnswer(
  { status, body }: HttpAnswer,
  id: string,
): { result: Fields; error?: never } | { result?: never; error: Fields } {
  const answer = parseObject(body)
  if (answer.id !== id) throw new UnusableAnswer('an answer to another question')
  const { result, error } = answer
  if (status !== 400 && isObject(result) && error === undefined) return { result }
  if (isObject(error) && result === undefined) return { error }
  throw new UnusableAnswer('neither a result nor an error')
}

/** Exactly what is known counts; whatever else a node says is neither a yes nor a no. */
function readKey({ result, error }: Awaited<ReturnType<typeof query>>): KeyAnswer {
  if (result) {
    const { permission, error: text, block_hash } = result
    const blockHash = typeof block_hash === 'string' ? block_hash : undefined
    if (text === undefined && isFullAccess(permission) !== undefined) {
      return { permission: permission as AccessKeyPermission }
    }
    // So nearcore says no, and fast-near: in a result that looks like success.
    if (permission === undefined && typeof text === 'string') {
      if (NO_SUCH_KEY.test(text)) return { absent: 'key', blockHash }
      if (NO_SUCH_ACCOUNT.test(text)) return { absent: 'account', blockHash }
    }
    throw new UnusableAnswer('a result that is not known', false)
  }
  if (saysNoSuchAccount(error)) return { absent: 'account', blockHash: undefined }
  const { cause } = error
  if (error.name === 'HANDLER_ERROR' && isObject(cause) && cause.name === 'UNKNOWN_ACCESS_KEY') {
    const { block_hash } = isObject(cause.info) ? cause.info : {}
    return { absent: 'key', blockHash: typeof block_hash === 'string' ? block_hash : undefined }
  }
  throw new UnusableAnswer('an error that is not about the key', false)
}

function accountExists({ result, error }: Awaited<ReturnType<typeof query>>): boolean {
  if (error && saysNoSuchAccount(error)) return false
  if (result && typeof result.amount === 'string' && result.error === undefined) return true
  throw new UnusableAnswer('an answer that is not about the account', false)
}

/** As nearcore says it, or as fast-near does, in an error that has neither name nor cause. */
function saysNoSuchAccount({ name, cause, data }: Fields): boolean {
  if (name === undefined && cause === undefined) return typeof data === 'string' && NO_SUCH_ACCOUNT.test(data)
  return name === 'HANDLER_ERROR' && isObject(cause) && cause.name === 'UNKNOWN_ACCOUNT'
}

function parseObject(text: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new UnusableAnswer('an answer that is not JSON')
  }
  if (!isObject(value)) throw new UnusableAnswer('an answer that is not a JSON object')
  return value
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
