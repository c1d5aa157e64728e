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
