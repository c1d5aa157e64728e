import { UnusableAnswer, type Endpoint } from './http'
import { viewAccessKey } from './rpc'
import type { AccessKeyPermission, AccessKeySource } from './source'

/** How long an endpoint is waited for before the next is asked as well, in milliseconds, where time allows. */
const PATIENCE = 1000

/**
 * Asks JSON-RPC endpoints in their order of preference. The first definite answer decides, be it yes or no. One that
 * fails is passed over at once; one that is slow may still answer while the next is asked.
 */
export class RpcAccessKeys implements AccessKeySource {
  readonly #endpoints: readonly Endpoint[]
  readonly #patience: number

  /** @param timeout - how long the answer will be waited for, in milliseconds: each endpoint gets its share */
  constructor(endpoints: readonly Endpoint[], timeout: number) {
    this.#endpoints = endpoints
    this.#patience = Math.min(PATIENCE, timeout / endpoints.length)
  }

  /** @throws {AggregateError} with an {@link UnusableAnswer} for each endpoint, when none gave a definite answer */
  async permission(
    accountId: string,
    publicKey: string,
    { signal }: { signal: AbortSignal },
  ): Promise<AccessKeyPermission | undefined> {
    const asking = new AbortController()
    const stop = (): void => asking.abort()
    signal.addEventListener('abort', stop)
    try {
      return await this.#firstDefinite(
        (endpoint) => viewAccessKey(endpoint, accountId, publicKey, asking.signal),
        asking.signal,
      )
    } finally {
      signal.removeEventListener('abort', stop)
      stop()
    }
  }

  #firstDefinite<Answer>(ask: (endpoint: Endpoint) => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    const count = this.#endpoints.length
    const failures: UnusableAnswer[] = []
    let asked = 0
    let timer: NodeJS.Timeout | undefined
    return new Promise<Answer>((resolve, reject) => {
      const askNext = (): void => {
        clearTimeout(timer)
        const endpoint = this.#endpoints[asked]
        if (!endpoint) return
        const place = ++asked
        timer = setTimeout(askNext, this.#patience)
        ask(endpoint).then(resolve, (error: unknown) => {
          failures.push(describeFailure(error, place, count))
          if (failures.length === count || signal.aborted) {
            reject(new AggregateError(failures, 'No RPC endpoint gave a usable answer'))
          } else if (place === asked) {
            askNext()
          }
        })
      }
      askNext()
    }).finally(() => clearTimeout(timer))
  }
}

/** Network errors name hosts: what is passed on is the endpoint's place in the list and the kind of failure. */
function describeFailure(error: unknown, place: number, count: number): UnusableAnswer {
  const { code } = error as NodeJS.ErrnoException
  const reason =
    error instanceof UnusableAnswer ? error.message : `no answer (${code ?? 'connection closed'})`
  return new UnusableAnswer(`Endpoint ${place} of ${count}: ${reason}`)
}
