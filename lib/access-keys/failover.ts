import { EndpointHealth } from './health'
import { afterQuiet, Cancellation } from '../patience'
import { UnusableAnswer, type Endpoint } from './http'
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

/**
 * Asks JSON-RPC endpoints in their order of preference, as many at once as must say yes, and another where one fails or is
 * slow. A definite no from any of them decides at once: a removed key must not come back because other nodes lag, and
 * nobody is let in by fewer than `quorum` endpoints.
 */
export class RpcAccessKeys implements BoundedKeySource {
  readonly #endpoints: readonly Endpoint[]
  readonly #options: RpcAccessKeysOptions
  readonly #health: EndpointHealth

  constructor(endpoints: readonly Endpoint[], options: RpcAccessKeysOptions) {
    this.#endpoints = endpoints
    this.#options = options
    this.#health = new EndpointHealth(endpoints.length)
  }

  /** @throws {AggregateError} with an {@link UnusableAnswer} for each endpoint that was asked, when too few are left */
  permission(
    accountId: string,
    publicKey: string,
    { allowImplicit = false, onDecision }: KeyQuery,
  ): Promise<AccessKeyPermission | undefined> {
    const question: KeyQuestion = { accountId, publicKey, allowImplicit }
    return new Promise((resolve, reject) => {
      const decided = (index: number, permission: AccessKeyPermission | undefined): void => {
        resolve(permission)
        onDecision?.(index + 1)
      }
      new Inquiry(this.#endpoints, this.#options, this.#health, {
        question,
        decided,
        undecided: reject,
      }).begin()
    })
  }
}

/** What is to be found out, and who is told: one of the two, once. */
interface Task {
  readonly question: KeyQuestion
  readonly decided: (index: number, permission: AccessKeyPermission | undefined) => void
  readonly undecided: (error: AggregateError) => void
}

/** A request that is under way. */
interface Attempt {
  readonly askedAt: number
  readonly onTrial: boolean
  readonly cancellation: Cancellation
}

/** One question, and what came of it at each endpoint. */
class Inquiry {
  readonly #endpoints: readonly Endpoint[]
  readonly #options: RpcAccessKeysOptions
  readonly #health: EndpointHealth
  readonly #task: Task
  readonly #patience: number
  /** Those that have not been asked yet. */
  readonly #order: number[]
  /** Those that have been asked and have not answered yet. */
  readonly #attempts = new Map<number, Attempt>()
  readonly #failures: UnusableAnswer[] = []
  #agreed = 0
  #latest: number | undefined
  #isOver = false
  #stopWaiting: (() => void) | undefined
  #stopDeadline: (() => void) | undefined

  constructor(
    endpoints: readonly Endpoint[],
    options: RpcAccessKeysOptions,
    health: EndpointHealth,
    task: Task,
  ) {
    this.#endpoints = endpoints
    this.#options = options
    this.#health = health
    this.#task = task
    this.#patience = Math.min(PATIENCE, options.timeout / endpoints.length)
    this.#order = health.order()
  }

  begin(): void {
    this.#stopDeadline = afterQuiet(this.#options.timeout, () => this.#giveUp(true))
    for (let count = 0; count < this.#options.quorum; count++) this.#askNext()
  }

  #askNext(): void {
    const index = this.#order.shift()
    if (index === undefined) return
    this.#latest = index
    const attempt: Attempt = {
      askedAt: performance.now(),
      onTrial: this.#health.keepsFailing(index),
      cancellation: new Cancellation(),
    }
    this.#attempts.set(index, attempt)
    this.#stopWaiting?.()
    if (this.#order.length > 0) {
      this.#stopWaiting = afterQuiet(this.#patienceNow(), () => this.#askNext())
    }
    askForPermission(this.#endpoints[index]!, this.#task.question, attempt.cancellation).then(
      (permission) => this.#hear(index, permission),
      (error: unknown) => this.#miss(index, error),
    )
  }

  /** An endpoint answered. */
  #hear(index: number, permission: AccessKeyPermission | undefined): void {
    this.#attempts.delete(index)
    this.#health.succeeded(index)
    if (this.#isOver) return
    const isYes = isFullAccess(permission)
    if (isYes) this.#agreed++
    if (isYes && this.#agreed < this.#options.quorum) return
    this.#end(false)
    this.#task.decided(index, permission)
  }

  /** An endpoint gave no usable answer. */
  #miss(index: number, error: unknown): void {
    this.#attempts.delete(index)
    if (this.#isOver) return
    if (!(error instanceof UnusableAnswer) || error.blamesEndpoint) this.#health.failed(index)
    this.#failures.push(this.#describe(index, error))
    const { quorum } = this.#options
    const awaited = this.#agreed + this.#attempts.size
    if (awaited + this.#order.length < quorum) this.#giveUp(false)
    else if (index === this.#latest || awaited < quorum) this.#askNext()
  }

  #giveUp(isLate: boolean): void {
    if (isLate) {
      const late = new UnusableAnswer('no answer in time')
      for (const index of this.#attempts.keys()) this.#failures.push(this.#describe(index, late))
    }
    this.#end(isLate)
    const inTime = isLate ? ' in time' : ''
    this.#task.undecided(
      new AggregateError(this.#failures, `Too few RPC endpoints gave a usable answer${inTime}`),
    )
  }

  #end(isLate: boolean): void {
    this.#isOver = true
    this.#stopWaiting?.()
    this.#stopDeadline?.()
    for (const [index, attempt] of this.#attempts) this.#letGo(index, attempt, isLate)
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

  #patienceNow(): number {
    const hasTrial = [...this.#attempts.values()].some(({ onTrial }) => onTrial)
    return hasTrial ? Math.min(PATIENCE_ON_TRIAL, this.#patience) : this.#patience
  }

  /** Network errors name hosts: what is passed on is the endpoint's place in the list and the kind of failure. */
  #describe(index: number, error: unknown): UnusableAnswer {
    const { code } = error as NodeJS.ErrnoException
    const reason =
      error instanceof UnusableAnswer ? error.message : `no answer (${code ?? 'connection closed'})`
    return new UnusableAnswer(`Endpoint ${index + 1} of ${this.#endpoints.length}: ${reason}`)
  }
}
