import { NearServiceError } from '../errors'
import type { AbortHandle } from '../rpc/abort-handle'
import { CircuitBreaker } from '../rpc/circuit-breaker'
import type { Endpoint } from '../rpc/endpoint'
import { sendHedgedQuery, type AttemptOptions, type EndpointGroup } from '../rpc/hedged-query'
import type { RpcSettings } from '../rpc/options'
import { QueryLimit, RpcUnavailableError } from '../rpc/query-limit'
import { Walk, type ResolutionLimits, type ResolutionRequest, type Resolved, type Unresolved } from './walk'

/** Limits that hold for the whole process. */
const RESOLUTIONS = new QueryLimit(256)

/** Pauses before a new account is asked for again, in milliseconds. A passkey wallet creates its account seconds before the first sign-in. */
const NEW_ACCOUNT_PAUSES = [1000, 2000]

/** The id of an account that is made of a contract's initial state. */
const DETERMINISTIC_ACCOUNT_ID = /^0s[0-9a-f]{40}$/

/** The settings of a resolver. @internal */
export interface ResolverSettings extends RpcSettings, ResolutionLimits {
  readonly chainId: string
  readonly allowImplicit: boolean
}

/** The authorization of an account. @internal */
export type AuthorizationRequest = Pick<ResolutionRequest, 'accountId' | 'authorization' | 'expect'>

/** The result of resolving an authorization. @internal */
export interface Resolution {
  readonly result: Resolved | 'invalid' | 'limit'
  /** The RPC endpoint that decided: its place in the list, from 1. */
  readonly endpoint: number
}

/** Finds out what an account authorizes. @internal */
export interface AuthorizationResolver {
  /** @throws {NearServiceError} `ERR_NEAR_RPC_UNAVAILABLE` (503) when no endpoint gives a usable response */
  resolve(request: AuthorizationRequest): Promise<Resolution>
}

/**
 * Creates a resolver over JSON-RPC. It asks one endpoint, or `quorum` endpoints, each at the block that the endpoint
 * reported.
 *
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0641.md NEP-641, resolution}
 * @internal
 */
export function createAuthorizationResolver({
  endpoints,
  timeout,
  quorum,
  ...settings
}: ResolverSettings): AuthorizationResolver {
  const circuits = new CircuitBreaker(endpoints.length)
  const group: EndpointGroup = { endpoints, timeout, quorum, circuits, limit: RESOLUTIONS }
  return {
    async resolve(request) {
      try {
        const { response: result, endpoint } = await sendHedgedQuery(group, {
          send: (each, options) => resolveAt(each, { ...settings, ...request }, options),
          isYes: (response) => typeof response === 'object',
          isSame,
        })
        return { result, endpoint }
      } catch (cause) {
        // Our own errors name endpoints by their place. The text of another error may carry a URL.
        const detail = cause instanceof RpcUnavailableError ? cause.message : undefined
        throw new NearServiceError('ERR_NEAR_RPC_UNAVAILABLE', { cause, detail })
      }
    },
  }
}

/** Asks one endpoint, and asks again for a new account while the account is not on chain. */
async function resolveAt(
  endpoint: Endpoint,
  request: ResolutionRequest,
  options: AttemptOptions,
): Promise<Resolution['result']> {
  let result = await new Walk(endpoint, request, options).run()
  if (!DETERMINISTIC_ACCOUNT_ID.test(request.accountId)) return withoutReason(result)
  for (const pause of NEW_ACCOUNT_PAUSES) {
    if (result !== 'unknown-account' || performance.now() + pause >= options.deadline) break
    options.onProgress(pause)
    await wait(pause, options.abortHandle)
    result = await new Walk(endpoint, request, options).run()
  }
  return withoutReason(result)
}

function wait(duration: number, abortHandle: AbortHandle): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      removeListener()
      resolve()
    }, duration)
    const removeListener = abortHandle.onAbort(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function withoutReason(result: Resolved | Unresolved): Resolution['result'] {
  return result === 'unknown-account' ? 'invalid' : result
}

function isSame(first: Resolution['result'], second: Resolution['result']): boolean {
  if (typeof first !== 'object' || typeof second !== 'object') return first === second
  return first.payload === second.payload && first.via === second.via && first.publicKey === second.publicKey
}
