import { NearLoginRejected, NearServiceError } from '../errors'
import { isFullAccess, type AccessKeySource } from './source'

/**
 * Demands that a public key is a full-access key of an account, now.
 *
 * @param timeout - in milliseconds; holds for sources that ignore their signal too
 * @throws {NearLoginRejected} `ERR_NEAR_ACCESS_KEY_NOT_FOUND` or `ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS` (401)
 * @throws {NearServiceError} `ERR_NEAR_RPC_UNAVAILABLE` (503) when the source cannot tell
 */
export async function requireFullAccessKey(
  source: AccessKeySource,
  accountId: string,
  publicKey: string,
  timeout: number,
): Promise<void> {
  const permission = await askWithin(timeout, source, accountId, publicKey)
  if (permission === undefined) throw new NearLoginRejected('ERR_NEAR_ACCESS_KEY_NOT_FOUND')
  switch (isFullAccess(permission)) {
    case true:
      return
    case false:
      throw new NearLoginRejected('ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS')
    case undefined:
      throw new NearServiceError('ERR_NEAR_RPC_UNAVAILABLE', {
        cause: new TypeError('The access key source returned a permission that is not known'),
      })
  }
}

async function askWithin(
  timeout: number,
  source: AccessKeySource,
  accountId: string,
  publicKey: string,
): Promise<unknown> {
  const deadline = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const timedOut = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const reason = new Error(`No answer about the access key came within ${timeout} ms`)
      reject(reason)
      deadline.abort(reason)
    }, timeout)
  })
  try {
    return await Promise.race([
      source.permission(accountId, publicKey, { signal: deadline.signal }),
      timedOut,
    ])
  } catch (cause) {
    throw new NearServiceError('ERR_NEAR_RPC_UNAVAILABLE', { cause })
  } finally {
    clearTimeout(timer)
  }
}
