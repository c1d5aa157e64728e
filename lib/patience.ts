/**
 * Calls back after a delay, and after what has arrived by then has been handled: where the event loop was held up, an answer
 * that lies ready is not taken for one that is late.
 *
 * @returns a function that calls it off
 */
export function afterQuiet(delay: number, callback: () => void): () => void {
  let immediate: NodeJS.Immediate | undefined
  const timer = setTimeout(() => (immediate = setImmediate(callback)), delay)
  return () => {
    clearTimeout(timer)
    clearImmediate(immediate)
  }
}

/** Ends the one request that is under way: an AbortSignal with a single listener, at a tenth of the cost. */
export class Cancellation {
  isCancelled = false
  onCancel: (() => void) | undefined

  cancel(): void {
    this.isCancelled = true
    this.onCancel?.()
  }
}

/**
 * Waits for somebody else's answer, who may never give one.
 *
 * @param timeout - in milliseconds
 * @param reason - what is said when it is over
 * @param ask - is cancelled then; who heeds it may still say more of what happened
 */
export async function within<Answer>(
  timeout: number,
  reason: string,
  ask: (cancellation: Cancellation) => Promise<Answer>,
): Promise<Answer> {
  const cancellation = new Cancellation()
  let callOff = (): void => undefined
  const late = new Promise<never>((_, reject) => {
    callOff = afterQuiet(timeout, () => {
      cancellation.cancel()
      setImmediate(() => reject(new Error(reason)))
    })
  })
  try {
    return await Promise.race([ask(cancellation), late])
  } finally {
    callOff()
  }
}
