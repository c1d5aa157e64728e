import { InvalidResponseError } from './http'
import { isObject, type Fields, type RpcResponse } from './json-rpc'

/*
 * Problem: a node responds to a view call with bytes, or with one of several forms of an error.
 * Mechanism: the known forms in which a contract does not return. Any other response is an outage.
 * Threat: a panic text is a visitor's. It can look like an error of the node, so only its beginning, which is the node's, counts.
 */

/** The largest response to `call_function` or `block` that is read: bytes come as numbers, in up to four characters each. */
export const MAX_RESULT_BYTES = 256 * 1024

/** What a view call came to: the bytes that the function returned, or why there are none. */
export type FunctionResult = Uint8Array | 'not-returned' | 'unknown-account'

const NOT_RETURNED = 'wasm execution failed with error: '

const NOT_RETURNED_CAUSES: readonly unknown[] = [
  'CONTRACT_EXECUTION_ERROR',
  'NO_CONTRACT_CODE',
  'NO_GLOBAL_CONTRACT_CODE',
]

/** The parameters of the method `query` for a view call. */
export function callFunctionParams(accountId: string, method: string, argsJson: string, at: object): object {
  return {
    request_type: 'call_function',
    ...at,
    account_id: accountId,
    method_name: method,
    args_base64: Buffer.from(argsJson).toString('base64'),
  }
}

/**
 * Parses the response to a view call.
 *
 * @throws {InvalidResponseError} when the response is not a known one
 */
export function parseFunctionResult({ result, error }: RpcResponse): FunctionResult {
  if (result) {
    const { result: bytes, error: text } = result
    if (text === undefined && isBytes(bytes)) return Uint8Array.from(bytes)
    if (bytes === undefined && typeof text === 'string' && text.startsWith(NOT_RETURNED))
      return 'not-returned'
    throw new InvalidResponseError('an unknown result', false)
  }
  const cause = causeOf(error)
  if (cause === 'UNKNOWN_ACCOUNT') return 'unknown-account'
  if (NOT_RETURNED_CAUSES.includes(cause)) return 'not-returned'
  throw new InvalidResponseError('an error that is not about the contract', false)
}

/** The name of a handler's error, or undefined for an error of another kind. */
export function causeOf({ name, cause }: Fields): unknown {
  return name === 'HANDLER_ERROR' && isObject(cause) ? cause.name : undefined
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses the JSON that a function returned.
 *
 * @returns undefined if the bytes are not JSON in UTF-8; a byte order mark is not JSON
 */
export function parseResultJson(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(utf8.decode(bytes)) as unknown }
  } catch {
    return undefined
  }
}

function isBytes(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.every((each: unknown) => Number.isInteger(each) && (each as number) >= 0 && (each as number) <= 255)
  )
}
