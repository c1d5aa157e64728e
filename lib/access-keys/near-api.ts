import { RpcUnavailableError } from '../rpc/query-limit'
import { InvalidResponseError } from '../rpc/http'
import { isImplicitAccountOf } from './implicit'
import type { AccessKeyPermission, AccessKeyQuery, AccessKeySource } from './source'

/** A near-api-js 7 `Provider`; the methods that are used. Each of its providers has them. */
export interface NearApiProvider {
  /** One key of an account, with its permission. Throws if there is no such key. */
  viewAccessKey(params: {
    accountId: string
    publicKey: string
    finalityQuery: { finality: 'final' }
  }): Promise<{ permission: unknown }>
  /** An account at a block. Throws if there is no such account. Used with `allowImplicit` only. */
  viewAccount(params: { accountId: string; blockQuery: { blockId: string } }): Promise<unknown>
}

/**
 * Creates an access key source from a near-api-js 7 `Provider`. Prefer the option `rpc`, which has none of these limits:
 *
 * - near-api-js has no time limit and no way to abort. After `rpcTimeout`, it goes on in the background.
 * - A `FailoverRpcProvider` treats a missing key as an outage, so that a stale yes wins. Its providers are asked one by one here,
 *   and the first definite response decides.
 * - near-api-js accepts a response with any HTTP status and any id, and drops the text of fast-near's errors.
 *
 * @example
 * ```js
 * const { JsonRpcProvider } = require('near-api-js')
 * const accessKeys = nearApiAccessKeys(new JsonRpcProvider({ url: 'https://rpc.example.com' }))
 * new NearStrategy({ recipient: 'app.example.com', accessKeys }, verify)
 * ```
 * @throws {TypeError} when the argument is not a provider
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
  // The strategy accepts the known permissions only.
  if (permission === undefined) throw new InvalidResponseError('an access key without a permission')
  return permission as AccessKeyPermission
}

async function accountExists(
  provider: NearApiProvider,
  accountId: string,
  blockId: string | undefined,
): Promise<boolean> {
  if (blockId === undefined)
    throw new InvalidResponseError('no key, and no block at which to look for the account')
  try {
    await provider.viewAccount({ accountId, blockQuery: { blockId } })
    return true
  } catch (error) {
    if (parseNotFound(error)?.what === 'account') return false
    return throwUnavailable(error)
  }
}

/** near-api-js's messages can carry the endpoint's URL: only the class of the error is passed on. */
function throwUnavailable(error: unknown): never {
  const kind = error instanceof Object ? error.constructor.name : typeof error
  throw new InvalidResponseError(`The provider could not tell (${kind})`)
}

/** Recognises near-api-js's errors by name, or by the node's text: for other makes of node, near-api-js keeps no more than that. */
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
