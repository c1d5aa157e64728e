import { postJson, type Endpoint, type HttpAnswer } from './http'
import { isFullAccess, type AccessKeyPermission, type AccessKeySource } from './source'

/** What an endpoint, or its absence, said instead of a usable answer. Its text names no URL and no visitor. */
export class UnusableAnswer extends Error {
  override readonly name = 'UnusableAnswer'
}

/** How nodes say that there is no such key in a result that looks like success: nearcore does, and so does fast-near. */
const NO_SUCH_KEY = /^(?:access key \S+ does not exist while viewing|account \S+ does not exist)/
/** How fast-near says it in an error that has neither name nor cause. */
const NO_SUCH_ACCOUNT = /^account \S+ does not exist while viewing/

let lastId = 0

/** Asks JSON-RPC endpoints in their order: the first that gives a definite answer decides, be it yes or no. */
export class RpcAccessKeys implements AccessKeySource {
  readonly #endpoints: readonly Endpoint[]
  readonly #timeout: number

  /** @param timeout - in milliseconds, for all endpoints together */
  constructor(endpoints: readonly Endpoint[], timeout: number) {
    this.#endpoints = endpoints
    this.#timeout = timeout
  }

  async permission(
    accountId: string,
    publicKey: string,
    { signal }: { signal: AbortSignal },
  ): Promise<AccessKeyPermission | undefined> {
    const endsAt = performance.now() + this.#timeout
    const failures: UnusableAnswer[] = []
    for (const [index, endpoint] of this.#endpoints.entries()) {
      // One that is slow leaves its successors their share of the time.
      const share = (endsAt - performance.now()) / (this.#endpoints.length - index)
      try {
        return await askWithin(share, endpoint, accountId, publicKey, signal)
      } catch (error) {
        signal.throwIfAborted()
        failures.push(describeFailure(error, index + 1, this.#endpoints.length))
      }
    }
    throw new AggregateError(failures, 'No RPC endpoint gave a usable answer')
  }
}

async function askWithin(
  timeout: number,
  endpoint: Endpoint,
  accountId: string,
  publicKey: string,
  signal: AbortSignal,
): Promise<AccessKeyPermission | undefined> {
  const attempt = new AbortController()
  const abort = (): void => attempt.abort()
  const timer = setTimeout(abort, timeout)
  signal.addEventListener('abort', abort)
  try {
    return await viewAccessKey(endpoint, accountId, publicKey, attempt.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

/**
 * One `view_access_key` at finality `final`.
 *
 * @returns the permission, or undefined for a definite no
 * @throws {Error} when the endpoint did not say
 * @see {@link https://docs.near.org/api/rpc/access-keys NEAR RPC, access keys}
 */
async function viewAccessKey(
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
    readError(error)
    return
  }
  throw new UnusableAnswer('neither a result nor an error')
}

function readResult(result: Record<string, unknown>): AccessKeyPermission | undefined {
  const { permission, error } = result
  if (permission === undefined && typeof error === 'string' && NO_SUCH_KEY.test(error)) return undefined
  if (error === undefined && isFullAccess(permission) !== undefined) return permission as AccessKeyPermission
  throw new UnusableAnswer('a result that is not known')
}

function readError({ name, cause, data }: Record<string, unknown>): undefined {
  if (name === undefined && cause === undefined) {
    if (typeof data === 'string' && NO_SUCH_ACCOUNT.test(data)) return undefined
  } else if (name === 'HANDLER_ERROR' && isObject(cause)) {
    if (cause.name === 'UNKNOWN_ACCESS_KEY' || cause.name === 'UNKNOWN_ACCOUNT') return undefined
  }
  throw new UnusableAnswer('an error that is not about the key')
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

/** Network errors name hosts: what is passed on is the endpoint's place in the list and the kind of failure. */
function describeFailure(error: unknown, place: number, count: number): UnusableAnswer {
  const { code } = error as NodeJS.ErrnoException
  const reason =
    error instanceof UnusableAnswer
      ? error.message
      : code === 'ABORT_ERR'
        ? 'no answer in time'
        : `no answer (${code ?? 'broken off'})`
  return new UnusableAnswer(`Endpoint ${place} of ${count}: ${reason}`)
}
