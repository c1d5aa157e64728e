import { NearServiceError } from '../errors'
import { isAccountId, validateOptions } from '../validate'
import {
  callFunctionParams,
  MAX_RESULT_BYTES,
  parseFunctionResult,
  parseResultJson,
  type FunctionResult,
} from './call-function'
import { CircuitBreaker } from './circuit-breaker'
import { sendHedgedQuery, type EndpointGroup } from './hedged-query'
import { InvalidResponseError } from './http'
import { callMethod } from './json-rpc'
import type { RpcSettings } from './options'
import { QueryLimit, RpcUnavailableError } from './query-limit'

/** A view call: a question to a contract that changes nothing. */
export interface ViewRequest {
  /** The account that has the contract. */
  contractId: string
  method: string
  /**
   * The arguments, sent as JSON.
   *
   * @defaultValue `{}`
   */
  args?: unknown
}

/** Of the whole process. */
const VIEWS = new QueryLimit(256)

/** Creates a function for view calls at finality `final`, with the failover, time limit and quorum of key lookups. @internal */
export function createView(owner: string, settings: RpcSettings): (request: ViewRequest) => Promise<unknown> {
  const circuits = new CircuitBreaker(settings.endpoints.length)
  const group: EndpointGroup = { ...settings, circuits, limit: VIEWS }
  return async (request) => {
    const params = readRequest(`${owner}.view`, request)
    let result: FunctionResult
    try {
      const { response } = await sendHedgedQuery(group, {
        send: async (endpoint, { abortHandle, onSocket }) => {
          const options = { abortHandle, onSocket, pool: 'views', maxBytes: MAX_RESULT_BYTES } as const
          return parseFunctionResult(await callMethod(endpoint, 'query', params, options))
        },
        isYes: (response) => typeof response !== 'string',
        isSame: (first, second) => Buffer.from(first).equals(Buffer.from(second)),
      })
      result = response
    } catch (cause) {
      const detail = cause instanceof RpcUnavailableError ? cause.message : undefined
      throw new NearServiceError('ERR_NEAR_RPC_UNAVAILABLE', { cause, detail })
    }
    return parseResult(result)
  }
}

function readRequest(owner: string, request: ViewRequest): object {
  validateOptions<ViewRequest>(owner, request, { contractId: true, method: true, args: true })
  const { contractId, method, args = {} } = request
  if (!isAccountId(contractId)) throw new TypeError(`${owner}: contractId must be a NEAR account id`)
  if (typeof method !== 'string' || !/^[A-Za-z_]\w{0,255}$/.test(method))
    throw new TypeError(`${owner}: method must be the name of a function`)
  const json = toJson(args)
  if (json === undefined) throw new TypeError(`${owner}: args must be a value that JSON can hold`)
  return callFunctionParams(contractId, method, json, { finality: 'final' })
}

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

/** A function that returns nothing returns no bytes. */
function parseResult(result: FunctionResult): unknown {
  if (typeof result === 'string')
    throw noValue('the account does not exist, or its contract returned no value')
  if (result.length === 0) return undefined
  const json = parseResultJson(result)
  if (!json) throw noValue('the contract returned no JSON')
  return json.value
}

function noValue(detail: string): NearServiceError {
  const cause = new InvalidResponseError(detail)
  return new NearServiceError('ERR_NEAR_RPC_UNAVAILABLE', { cause, detail })
}
