import { UnusableAnswer } from './http'
import { isImplicitAccountOf } from './implicit'
import type { AccessKeyPermission, AccessKeyQuery, AccessKeySource } from './source'

/** What is used of a near-api-js 7 `Provider`; any of its providers has these methods. */
export interface NearApiProvider {
  viewAccessKey(params: {
    accountId: string
    publicKey: string
    finalityQuery: { finality: 'final' }
  }): Promise<{ permission: unknown }>
  viewAccount(params: { accountId: string; blockQuery: { blockId: string } }): Promise<unknown>
}

/**
 * Makes a near-api-js 7 `Provider` the source of keys. `rpcTimeout` bounds what is waited for, but near-api-js has neither a time
 * limit nor a way to abort: it keeps trying in the background after that.
 *
 * Its `FailoverRpcProvider` takes a missing key for an outage and asks the next endpoint, so that a stale yes wins: use a
 * `JsonRpcProvider`, or the strategy's own `rpc` with several endpoints.
 *
 * @throws {TypeError} when it is no provider
 */
export function nearApiAccessKeys(provider: NearApiProvider): AccessKeySource {
  for (const method of ['viewAccessKey', 'viewAccount'] as const) {
    if (typeof (provider as NearApiProvider | null | undefined)?.[method] !== 'function') {
      throw new TypeError(`nearApiAccessKeys: expected a near-api-js 7 Provider, with a method ${method}`)
    }
  }
  return {
    async permission(accountId: string, publicKey: string, { allowImplicit = false }: AccessKeyQuery) {
      try {
        const finalityQuery = { finality: 'final' } as const
        const { permission } = await provider.viewAccessKey({ accountId, publicKey, finalityQuery })
        // Whatever it is: the strategy takes none but the known permissions for an answer.
        if (permission === undefined) throw new UnusableAnswer('an access key without a permission')
        return permission as AccessKeyPermission
      } catch (error) {
        const absent = whatIsAbsent(error)
        if (!absent) throw cannotTell(error)
        if (!allowImplicit || !isImplicitAccountOf(accountId, publicKey)) return undefined
        if (absent.what === 'account') return 'FullAccess'
        return (await accountExists(provider, accountId, absent.blockHash)) ? undefined : 'FullAccess'
      }
    },
  }
}

async function accountExists(
  provider: NearApiProvider,
  accountId: string,
  blockId: string | undefined,
): Promise<boolean> {
  if (blockId === undefined) throw new UnusableAnswer('no key, and no block to look for the account at')
  try {
    await provider.viewAccount({ accountId, blockQuery: { blockId } })
    return true
  } catch (error) {
    if (whatIsAbsent(error)?.what === 'account') return false
    throw cannotTell(error)
  }
}

/** near-api-js's messages can carry the endpoint's URL: what is passed on is the kind of error. */
function cannotTell(error: unknown): UnusableAnswer {
  const kind = error instanceof Object ? error.constructor.name : typeof error
  return new UnusableAnswer(`The provider could not tell (${kind})`)
}

/** Sorts near-api-js's errors by name or, where nodes of another make leave it no more, by the text that they answered. */
function whatIsAbsent(
  error: unknown,
): { what: 'key' | 'account'; blockHash: string | undefined } | undefined {
  if (!(error instanceof Object)) return undefined
  const { name, message, blockHash } = error as { name?: unknown; message?: unknown; blockHash?: unknown }
  const at = { blockHash: typeof blockHash === 'string' ? blockHash : undefined }
  if (name === 'AccessKeyDoesNotExistError') return { what: 'key', ...at }
  if (name === 'AccountDoesNotExistError') return { what: 'account', ...at }
  if (typeof message !== 'string') return undefined
  if (/^access key \S+ does not exist while viewing/.test(message)) return { what: 'key', ...at }
  if (/^account \S+ does not exist while viewing/.test(message)) return { what: 'account', ...at }
  return undefined
}
