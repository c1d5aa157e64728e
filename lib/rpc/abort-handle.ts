/**
 * Aborts the requests of an attempt. It does what an `AbortController` and its signal do, without their events: those cost 3 % of a
 * login.
 */
export class AbortHandle {
  readonly #listeners = new Set<() => void>()
  #isAborted = false

  get isAborted(): boolean {
    return this.#isAborted
  }

  /**
   * Calls a listener when the attempt is aborted, or at once if it already is.
   *
   * @returns a function that removes the listener
   */
  onAbort(listener: () => void): () => void {
    if (this.#isAborted) listener()
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Calls each listener once. */
  abort(): void {
    this.#isAborted = true
    for (const listener of this.#listeners) {
      this.#listeners.delete(listener)
      listener()
    }
  }
}
