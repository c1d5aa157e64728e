import { createEndpoints, type RpcEndpoint } from '../rpc/endpoint'
import { describeValue, invalidOption, validateDuration, validateMethods } from '../validate'
import { createRpcSource } from './rpc-source'
import { withSourceTimeout, type AccessKeySource, type TimedAccessKeySource } from './source'

/** A NEAR network that has public RPC endpoints. */
export type Network = 'mainnet' | 'testnet'

/** Public endpoints that need no API key. They are rate-limited: a larger site sets `rpc`. */
const PUBLIC_RPC: Readonly<Record<Network, readonly string[]>> = {
  mainnet: ['https://rpc.mainnet.fastnear.com', 'https://near.drpc.org'],
  testnet: ['https://rpc.testnet.fastnear.com', 'https://rpc.testnet.near.org'],
}

/** The options that say where keys are looked up. @internal */
export interface AccessKeyOptions {
  readonly rpc?: RpcEndpoint | readonly RpcEndpoint[] | undefined
  readonly quorum?: number | undefined
  readonly rpcTimeout?: number | undefined
  readonly accessKeys?: AccessKeySource | undefined
}

/**
 * Validates the options that say where keys are looked up.
 *
 * @param owner - the class or function that takes the options
 * @throws {TypeError} that names the option, what was expected and what came
 * @internal
 */
export function resolveAccessKeys(
  owner: string,
  { accessKeys, rpc, quorum, rpcTimeout = 5000 }: AccessKeyOptions,
  network: Network,
): TimedAccessKeySource {
  const timeout = validateDuration(owner, 'rpcTimeout', rpcTimeout)
  if (accessKeys === undefined) {
    // `null` is a mistake, as for every option: a missing setting must not lead to the public endpoints.
    return resolveRpc(
      owner,
      rpc === undefined ? PUBLIC_RPC[network] : rpc,
      timeout,
      quorum === undefined ? 1 : quorum,
    )
  }
  for (const [name, value] of Object.entries({ rpc, quorum })) {
    if (value !== undefined)
      invalidOption(owner, name, 'left out with "accessKeys", which is asked instead of endpoints', 'both')
  }
  return withSourceTimeout(validateMethods(owner, 'accessKeys', accessKeys, ['permission']), timeout)
}

function resolveRpc(
  owner: string,
  rpc: RpcEndpoint | readonly RpcEndpoint[],
  timeout: number,
  quorum: number,
): TimedAccessKeySource {
  const endpoints = createEndpoints(owner, rpc)
  const { length } = endpoints
  if (!Number.isInteger(quorum) || quorum < 1 || quorum > length) {
    const expected = `a whole number from 1 to the number of endpoints (${length})`
    invalidOption(owner, 'quorum', expected, describeValue(quorum))
  }
  if (quorum > 1 && new Set(endpoints.map(({ node }) => node)).size < length) {
    invalidOption(owner, 'rpc', 'a list of different endpoints with a quorum', 'one endpoint twice')
  }
  return createRpcSource(endpoints, { timeout, quorum })
}
