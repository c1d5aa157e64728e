/** So many failures in a row, and an endpoint is asked last. */
const MAX_FAILURES = 3

/** For so long it is asked last, then tried again once, in milliseconds. */
const COOL_OFF = 30_000

/** What is known of each endpoint from earlier logins. */
export class EndpointHealth {
  /** Failures in a row, by index. */
  readonly #failures: number[]
  /** When an endpoint that keeps failing is tried again, by index. */
  readonly #retryAt: number[]

  constructor(count: number) {
    this.#failures = new Array<number>(count).fill(0)
    this.#retryAt = new Array<number>(count).fill(0)
  }

  /** The endpoints' indexes in the order in which to ask them: as preferred, those that keep failing last. */
  order(): number[] {
    const now = performance.now()
    const preferred: number[] = []
    const failing: number[] = []
    for (const index of this.#failures.keys()) {
      if (!this.keepsFailing(index)) preferred.push(index)
      else if (this.#retryAt[index]! > now) failing.push(index)
      else {
        // This login tries it; the others that are under way don't.
        this.#retryAt[index] = now + COOL_OFF
        preferred.push(index)
      }
    }
    return [...preferred, ...failing]
  }

  keepsFailing(index: number): boolean {
    return this.#failures[index]! >= MAX_FAILURES
  }

  succeeded(index: number): void {
    this.#failures[index] = 0
  }

  failed(index: number): void {
    this.#failures[index]!++
    if (this.keepsFailing(index)) this.#retryAt[index] = performance.now() + COOL_OFF
  }
}
