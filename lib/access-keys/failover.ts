import { EndpointHealth } from './health'
import { Cancellation, UnusableAnswer, type Endpoint } from './http'
import { afterQuiet } from '../patience'
import { askForPermission, type KeyQuestion } from './rpc'
import { isFullAccess, type AccessKeyPermission, type BoundedKeySource, type KeyQuery } from './source'

/** How long an endpoint is waited for before another is asked as well, in milliseconds, where time allows. */
const PATIENCE = 1000

/** The same for one that has kept failing and is on trial again. */
const PATIENCE_ON_TRIAL = 100

export interface RpcAccessKeysOptions {
  /** How long a question may take, every endpoint included, in milliseconds: each gets its share. */
  timeout: number
  /** How many endpoints must say yes. */
  quorum: number
}

/** A request that is under way. */
interface Attempt {
  readonly askedAt: number
  readonly onTrial: boolean
  readonly cancellation: Cancellation
}

/**
 * Asks JSON-RPC endpoints in their order of preference, as many at once as must say yes, and another where one fails or is
 * slow. A definite no from any of them decides at once: a removed key must not come back because other nodes lag, and
 * nobody is let in by fewer than `quorum` endpoints.
 */
export class RpcAccessKeys implements BoundedKeySource {
  readonly #endpoints: readonly Endpoint[]
  readonly #timeout: number
  readonly #quorum: number
  readonly #patience: number
  readonly #health: EndpointHealth

  constructor(endpoints: readonly Endpoint[], { timeout, quorum }: RpcAccessKeysOptions) {
    this.#endpoints = endpoints
    this.#timeout = timeout
    this.#quorum = quorum
    this.#patience = Math.min(PATIENCE, timeout / endpoints.length)
    this.#health = new EndpointHealth(endpoints.length)
  }

  /** @throws {AggregateError} with an {@link UnusableAnswer} for each endpoint that was asked, when too few are left */
  permission(
    accountId: string,
    publicKey: string,
    { allowImplicit = false, onDecision }: KeyQuery,
  ): Promise<AccessKeyPermission | undefined> {
    const question: KeyQuestion = { accountId, publicKey, allowImplicit }
    const order = this.#health.order()
    const attempts = new Map<number, Attempt>()
    const failures: UnusableAnswer[] = []
    let agreed = 0
    let latest: number | undefined
    let decided = false
    let stopWaiting = (): void => undefined

    return new Promise((resolve, reject) => {
      const end = (isLate: boolean): void => {
        decided = true
        stopWaiting()
        stopDeadline()
        for (const [index, attempt] of attempts) this.#letGo(index, attempt, isLate)
      }
      const decide = (index: number, permission: AccessKeyPermission | undefined): void => {
        if (decided) return
        end(false)
        resolve(permission)
        onDecision?.(index + 1)
      }
      const giveUp = (isLate: boolean): void => {
        end(isLate)
        const inTime = isLate ? ' in time' : ''
        reject(new AggregateError(failures, `Too few RPC endpoints gave a usable answer${inTime}`))
      }
      const askNext = (): void => {
        const index = order.shift()
        if (index === undefined) return
        latest = index
        const attempt = this.#start(index)
        attempts.set(index, attempt)
        stopWaiting()
        stopWaiting = afterQuiet(this.#patienceWith(attempts), askNext)
        askForPermission(this.#endpoints[index]!, question, attempt.cancellation).then(
          (permission) => {
            attempts.delete(index)
            this.#health.succeeded(index)
            if (isFullAccess(permission)) agreed++
            if (!isFullAccess(permission) || agreed === this.#quorum) decide(index, permission)
          },
          (error: unknown) => {
            attempts.delete(index)
            if (decided) return
            if (!(error instanceof UnusableAnswer) || error.blamesEndpoint) this.#health.failed(index)
            failures.push(describeFailure(error, index + 1, this.#endpoints.length))
            if (agreed + attempts.size + order.length < this.#quorum) {
              giveUp(false)
            } else if (index === latest || agreed + attempts.size < this.#quorum) {
              askNext()
            }
          },
        )
      }
      const stopDeadline = afterQuiet(this.#timeout, () => {
        const late = new UnusableAnswer('no answer in time')
        for (const index of attempts.keys()) {
          failures.push(describeFailure(late, index + 1, this.#endpoints.length))
        }
        giveUp(true)
      })
      for (let count = 0; count < this.#quorum; count++) askNext()
    })
  }

  #start(index: number): Attempt {
    return {
      askedAt: performance.now(),
      onTrial: this.#health.keepsFailing(index),
      cancellation: new Cancellation(),
    }
  }

  /** Ends what is still under way. After a decision, one that is on trial may use its time to show that it works again. */
  #letGo(index: number, { askedAt, onTrial, cancellation }: Attempt, isLate: boolean): void {
    const left = askedAt + this.#patience - performance.now()
    if (onTrial && left > 0 && !isLate) {
      setTimeout(() => cancellation.cancel(), left).unref()
      return
    }
    if (left <= 0 && !onTrial) this.#health.failed(index)
    cancellation.cancel()
  }

  #patienceWith(attempts: Map<number, Attempt>): number {
    const hasTrial = [...attempts.values()].some(({ onTrial }) => onTrial)
    return hasTrial ? Math.min(PATIENCE_ON_TRIAL, this.#patience) : this.#patience
  }
}

/** Network errors name hosts: what is passed on is the endpoint's place in the list and the kind of failure. */
function describeFailure(error: unknown, place: number, count: number): UnusableAnswer {
  const { code } = error as NodeJS.ErrnoException
  const reason =
    error instanceof UnusableAnswer ? error.message : `no answer (${code ?? 'connection closed'})`
  return new UnusableAnswer(`Endpoint ${place} of ${count}: ${reason}`)
}
