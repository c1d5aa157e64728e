import { log } from './log.mjs'

/** Closes what was opened, in reverse order, once, and ends the process. */
export class Shutdown {
  #steps = []
  #isRunning = false

  /** @param {() => unknown} close */
  add(close) {
    this.#steps.push(close)
  }

  /** @param {number} exitCode */
  async run(exitCode) {
    if (this.#isRunning) return
    this.#isRunning = true
    for (const close of this.#steps.reverse()) {
      try {
        await close()
      } catch (error) {
        log('shutdown', { outcome: 'failed', reason: error.code ?? error.name })
      }
    }
    process.exit(exitCode)
  }
}
