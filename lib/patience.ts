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

/**
 * Waits for somebody else's answer, who may never give one.
 *
 * @param timeout - in milliseconds
 * @param reason - what is said when it is over
 * @param ask - its signal aborts then; who heeds it may still say more of what happened
 */
export async function within<Answer>(
  timeout: number,
  reason: string,
  ask: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const deadline = new AbortController()
  let callOff = (): void => undefined
  const late = new Promise<never>((_, reject) => {
    callOff = afterQuiet(timeout, () => {
      const error = new Error(reason)
      deadline.abort(error)
      setImmediate(() => reject(error))
    })
  })
  try {
    return await Promise.race([ask(deadline.signal), late])
  } finally {
    callOff()
  }
}
