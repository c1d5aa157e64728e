import type { Chain } from './chain'
import { parseError, RpcError, unsupported } from './rpc-errors'
import { viewBlock, viewStatus } from './rpc-node'
import { blockOf, query, readQuery, type Params } from './rpc-query'

/** An HTTP answer of a node. */
export interface RpcAnswer {
  readonly status: number
  readonly body: object
}

/**
 * Answers a JSON-RPC request as nearcore does.
 *
 * @see {@link https://docs.near.org/api/rpc/introduction NEAR RPC}
 */
export function answer(chain: Chain, text: string): RpcAnswer {
  let id: unknown = null
  try {
    const request = readRequest(text)
    id = request.id
    return { status: 200, body: { jsonrpc: '2.0', result: call(chain, request.method, request.params), id } }
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    const { status, kind, reason, code, message, data } = error
    return { status, body: { jsonrpc: '2.0', error: { name: kind, cause: reason, code, message, data }, id } }
  }
}

function readRequest(text: string): { id: unknown; method: unknown; params: unknown } {
  let request: unknown
  try {
    request = JSON.parse(text)
  } catch {
    throw parseError('Failed parsing args: the body is not JSON')
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw parseError('Failed parsing args: the body is not a request')
  }
  const { id, method, params } = request as Params
  return { id, method, params }
}

function call(chain: Chain, method: unknown, params: unknown): object {
  switch (method) {
    case 'query':
      return query(chain, readQuery(params))
    case 'block':
      return viewBlock(chain, blockOf(chain, readBlock(params)))
    case 'status':
      return viewStatus(chain)
    default:
      throw unsupported('method', method)
  }
}

/** Named parameters, or the older form: a list with the height or the hash. */
function readBlock(params: unknown): Params {
  return Array.isArray(params) ? { block_id: params[0] as unknown } : ((params ?? {}) as Params)
}
