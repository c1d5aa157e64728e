import { setTimeoutAfterIo } from '../timeout'
import { AbortHandle } from './abort-handle'
import type { CircuitBreaker } from './circuit-breaker'
import type { Endpoint } from './endpoint'
import { describeFailure, InvalidResponseError, type SendOptions } from './http'
import { RpcUnavailableError, type QueryLimit } from './query-limit'

/*
 * Problem: an endpoint may fail, be slow, lag or lie, and a login waits for it.
 * Mechanism: a hedged request. `quorum` endpoints are asked at once; another is asked when one fails or exceeds the hedge delay.
 * Threat: a stale or forged yes. The first response that is not a yes is final, and a yes needs `quorum` endpoints that agree.
 */

/** How long an endpoint is waited for before the next is asked as well, in milliseconds, if the timeout leaves as much. */
const HEDGE_DELAY = 1000

/** The part of the hedge delay after which a silent endpoint counts as failed. Its connection opens after the delay has started. */
const BLAMED_AFTER = 0.9

/** The endpoints of one strategy. */
export interface EndpointGroup {
  readonly endpoints: readonly Endpoint[]
  readonly circuits: CircuitBreaker
  /** For one query, all endpoints and retries included, in milliseconds. */
  readonly timeout: number
  /** How many endpoints must say yes. */
  readonly quorum: number
  readonly limit: QueryLimit
}

/** How one endpoint is asked, with one request or several. */
export interface AttemptOptions extends SendOptions {
  /**
   * Called for each response but the last. The endpoint has another hedge delay then, and is not blamed if it gets slow later:
   * what follows may depend on what a visitor sent.
   *
   * @param pause - how long nothing is sent, in milliseconds
   */
  readonly onProgress: (pause?: number) => void
  /** When the query times out, by the clock of `performance.now()`. */
  readonly deadline: number
}

/** A question that any endpoint can answer. */
export interface RpcQuery<Response> {
  send(endpoint: Endpoint, options: AttemptOptions): Promise<Response>
  /** Whether a response needs confirmation by `quorum` endpoints. Any other response is final. */
  isYes(response: Response): boolean
  /** Whether two endpoints say the same yes. @defaultValue each yes is the same */
  isSame?(first: Response, second: Response): boolean
}

export interface RpcResult<Response> {
  readonly response: Response
  /** The endpoint that decided: its place in the list, from 1. */
  readonly endpoint: number
}

/**
 * Asks a group of endpoints, in their order of preference.
 *
 * @throws {RpcUnavailableError} when too few endpoints gave a usable response in time, or too many queries are pending
 */
export function sendHedgedQuery<Response>(
  group: EndpointGroup,
  query: RpcQuery<Response>,
): Promise<RpcResult<Response>> {
  return group.limit.run(
    () => new Promise((resolve, reject) => new HedgedQuery(group, query, resolve, reject).start()),
  )
}

/** A request that has no response yet. */
interface Attempt {
  readonly abortHandle: AbortHandle
  /** When the request got its connection; undefined while the request waits in this process's queue. */
  connectedAt: number | undefined
  /** Whether the endpoint has responded to a request of the attempt. */
  hasResponded: boolean
  /** Whether the endpoint has responded since the hedge delay started. */
  hasProgressed: boolean
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
  readonly #deadline: number
  #confirmations = 0
  #firstYes: Response | undefined
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
    this.#deadline = performance.now() + group.timeout
  }

  start(): void {
    this.#clearTimeout = setTimeoutAfterIo(() => this.#onTimeout(), this.#group.timeout)
    for (let count = 0; count < this.#group.quorum; count++) this.#sendNext()
  }

  #sendNext(): void {
    const index = this.#remaining.shift()
    if (index === undefined) return
    this.#latest = index
    const attempt: Attempt = {
      abortHandle: new AbortHandle(),
      connectedAt: undefined,
      hasResponded: false,
      hasProgressed: false,
    }
    this.#attempts.set(index, attempt)
    this.#restartHedge(0)
    const options: AttemptOptions = {
      abortHandle: attempt.abortHandle,
      onSocket: () => void (attempt.connectedAt ??= performance.now()),
      onProgress: (pause = 0) => this.#onProgress(index, attempt, pause),
      deadline: this.#deadline,
    }
    this.#query.send(this.#group.endpoints[index]!, options).then(
      (response) => this.#onResponse(index, response),
      (error: unknown) => this.#onFailure(index, error),
    )
  }

  #restartHedge(pause: number): void {
    this.#clearHedge?.()
    if (this.#remaining.length === 0) return
    this.#clearHedge = setTimeoutAfterIo(() => this.#sendNext(), this.#hedgeDelay + pause)
  }

  /** An endpoint that goes on responding is not slow. Where several are pending, the slowest one counts. */
  #onProgress(index: number, attempt: Attempt, pause: number): void {
    if (this.#isSettled) return
    attempt.hasResponded = attempt.hasProgressed = true
    // A circuit that is open closes: a visitor could keep it open with whatever follows.
    if (this.#group.circuits.isOpen(index)) this.#group.circuits.recordSuccess(index)
    const attempts = [...this.#attempts.values()]
    if (!attempts.every(({ hasProgressed }) => hasProgressed)) return
    for (const each of attempts) each.hasProgressed = false
    this.#restartHedge(pause)
  }

  #onResponse(index: number, response: Response): void {
    this.#attempts.delete(index)
    this.#group.circuits.recordSuccess(index)
    if (this.#isSettled) return
    const isYes = this.#query.isYes(response)
    if (isYes) {
      const first = (this.#firstYes ??= response)
      if (this.#query.isSame?.(first, response) === false) {
        this.#failures.push(
          this.#describe(index, new InvalidResponseError('another response than before it')),
        )
        return this.#fail()
      }
      if (++this.#confirmations < this.#group.quorum) return
    }
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

  /** Aborts the attempts that are pending. One that was silent for most of its hedge delay counts as a failure of its endpoint. */
  #abort(): void {
    this.#isSettled = true
    this.#clearHedge?.()
    this.#clearTimeout?.()
    const now = performance.now()
    for (const [index, { abortHandle, connectedAt, hasResponded }] of this.#attempts) {
      if (connectedAt !== undefined && !hasResponded && now - connectedAt >= this.#hedgeDelay * BLAMED_AFTER)
        this.#group.circuits.recordFailure(index)
      abortHandle.abort()
    }
  }

  #describe(index: number, error: unknown): InvalidResponseError {
    const place = `Endpoint ${index + 1} of ${this.#group.endpoints.length}`
    return new InvalidResponseError(`${place}: ${describeFailure(error)}`)
  }
}
