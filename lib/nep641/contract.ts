import type { FunctionResult } from '../rpc/call-function'
import { parseResultJson } from '../rpc/call-function'
import { isObject } from '../rpc/json-rpc'
import { isAccountId } from '../validate'
import { isText } from './message'

/** The standard's view function. */
export const METHOD = 'w_resolve_auth'

/** An account whose authorization a contract depends on. */
export interface PendingAuthorization {
  readonly accountId: string
  readonly authorization: string
  /** The payload that the account must authorize. */
  readonly expect: string
}

/** The payload that a contract authorizes if all pending authorizations resolve. */
export interface ContractAnswer {
  readonly payload: string
  readonly pending: readonly PendingAuthorization[]
}

/** The arguments of the view call, in JSON. */
export function resolveAuthArgs(path: readonly string[], authorization: string): string {
  return JSON.stringify({ path, authorization })
}

/**
 * Reads the value that a contract returned. Unknown fields are ignored. A value with the field `status` is rejected: contracts of
 * earlier drafts return it, and their pending authorizations would look like final ones.
 *
 * @returns undefined if the contract does not authorize
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0641.md NEP-641, w_resolve_auth}
 */
export function parseContractAnswer(result: FunctionResult): ContractAnswer | undefined {
  const json = typeof result === 'string' ? undefined : parseResultJson(result)
  if (!isObject(json?.value) || Object.hasOwn(json.value, 'status')) return undefined
  const { payload, pending: list = [] } = json.value
  if (!isText(payload) || !Array.isArray(list)) return undefined
  const pending = list.map(parsePending)
  return pending.every((each) => each !== undefined) ? { payload, pending } : undefined
}

function parsePending(value: unknown): PendingAuthorization | undefined {
  if (!isObject(value)) return undefined
  const { account_id: accountId, authorization, expect } = value
  return isAccountId(accountId) && isText(authorization) && isText(expect)
    ? { accountId, authorization, expect }
    : undefined
}
