import { withTimeout } from '../timeout'
import { AbortHandle } from './abort-handle'
import type { Endpoint } from './endpoint'
import { describeFailure, InvalidResponseError } from './http'
import { callMethod, isObject, type Fields } from './json-rpc'
import type { Network, RpcSettings } from './options'

/*
 * Problem: an endpoint of the wrong network, or one that lags or is down, shows only when a person cannot sign in.
 * Mechanism: `status` is asked of each endpoint, outside of any login.
 * Threat: a report that shows an API key. A report names an endpoint by its place in the list, and never its URL.
 */

/** What an endpoint says of itself. It names no URL. */
export interface EndpointReport {
  /** The endpoint's place in the option `rpc`, from 1. */
  endpoint: number
  /** Whether the endpoint gave a usable status within `rpcTimeout`. */
  responds: boolean
  /** Why it did not, such as `HTTP status 429`. */
  reason?: string
  /** The chain of the endpoint, such as `mainnet`. */
  chainId?: string
  /** Whether that chain is the strategy's `network`. */
  isExpectedNetwork?: boolean
  /** The age of the endpoint's latest block by this server's clock (in milliseconds). */
  blockAge?: number
  /** How long the request took (in milliseconds). */
  duration: number
}

/** Asks each endpoint for its status. Never rejects. @internal */
export function checkEndpoints(
  { endpoints, timeout }: RpcSettings,
  network: Network,
): Promise<EndpointReport[]> {
  return Promise.all(endpoints.map((each, index) => checkEndpoint(each, index + 1, timeout, network)))
}

async function checkEndpoint(
  endpoint: Endpoint,
  place: number,
  timeout: number,
  network: Network,
): Promise<EndpointReport> {
  const startedAt = performance.now()
  const duration = (): number => Math.round(performance.now() - startedAt)
  try {
    const abortHandle = new AbortHandle()
    const options = { abortHandle, onSocket: () => undefined, pool: 'views' } as const
    const ask = () => callMethod(endpoint, 'status', [], options)
    const { result } = await withTimeout(timeout, 'no response in time', ask, abortHandle)
    const { chainId, blockTime } = readStatus(result)
    return {
      endpoint: place,
      responds: true,
      chainId,
      isExpectedNetwork: chainId === network,
      blockAge: Math.max(0, Date.now() - blockTime),
      duration: duration(),
    }
  } catch (error) {
    const took = duration()
    const reason = took >= timeout ? 'no response in time' : describeFailure(error)
    return { endpoint: place, responds: false, reason, duration: took }
  }
}

/** @throws {InvalidResponseError} when the response is not a node's status */
function readStatus(result: Fields | undefined): { chainId: string; blockTime: number } {
  const { chain_id: chainId, sync_info: syncInfo } = result ?? {}
  const time = isObject(syncInfo) ? syncInfo.latest_block_time : undefined
  const blockTime = typeof time === 'string' ? Date.parse(time) : NaN
  // A name is shown in logs and on health pages: no text of any length.
  if (typeof chainId !== 'string' || !/^[\w.-]{1,64}$/.test(chainId) || Number.isNaN(blockTime))
    throw new InvalidResponseError('a response that is not a status')
  return { chainId, blockTime }
}
