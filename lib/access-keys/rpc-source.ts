import { CircuitBreaker } from '../rpc/circuit-breaker'
import { sendHedgedQuery, type EndpointGroup } from '../rpc/hedged-query'
import { callMethod } from '../rpc/json-rpc'
import type { RpcSettings } from '../rpc/options'
import { QueryLimit } from '../rpc/query-limit'
import { isFullAccess, type AccessKeyResult, type TimedAccessKeySource } from './source'
import { viewAccessKey } from './view-access-key'

/** Of the whole process. */
const KEY_QUERIES = new QueryLimit(1024)

/**
 * Looks up keys over JSON-RPC, at one endpoint or at `quorum` of them.
 *
 * @param settings - `timeout` in milliseconds for a lookup, all endpoints included; `quorum` endpoints must say yes
 * @internal
 */
export function createRpcSource(settings: RpcSettings): TimedAccessKeySource {
  const circuits = new CircuitBreaker(settings.endpoints.length)
  const group: EndpointGroup = { ...settings, circuits, limit: KEY_QUERIES }
  return {
    async lookUp(request): Promise<AccessKeyResult> {
      const { response, endpoint } = await sendHedgedQuery(group, {
        send: (each, options) =>
          viewAccessKey((params) => callMethod(each, 'query', params, options), request),
        isYes: (permission) => isFullAccess(permission) === true,
      })
      return { permission: response, endpoint }
    },
  }
}
