/*
 * Problem: an endpoint that is down costs each login a failed request or a wait.
 * Mechanism: a circuit for each endpoint. It opens after consecutive failures: the endpoint is asked last. After a cooldown, one
 * request probes the endpoint (half-open).
 * Threat: a visitor who makes a good endpoint look down. Only failures that a visitor cannot cause are recorded.
 */

/** Consecutive failures after which the circuit opens. */
const FAILURE_THRESHOLD = 3

/** How long an open circuit stays open before a request probes the endpoint, in milliseconds. */
const COOLDOWN = 30_000

/** The circuits of a list of endpoints, by index. */
export class CircuitBreaker {
  readonly #consecutiveFailures: number[]
  readonly #probeAt: number[]

  constructor(count: number) {
    this.#consecutiveFailures = new Array<number>(count).fill(0)
    this.#probeAt = new Array<number>(count).fill(0)
  }

  /**
   * The order in which to ask the endpoints: as preferred, with open circuits last. An endpoint whose cooldown is over keeps its
   * place; this call reserves the probe, so that parallel requests do not probe as well.
   */
  nextOrder(): number[] {
    const now = performance.now()
    const first: number[] = []
    const last: number[] = []
    for (const index of this.#consecutiveFailures.keys()) {
      if (!this.isOpen(index)) first.push(index)
      else if (this.#probeAt[index]! > now) last.push(index)
      else {
        this.#probeAt[index] = now + COOLDOWN
        first.push(index)
      }
    }
    return [...first, ...last]
  }

  isOpen(index: number): boolean {
    return this.#consecutiveFailures[index]! >= FAILURE_THRESHOLD
  }

  recordSuccess(index: number): void {
    this.#consecutiveFailures[index] = 0
  }

  recordFailure(index: number): void {
    this.#consecutiveFailures[index]!++
    if (this.isOpen(index)) this.#probeAt[index] = performance.now() + COOLDOWN
  }
}
