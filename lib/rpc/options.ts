import { describeValue, invalidOption, validateDuration } from '../validate'
import { createEndpoints, type Endpoint, type RpcEndpoint } from './endpoint'

/** A NEAR network that has public RPC endpoints. */
export type Network = 'mainnet' | 'testnet'

export const NETWORKS: readonly Network[] = ['mainnet', 'testnet']

/** Public endpoints that need no API key. They are rate-limited: a larger site sets `rpc`. */
const PUBLIC_RPC: Readonly<Record<Network, readonly string[]>> = {
  mainnet: ['https://rpc.mainnet.fastnear.com', 'https://near.drpc.org'],
  testnet: ['https://rpc.testnet.fastnear.com', 'https://rpc.testnet.near.org'],
}

/** The default of `rpcTimeout`, in milliseconds. */
export const DEFAULT_RPC_TIMEOUT = 5000

/** The options that say which endpoints are asked, and for how long. @internal */
export interface RpcOptions {
  readonly rpc?: RpcEndpoint | readonly RpcEndpoint[] | undefined
  readonly quorum?: number | undefined
  readonly rpcTimeout?: number | undefined
}

/** {@link RpcOptions} after validation. @internal */
export interface RpcSettings {
  readonly endpoints: readonly Endpoint[]
  /** How many endpoints must say yes. */
  readonly quorum: number
  /** For one query, all endpoints and retries included, in milliseconds. */
  readonly timeout: number
}

/**
 * Validates the options that say which endpoints are asked.
 *
 * @param owner - the class or function that takes the options
 * @throws {TypeError} that names the option, what was expected and what came
 * @internal
 */
export function resolveRpc(
  owner: string,
  // `null` is a mistake, as for every option: a missing setting must not lead to the public endpoints.
  { rpc, quorum = 1, rpcTimeout = DEFAULT_RPC_TIMEOUT }: RpcOptions,
  network: Network,
): RpcSettings {
  const timeout = validateDuration(owner, 'rpcTimeout', rpcTimeout)
  const endpoints = createEndpoints(owner, rpc === undefined ? PUBLIC_RPC[network] : rpc)
  const { length } = endpoints
  if (!Number.isInteger(quorum) || quorum < 1 || quorum > length) {
    const expected = `a whole number from 1 to the number of endpoints (${length})`
    invalidOption(owner, 'quorum', expected, describeValue(quorum))
  }
  if (quorum > 1 && new Set(endpoints.map(({ node }) => node)).size < length) {
    invalidOption(owner, 'rpc', 'a list of different endpoints with a quorum', 'one endpoint twice')
  }
  return { endpoints, quorum, timeout }
}
