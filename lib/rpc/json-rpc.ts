import { randomUUID } from 'node:crypto'
import type { Endpoint } from './endpoint'
import { InvalidResponseError, postJson, type HttpResponse, type SendOptions } from './http'

/*
 * Problem: a response must belong to its request, and say one thing.
 * Mechanism: a random id for each request; exactly one of result and error.
 * Threat: a gateway that gives one client the response to another. Ids that count up from 1 are equal in all processes.
 */

export type Fields = Readonly<Record<string, unknown>>

/** A JSON-RPC response: exactly one of the two. */
export type RpcResponse =
  { readonly result: Fields; readonly error?: never } | { readonly result?: never; readonly error: Fields }

/**
 * Sends one JSON-RPC request to one endpoint.
 *
 * @throws {InvalidResponseError} when the response is not one of JSON-RPC to this request
 * @throws {Error} for a network error, or when the request is aborted
 * @see {@link https://www.jsonrpc.org/specification#response_object JSON-RPC 2.0, response object}
 */
export function callMethod(
  endpoint: Endpoint,
  method: string,
  params: object,
  options: SendOptions,
): Promise<RpcResponse> {
  const id = randomUUID()
  const json = JSON.stringify({ jsonrpc: '2.0', id, method, params })
  return postJson(endpoint, { json, read: (response) => parseResponse(response, id), ...options })
}

/** On a 400, only an error is accepted: nodes differ in the status of one and the same error. */
function parseResponse({ status, body }: HttpResponse, id: string): RpcResponse {
  const response = parseObject(body)
  if (response.id !== id) throw new InvalidResponseError('a response to another request')
  const { result, error } = response
  if (status !== 400 && isObject(result) && error === undefined) return { result }
  if (isObject(error) && result === undefined) return { error }
  throw new InvalidResponseError('neither a result nor an error')
}

function parseObject(text: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new InvalidResponseError('a response that is not JSON')
  }
  if (!isObject(value)) throw new InvalidResponseError('a response that is not a JSON object')
  return value
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
