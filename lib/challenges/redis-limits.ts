import { NearServiceError } from '../errors'
import { withTimeout } from '../timeout'

/*
 * Problem: Redis may fail, hang or be unreachable while logins keep coming.
 * Mechanism: a time limit for each operation, and a cap on commands that wait for a reply.
 * Threat: a login that never ends; memory that grows until the process dies.
 */

/** Commands that may wait for a reply. If Redis does not reply, clients keep commands in memory without limit. */
const MAX_PENDING_COMMANDS = 10_000

/** The limits of one store's use of Redis. */
export class RedisLimits {
  readonly #timeout: number
  #pendingCommands = 0

  /** @param timeout - in milliseconds */
  constructor(timeout: number) {
    this.#timeout = timeout
  }

  /** Sends one command. */
  async command<Reply>(send: () => Promise<Reply>): Promise<Reply> {
    if (this.#pendingCommands >= MAX_PENDING_COMMANDS) throw new Error('Too many commands wait for Redis')
    this.#pendingCommands++
    try {
      return await send()
    } finally {
      this.#pendingCommands--
    }
  }

  /**
   * Runs an operation of one or more commands.
   *
   * @param controller - is aborted when Redis times out
   * @throws {NearServiceError} `ERR_NEAR_STORE_FAILED` (503) when Redis fails or times out
   */
  async withTimeout<Result>(run: () => Promise<Result>, controller?: AbortController): Promise<Result> {
    try {
      const timedOut = `Redis did not reply within ${this.#timeout} ms`
      return await withTimeout(this.#timeout, timedOut, run, controller)
    } catch (cause) {
      throw new NearServiceError('ERR_NEAR_STORE_FAILED', { cause })
    }
  }
}
