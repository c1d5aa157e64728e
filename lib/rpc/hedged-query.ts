import { setTimeoutAfterIo } from '../timeout'
import type { CircuitBreaker } from './circuit-breaker'
import type { Endpoint } from './endpoint'
import { InvalidResponseError, type SendOptions } from './http'

/*
 * Problem: an endpoint may fail, be slow, lag or lie, and a login waits for it.
 * Mechanism: a hedged request. `quorum` endpoints are asked at once; another is asked when one fails or exceeds the hedge delay.
 * Threat: a stale or forged yes. The first response that is not a yes is final, and a yes needs `quorum` endpoints.
 */

/** How long an endpoint is waited for before the next is asked as well, in milliseconds, if the timeout leaves as much. */
const HEDGE_DELAY = 1000

/** How many queries may be pending in a process. More could not be answered within `rpcTimeout`, and would delay the others. */
const MAX_PENDING_QUERIES = 1024

/** The endpoints of one strategy. */
export interface EndpointGroup {
  readonly endpoints: readonly Endpoint[]
  readonly circuits: CircuitBreaker
  /** For one query, all endpoints and retries included, in milliseconds. */
  readonly timeout: number
  /** How many endpoints must say yes. */
  readonly quorum: number
}

/** A question that any endpoint can answer. */
export interface RpcQuery<Response> {
  send(endpoint: Endpoint, options: SendOptions): Promise<Response>
  /** Whether a response needs confirmation by `quorum` endpoints. Any other response is final. */
  isYes(response: Response): boolean
}

export interface RpcResult<Response> {
  readonly response: Response
  /** The endpoint that decided: its place in the list, from 1. */
  readonly endpoint: number
}

/** Too few endpoints gave a usable response. The message names the reason of each, and no URL. */
export class RpcUnavailableError extends AggregateError {
  override readonly name = 'RpcUnavailableError'

  constructor(reasons: readonly Error[]) {
    super(reasons, reasons.map(({ message }) => message).join('; '))
  }
}

let pendingQueries = 0

/**
 * Asks a group of endpoints, in their order of preference.
 *
 * @throws {RpcUnavailableError} when too few endpoints gave a usable response in time, or too many queries are pending
 */
export async function sendHedgedQuery<Response>(
  group: EndpointGroup,
  query: RpcQuery<Response>,
): Promise<RpcResult<Response>> {
  if (pendingQueries >= MAX_PENDING_QUERIES) {
    throw new RpcUnavailableError([new Error(`${MAX_PENDING_QUERIES} queries are pending in this process`)])
  }
  pendingQueries++
  try {
    return await new Promise((resolve, reject) => new HedgedQuery(group, query, resolve, reject).start())
  } finally {
    pendingQueries--
  }
}

/** A request that has no response yet. */
interface Attempt {
  readonly controller: AbortController
  /** When the request got its connection; undefined while the request waits in this process's queue. */
  connectedAt: number | undefined
}

/** One query to a group of endpoints. */
class HedgedQuery<Response> {
  readonly #group: EndpointGroup
  readonly #query: RpcQuery<Response>
  readonly #resolve: (result: RpcResult<Response>) => void
  readonly #reject: (error: RpcUnavailableError) => void
  readonly #hedgeDelay: number
  /** Indexes of the endpoints that have not been asked. */
  readonly #remaining: number[]
  /** By the endpoint's index. */
  readonly #attempts = new Map<number, Attempt>()
  readonly #failures: Error[] = []
  #confirmations = 0
  #latest: number | undefined
  #isSettled = false
  #clearHedge: (() => void) | undefined
  #clearTimeout: (() => void) | undefined

  constructor(
    group: EndpointGroup,
    query: RpcQuery<Response>,
    resolve: (result: RpcResult<Response>) => void,
    reject: (error: RpcUnavailableError) => void,
  ) {
    this.#group = group
    this.#query = query
    this.#resolve = resolve
    this.#reject = reject
    this.#hedgeDelay = Math.min(HEDGE_DELAY, group.timeout / group.endpoints.length)
    this.#remaining = group.circuits.nextOrder()
  }

  start(): void {
    this.#clearTimeout = setTimeoutAfterIo(() => this.#onTimeout(), this.#group.timeout)
    for (let count = 0; count < this.#group.quorum; count++) this.#sendNext()
  }

  #sendNext(): void {
    const index = this.#remaining.shift()
    if (index === undefined) return
    this.#latest = index
    const attempt: Attempt = { controller: new AbortController(), connectedAt: undefined }
    this.#attempts.set(index, attempt)
    this.#clearHedge?.()
    if (this.#remaining.length > 0) {
      this.#clearHedge = setTimeoutAfterIo(() => this.#sendNext(), this.#hedgeDelay)
    }
    const { signal } = attempt.controller
    const onSocket = (): void => void (attempt.connectedAt ??= performance.now())
    this.#query.send(this.#group.endpoints[index]!, { signal, onSocket }).then(
      (response) => this.#onResponse(index, response),
      (error: unknown) => this.#onFailure(index, error),
    )
  }

  #onResponse(index: number, response: Response): void {
    this.#attempts.delete(index)
    this.#group.circuits.recordSuccess(index)
    if (this.#isSettled) return
    const isYes = this.#query.isYes(response)
    if (isYes) this.#confirmations++
    if (isYes && this.#confirmations < this.#group.quorum) return
    this.#abort()
    this.#resolve({ response, endpoint: index + 1 })
  }

  #onFailure(index: number, error: unknown): void {
    this.#attempts.delete(index)
    if (this.#isSettled) return
    const { circuits, quorum } = this.#group
    if (!(error instanceof InvalidResponseError) || error.isEndpointFault) circuits.recordFailure(index)
    this.#failures.push(this.#describe(index, error))
    const expected = this.#confirmations + this.#attempts.size
    if (expected + this.#remaining.length < quorum) this.#fail()
    else if (index === this.#latest || expected < quorum) this.#sendNext()
  }

  #onTimeout(): void {
    for (const [index, { connectedAt }] of this.#attempts) {
      const reason = connectedAt === undefined ? 'no connection in time' : 'no response in time'
      this.#failures.push(this.#describe(index, new InvalidResponseError(reason)))
    }
    this.#fail()
  }

  #fail(): void {
    this.#abort()
    this.#reject(new RpcUnavailableError(this.#failures))
  }

  /** Aborts the attempts that are pending. One that has exceeded its hedge delay counts as a failure of its endpoint. */
  #abort(): void {
    this.#isSettled = true
    this.#clearHedge?.()
    this.#clearTimeout?.()
    const now = performance.now()
    for (const [index, { controller, connectedAt }] of this.#attempts) {
      if (connectedAt !== undefined && now - connectedAt >= this.#hedgeDelay)
        this.#group.circuits.recordFailure(index)
      controller.abort()
    }
  }

  /** Network errors name hosts: only the endpoint's place in the list and the kind of failure are passed on. */
  #describe(index: number, error: unknown): InvalidResponseError {
    const { code } = error as NodeJS.ErrnoException
    const reason =
      error instanceof InvalidResponseError ? error.message : `no response (${code ?? 'connection closed'})`
    return new InvalidResponseError(`Endpoint ${index + 1} of ${this.#group.endpoints.length}: ${reason}`)
  }
}
