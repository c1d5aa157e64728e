/*
 * Problem: each pending query holds memory and a connection, and waits for the queries before it.
 * Mechanism: a limit for each kind of query in a process. A query above it fails at once, without a request.
 * Threat: a flood of one kind of login that takes the other kinds down with it.
 */

/** Too few endpoints gave a usable response. The message names the reason of each, and no URL. */
export class RpcUnavailableError extends AggregateError {
  override readonly name = 'RpcUnavailableError'

  constructor(reasons: readonly Error[]) {
    super(reasons, reasons.map(({ message }) => message).join('; '))
  }
}

/** How many queries of one kind may be pending in a process. More could not be answered in time, and would delay the others. */
export class QueryLimit {
  #pending = 0

  constructor(readonly max: number) {}

  /** @throws {RpcUnavailableError} at once, without a request, when as many queries are pending */
  async run<Result>(query: () => Promise<Result>): Promise<Result> {
    if (this.#pending >= this.max) {
      throw new RpcUnavailableError([new Error(`${this.max} queries are pending in this process`)])
    }
    this.#pending++
    try {
      return await query()
    } finally {
      this.#pending--
    }
  }
}
