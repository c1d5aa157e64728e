import { NearServiceError, reject } from '../errors'
import { afterQuiet } from './patience'
import { isFullAccess, type AccessKeyQuery, type AccessKeySource } from './source'

export interface FullAccessKeyOptions extends Omit<AccessKeyQuery, 'signal'> {
  /** In milliseconds; holds for sources that ignore their signal too. */
  readonly timeout: number
}

/**
 * Demands that a public key is a full-access key of an account, now.
 *
 * @throws {NearLoginRejected} `ERR_NEAR_ACCESS_KEY_NOT_FOUND` or `ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS` (401)
 * @throws {NearServiceError} `ERR_NEAR_RPC_UNAVAILABLE` (503) when the source cannot tell
 */
export async function requireFullAccessKey(
  source: AccessKeySource,
  accountId: string,
  publicKey: string,
  { timeout, ...query }: FullAccessKeyOptions,
): Promise<void> {
  const permission = await askWithin(timeout, source, accountId, publicKey, query)
  if (permission === undefined) reject('ERR_NEAR_ACCESS_KEY_NOT_FOUND')
  const fullAccess = isFullAccess(permission)
  if (fullAccess === undefined) {
    const cause = new TypeError('The access key source returned a permission that is not known')
    throw new NearServiceError('ERR_NEAR_RPC_UNAVAILABLE', { cause })
  }
  if (!fullAccess) reject('ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS')
}

async function askWithin(
  timeout: number,
  source: AccessKeySource,
  accountId: string,
  publicKey: string,
  query: Omit<AccessKeyQuery, 'signal'>,
): Promise<unknown> {
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
  } catch (cause) {
    throw new NearServiceError('ERR_NEAR_RPC_UNAVAILABLE', { cause })
  } finally {
    callOff()
  }
}
