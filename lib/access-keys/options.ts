import { DEFAULT_RPC_TIMEOUT, type RpcOptions, type RpcSettings } from '../rpc/options'
import { invalidOption, validateDuration, validateMethods } from '../validate'
import { createRpcSource } from './rpc-source'
import { withSourceTimeout, type AccessKeySource, type TimedAccessKeySource } from './source'

/** The options that say where keys are looked up. @internal */
export interface AccessKeyOptions extends RpcOptions {
  readonly accessKeys?: AccessKeySource | undefined
}

/**
 * Validates the options that say where keys are looked up.
 *
 * @param owner - the class or function that takes the options
 * @param endpoints - undefined with `accessKeys`
 * @throws {TypeError} that names the option, what was expected and what came
 * @internal
 */
export function resolveAccessKeys(
  owner: string,
  { accessKeys, rpc, quorum, rpcTimeout = DEFAULT_RPC_TIMEOUT }: AccessKeyOptions,
  endpoints: RpcSettings | undefined,
): TimedAccessKeySource {
  if (accessKeys === undefined && endpoints) return createRpcSource(endpoints)
  const timeout = validateDuration(owner, 'rpcTimeout', rpcTimeout)
  for (const [name, value] of Object.entries({ rpc, quorum })) {
    if (value !== undefined)
      invalidOption(owner, name, 'left out with "accessKeys", which is asked instead of endpoints', 'both')
  }
  return withSourceTimeout(validateMethods(owner, 'accessKeys', accessKeys!, ['permission']), timeout)
}
