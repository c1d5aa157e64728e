/** An error that a node answers with instead of a result. */
export class RpcError extends Error {
  constructor(
    readonly status: number,
    readonly kind: string,
    readonly reason: { readonly name: string; readonly info: object },
    readonly code: number,
    message: string,
    readonly data: unknown = message,
  ) {
    super(message)
  }
}

const SUPPORTED =
  'query (view_account, view_access_key, view_access_key_list, call_function), block and status'

export function parseError(explanation: string): RpcError {
  const cause = { name: 'PARSE_ERROR', info: { error_message: explanation } }
  return new RpcError(400, 'REQUEST_VALIDATION_ERROR', cause, -32700, 'Parse error', explanation)
}

/**
 * A request that a node answers and TestNetwork does not. The HTTP status is 200 and the cause PARSE_ERROR, so that every
 * client shows the explanation: near-kit ignores the body of a status 400, and near-api-js replaces the message of
 * METHOD_NOT_FOUND.
 */
export function unsupported(what: string, value: unknown): RpcError {
  const explanation = `TestNetwork does not support the ${what} ${JSON.stringify(value)}; it answers ${SUPPORTED}`
  const cause = { name: 'PARSE_ERROR', info: { error_message: explanation } }
  return new RpcError(200, 'REQUEST_VALIDATION_ERROR', cause, -32601, explanation)
}

export function handlerError(status: number, name: string, info: object, data: string): RpcError {
  return new RpcError(status, 'HANDLER_ERROR', { name, info }, -32000, 'Server error', data)
}
