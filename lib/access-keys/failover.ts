import { EndpointHealth } from './health'
import { UnusableAnswer, type Endpoint } from './http'
import { askForPermission, type KeyQuestion } from './rpc'
import { isFullAccess, type AccessKeyPermission, type AccessKeyQuery, type AccessKeySource } from './source'

/** How long an endpoint is waited for before another is asked as well, in milliseconds, where time allows. */
const PATIENCE = 1000

/** The same for one that has kept failing and is tried again. */
const PATIENCE_ON_TRIAL = 100

export interface RpcAccessKeysOptions {
  /** How long the answer will be waited for, in milliseconds: each endpoint gets its share. */
  timeout: number
  /** How many endpoints must say yes. */
  quorum: number
}

/**
 * Asks JSON-RPC endpoints in their order of preference, as many at once as must say yes, and another where one fails or is
 * slow. A definite no from any of them decides at once: a removed key must not come back because other nodes lag, and
 * nobody is let in by fewer than `quorum` endpoints.
 */
export class RpcAccessKeys implements AccessKeySource {
  readonly #endpoints: readonly Endpoint[]
  readonly #quorum: number
  readonly #patience: number
  readonly #health: EndpointHealth

  constructor(endpoints: readonly Endpoint[], { timeout, quorum }: RpcAccessKeysOptions) {
    this.#endpoints = endpoints
    this.#quorum = quorum
    this.#patience = Math.min(PATIENCE, timeout / endpoints.length)
    this.#health = new EndpointHealth(endpoints.length)
  }

  /** @throws {AggregateError} with an {@link UnusableAnswer} for each endpoint that failed, when too few are left */
  async permission(
    accountId: string,
    publicKey: string,
    { signal, allowImplicit = false, onDecision }: AccessKeyQuery,
  ): Promise<AccessKeyPermission | undefined> {
    const asking = new AbortController()
    const stop = (): void => asking.abort()
    signal.addEventListener('abort', stop)
    try {
      const decision = await this.#decide({ accountId, publicKey, allowImplicit }, asking.signal)
      onDecision?.(decision.index + 1)
      return decision.permission
    } finally {
      signal.removeEventListener('abort', stop)
      stop()
    }
  }

  #decide(question: KeyQuestion, signal: AbortSignal): Promise<Decision> {
    const order = this.#health.order()
    const failures: UnusableAnswer[] = []
    /** When each endpoint that has not answered yet was asked, by index. */
    const waitingFor = new Map<number, number>()
    let agreed = 0
    let latest: number | undefined
    let timer: NodeJS.Timeout | undefined

    return new Promise<Decision>((resolve, reject) => {
      const askNext = (): void => {
        clearTimeout(timer)
        const index = order.shift()
        if (index === undefined) return
        latest = index
        waitingFor.set(index, performance.now())
        timer = setTimeout(askNext, this.#patienceWith(index))
        askForPermission(this.#endpoints[index]!, question, signal).then(
          (permission) => {
            waitingFor.delete(index)
            this.#health.succeeded(index)
            if (isFullAccess(permission)) agreed++
            if (!isFullAccess(permission) || agreed === this.#quorum) resolve({ index, permission })
          },
          (error: unknown) => {
            waitingFor.delete(index)
            if (signal.aborted) return
            this.#health.failed(index)
            failures.push(describeFailure(error, index + 1, this.#endpoints.length))
            if (agreed + waitingFor.size + order.length < this.#quorum) {
              reject(new AggregateError(failures, 'Too few RPC endpoints gave a usable answer'))
            } else if (index === latest || agreed + waitingFor.size < this.#quorum) {
              askNext()
            }
          },
        )
      }
      signal.addEventListener('abort', () => {
        reject(new AggregateError(failures, 'RPC endpoints gave no usable answer in time'))
      })
      for (let count = 0; count < this.#quorum; count++) askNext()
    }).finally(() => {
      clearTimeout(timer)
      for (const [index, askedAt] of waitingFor) {
        if (performance.now() - askedAt >= this.#patienceWith(index)) this.#health.failed(index)
      }
    })
  }

  #patienceWith(index: number): number {
    return this.#health.keepsFailing(index) ? Math.min(PATIENCE_ON_TRIAL, this.#patience) : this.#patience
  }
}

interface Decision {
  readonly index: number
  readonly permission: AccessKeyPermission | undefined
}

/** Network errors name hosts: what is passed on is the endpoint's place in the list and the kind of failure. */
function describeFailure(error: unknown, place: number, count: number): UnusableAnswer {
  const { code } = error as NodeJS.ErrnoException
  const reason =
    error instanceof UnusableAnswer ? error.message : `no answer (${code ?? 'connection closed'})`
  return new UnusableAnswer(`Endpoint ${place} of ${count}: ${reason}`)
}
