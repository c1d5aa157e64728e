import { within } from '../patience'
import type { AccessKeySource, BoundedKeySource } from './source'

/**
 * Bounds an application's own source, which may not heed its signal, or never answer.
 *
 * @param timeout - in milliseconds
 */
export function boundSource(source: AccessKeySource, timeout: number): BoundedKeySource {
  const tooLate = `No answer about the access key came within ${timeout} ms`
  return {
    permission: (accountId, publicKey, query) =>
      within(timeout, tooLate, (cancellation) => {
        const deadline = new AbortController()
        cancellation.onCancel = () => deadline.abort(new Error(tooLate))
        return source.permission(accountId, publicKey, { ...query, signal: deadline.signal })
      }),
  }
}
