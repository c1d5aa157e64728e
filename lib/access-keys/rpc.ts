import { postJson, UnusableAnswer, type Endpoint, type HttpAnswer } from './http'
import { isFullAccess, type AccessKeyPermission } from './source'

/** How nodes say that there is no such key in a result that looks like success: nearcore does, and so does fast-near. */
const NO_SUCH_KEY = /^(?:access key \S+ does not exist while viewing|account \S+ does not exist)/
/** How fast-near says it in an error that has neither name nor cause. */
const NO_SUCH_ACCOUNT = /^account \S+ does not exist while viewing/

let lastId = 0

/**
 * One `view_access_key` at finality `final`.
 *
 * @returns the permission, or undefined for a definite no
 * @throws {UnusableAnswer} when the endpoint said something else
 * @throws {Error} a network error, or the signal's abort
 * @see {@link https://docs.near.org/api/rpc/access-keys NEAR RPC, access keys}
 */
export async function viewAccessKey(
  endpoint: Endpoint,
  accountId: string,
  publicKey: string,
  signal: AbortSignal,
): Promise<AccessKeyPermission | undefined> {
  const id = String(++lastId)
  const question = {
    jsonrpc: '2.0',
    id,
    method: 'query',
    params: {
      request_type: 'view_access_key',
      finality: 'final',
      account_id: accountId,
      public_key: publicKey,
    },
  }
  return readAnswer(await postJson(endpoint, JSON.stringify(question), signal), id)
}

/** Exactly what is known counts; whatever else a node says is neither a yes nor a no. */
function readAnswer({ status, body }: HttpAnswer, id: string): AccessKeyPermission | undefined {
  if ((status < 200 || status > 299) && status !== 400) throw new UnusableAnswer(`HTTP status ${status}`)
  const answer = parseObject(body)
  if (answer.id !== id) throw new UnusableAnswer('an answer to another question')
  const { result, error } = answer
  if (isObject(result) && error === undefined && status !== 400) return readResult(result)
  if (isObject(error) && result === undefined) {
    if (saysNoSuchKey(error)) return undefined
    throw new UnusableAnswer('an error that is not about the key')
  }
  throw new UnusableAnswer('neither a result nor an error')
}

function readResult(result: Record<string, unknown>): AccessKeyPermission | undefined {
  const { permission, error } = result
  if (permission === undefined && typeof error === 'string' && NO_SUCH_KEY.test(error)) return undefined
  if (error === undefined && isFullAccess(permission) !== undefined) return permission as AccessKeyPermission
  throw new UnusableAnswer('a result that is not known')
}

function saysNoSuchKey({ name, cause, data }: Record<string, unknown>): boolean {
  if (name === undefined && cause === undefined) return typeof data === 'string' && NO_SUCH_ACCOUNT.test(data)
  if (name !== 'HANDLER_ERROR' || !isObject(cause)) return false
  return cause.name === 'UNKNOWN_ACCESS_KEY' || cause.name === 'UNKNOWN_ACCOUNT'
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new UnusableAnswer('an answer that is not JSON')
  }
  if (!isObject(value)) throw new UnusableAnswer('an answer that is not a JSON object')
  return value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
