import { RpcUnavailableError } from '../rpc/hedged-query'
import { InvalidResponseError } from '../rpc/http'
import { isImplicitAccountOf } from './implicit'
import type { AccessKeyPermission, AccessKeyQuery, AccessKeySource } from './source'

/** What is used of a near-api-js 7 `Provider`; any of its providers has these methods. */
export interface NearApiProvider {
  /** One key of an account, with its permission; throws where there is none. */
  viewAccessKey(params: {
    accountId: string
    publicKey: string
    finalityQuery: { finality: 'final' }
  }): Promise<{ permission: unknown }>
  /** An account at a block; throws where there is none. Asked only with `allowImplicit`. */
  viewAccount(params: { accountId: string; blockQuery: { blockId: string } }): Promise<unknown>
}

/**
 * Makes a near-api-js 7 `Provider` the source of keys. `rpcTimeout` bounds what is waited for, but near-api-js has neither a time
 * limit nor a way to abort: it keeps trying in the background after that.
 *
 * A `FailoverRpcProvider` takes a missing key for an outage and lets a stale yes win; its providers are asked here one by one
 * instead, and the first definite answer decides. What near-api-js does not show cannot be judged: it takes an answer on
 * any HTTP status and with any id, and drops the text of fast-near's errors. The strategy's own `rpc` has none of these limits.
 *
 * @throws {TypeError} when it is no provider
 */
export function nearApiAccessKeys(provider: NearApiProvider): AccessKeySource {
  const providers = unwrap(provider)
  for (const each of providers) {
    for (const method of ['viewAccessKey', 'viewAccount'] as const) {
      if (typeof (each as NearApiProvider | null | undefined)?.[method] !== 'function') {
        throw new TypeError(`nearApiAccessKeys: expected a near-api-js 7 Provider, with a method ${method}`)
      }
    }
  }
  return {
    async permission(
      accountId: string,
      publicKey: string,
      { signal, allowImplicit = false }: AccessKeyQuery,
    ) {
      const failures: InvalidResponseError[] = []
      for (const each of providers) {
        if (signal.aborted) break
        try {
          return await ask(each, accountId, publicKey, allowImplicit)
        } catch (error) {
          failures.push(error as InvalidResponseError)
        }
      }
      throw new RpcUnavailableError(failures)
    },
  }
}

/** The providers behind a `FailoverRpcProvider`, or the provider itself. */
function unwrap(provider: NearApiProvider & { providers?: unknown }): readonly NearApiProvider[] {
  const inner: unknown = (provider as { providers?: unknown } | null | undefined)?.providers
  return Array.isArray(inner) && inner.length > 0 ? (inner as NearApiProvider[]) : [provider]
}

async function ask(
  provider: NearApiProvider,
  accountId: string,
  publicKey: string,
  allowImplicit: boolean,
): Promise<AccessKeyPermission | undefined> {
  let permission: unknown
  try {
    const finalityQuery = { finality: 'final' } as const
    ;({ permission } = await provider.viewAccessKey({ accountId, publicKey, finalityQuery }))
  } catch (error) {
    const { what, blockHash } = parseNotFound(error) ?? throwUnavailable(error)
    if (!allowImplicit || !isImplicitAccountOf(accountId, publicKey)) return undefined
    if (what === 'account') return 'FullAccess'
    return (await accountExists(provider, accountId, blockHash)) ? undefined : 'FullAccess'
  }
  // Whatever it is: the strategy takes none but the known permissions for an answer.
  if (permission === undefined) throw new InvalidResponseError('an access key without a permission')
  return permission as AccessKeyPermission
}

async function accountExists(
  provider: NearApiProvider,
  accountId: string,
  blockId: string | undefined,
): Promise<boolean> {
  if (blockId === undefined) throw new InvalidResponseError('no key, and no block to look for the account at')
  try {
    await provider.viewAccount({ accountId, blockQuery: { blockId } })
    return true
  } catch (error) {
    if (parseNotFound(error)?.what === 'account') return false
    return throwUnavailable(error)
  }
}

/** near-api-js's messages can carry the endpoint's URL: what is passed on is the kind of error. */
function throwUnavailable(error: unknown): never {
  const kind = error instanceof Object ? error.constructor.name : typeof error
  throw new InvalidResponseError(`The provider could not tell (${kind})`)
}

/** Sorts near-api-js's errors by name or, where nodes of another make leave it no more, by the text that they answered. */
function parseNotFound(
  error: unknown,
): { what: 'key' | 'account'; blockHash: string | undefined } | undefined {
  if (!(error instanceof Object)) return undefined
  const { name, message, blockHash } = error as { name?: unknown; message?: unknown; blockHash?: unknown }
  const at = { blockHash: typeof blockHash === 'string' ? blockHash : undefined }
  if (name === 'AccessKeyDoesNotExistError') return { what: 'key', ...at }
  if (name === 'AccountDoesNotExistError') return { what: 'account', ...at }
  if (name !== 'RpcError' || typeof message !== 'string') return undefined
  if (/^access key \S+ does not exist while viewing/.test(message)) return { what: 'key', ...at }
  if (/^account \S+ does not exist while viewing/.test(message)) return { what: 'account', ...at }
  return undefined
}
