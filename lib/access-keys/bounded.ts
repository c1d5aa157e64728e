import { afterQuiet } from './patience'
import type { AccessKeySource, BoundedKeySource } from './source'

/**
 * Bounds an application's own source, which may not heed its signal, or never answer.
 *
 * @param timeout - in milliseconds
 */
export function boundSource(source: AccessKeySource, timeout: number): BoundedKeySource {
  return {
    async permission(accountId, publicKey, query) {
      const deadline = new AbortController()
      let callOff = (): void => undefined
      const timedOut = new Promise<never>((_, reject) => {
        callOff = afterQuiet(timeout, () => {
          const reason = new Error(`No answer about the access key came within ${timeout} ms`)
          deadline.abort(reason)
          // A source that heeds its signal may say more of what happened.
          setImmediate(() => reject(reason))
        })
      })
      try {
        return await Promise.race([
          source.permission(accountId, publicKey, { ...query, signal: deadline.signal }),
          timedOut,
        ])
      } finally {
        callOff()
      }
    },
  }
}
