/**
 * Like `setTimeout`, but runs the callback after pending I/O callbacks. If the event loop was blocked past the deadline, a
 * response that has already arrived still wins.
 *
 * @param delay - in milliseconds
 * @returns a function that clears the timer
 */
export function setTimeoutAfterIo(callback: () => void, delay: number): () => void {
  let immediate: NodeJS.Immediate | undefined
  const timer = setTimeout(() => (immediate = setImmediate(callback)), delay)
  return () => {
    clearTimeout(timer)
    clearImmediate(immediate)
  }
}

/**
 * Runs an operation with a time limit, because an application's own function, a store or a server may never respond.
 *
 * @param timeout - in milliseconds
 * @param message - of the error that ends the operation when it times out
 * @param controller - is aborted when the operation times out; an operation that rejects then can still say more
 */
export async function withTimeout<Result>(
  timeout: number,
  message: string,
  run: () => Promise<Result> | Result,
  controller?: Pick<AbortController, 'abort'>,
): Promise<Result> {
  let clear = (): void => undefined
  const timedOut = new Promise<never>((_, reject) => {
    clear = setTimeoutAfterIo(() => {
      const error = new Error(message)
      controller?.abort(error)
      setImmediate(() => reject(error))
    }, timeout)
  })
  try {
    return await Promise.race([run(), timedOut])
  } finally {
    clear()
  }
}
