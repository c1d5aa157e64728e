import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { AbortHandle } from './abort-handle'
import type { Endpoint, Pool } from './endpoint'

/*
 * Problem: an endpoint may respond with anything, slowly, without end, or to an earlier request.
 * Mechanism: one POST, a limited response, no redirect, and a second POST if a kept connection turns out to be closed or dead.
 * Threat: an endpoint or a gateway in between that hangs this process, fills its memory, or mixes up its clients' responses.
 */

/** A response that says neither yes nor no. Its message names no URL and no visitor. */
export class InvalidResponseError extends Error {
  override readonly name = 'InvalidResponseError'

  /** @param isEndpointFault - false for a response that a visitor's account id or key can cause */
  constructor(
    message: string,
    readonly isEndpointFault = true,
    /** The HTTP status, if it is why the response is unusable. */
    readonly status?: number,
  ) {
    super(message)
  }
}

/** Why a request failed, in fixed text: network errors name hosts. */
export function describeFailure(error: unknown): string {
  if (error instanceof InvalidResponseError) return error.message
  const { code } = error as NodeJS.ErrnoException
  return `no response (${code ?? 'connection closed'})`
}

export interface HttpResponse {
  readonly status: number
  readonly body: string
}

/** How a request is sent. */
export interface SendOptions {
  /** Aborts connecting, headers and body alike, and frees the socket. */
  readonly abortHandle: AbortHandle
  /** Called when the request leaves this process's queue: it has a connection, or opens one. */
  readonly onSocket: () => void
  /**
   * The connections that the request uses.
   *
   * @defaultValue `keys`
   */
  readonly pool?: Pool
  /**
   * The largest response that is read, in bytes.
   *
   * @defaultValue 64 kB: a response about a key has a few hundred bytes, a few thousand with the longest keys
   */
  readonly maxBytes?: number | undefined
}

const DEFAULT_MAX_BYTES = 64 * 1024

interface Exchange<Result> extends SendOptions {
  readonly json: string
  /** Reads the response. If it throws, the connection is not used again. */
  readonly read: (response: HttpResponse) => Result
}

/**
 * Posts JSON and reads the whole response. It follows no redirect, and reads no body of a status other than 2xx and 400.
 *
 * @throws {InvalidResponseError} for a status other than 2xx and 400, or more than `maxBytes`; whatever `read` throws
 * @throws {Error} for a network error
 */
export function postJson<Result>(endpoint: Endpoint, exchange: Exchange<Result>): Promise<Result> {
  return new Promise((resolve, reject) => post(endpoint, exchange, exchange.pool ?? 'keys', resolve, reject))
}

/*
 * A firewall, a load balancer or a crash can end a connection without a sign to this side. TCP's keep-alive, which Node's agent
 * switches on, finds that out in 11 seconds, or never if a proxy acknowledges the probes. A login must not wait for that.
 */

/** A connection that was used within this time is taken to be alive, in milliseconds. */
const TRUSTED_IDLE = 1000

/** How long a connection that was idle for longer may be silent before the request is sent on a new one too, in milliseconds. */
const MAX_SILENCE = 500

/** When a kept connection was last used, by the clock of `performance.now()`. */
const lastUsed = new WeakMap<Socket, number>()

function isDoubtful(request: ClientRequest, socket: Socket): boolean {
  return request.reusedSocket && performance.now() - (lastUsed.get(socket) ?? 0) > TRUSTED_IDLE
}

/** Plain events: `signal` among the request's options and an iterated body cost as much as the rest of the exchange. */
function post<Result>(
  endpoint: Endpoint,
  exchange: Exchange<Result>,
  connection: Pool | 'fresh',
  resolve: (result: Result) => void,
  reject: (error: Error) => void,
): void {
  const { json, read, abortHandle, onSocket, maxBytes = DEFAULT_MAX_BYTES } = exchange
  if (abortHandle.isAborted) return reject(new InvalidResponseError('aborted'))
  const request = endpoint.post(json, connection)
  /** The first outcome counts. The socket is freed in any case. */
  const fail = (error: Error): void => {
    reject(error)
    request.destroy()
  }
  const removeListener = abortHandle.onAbort(() => fail(new InvalidResponseError('aborted')))

  /** Whether this request decides no more: it has a response, or another request decides in its place. */
  let isDecided = false
  /** The first of the two responses counts. If the second request fails, this one is still waited for. */
  const sendAgain = (): void => {
    const second = new AbortHandle()
    request.on('close', () => second.abort())
    const done = (result: Result): void => {
      isDecided = true
      resolve(result)
      request.destroy()
    }
    post(endpoint, { ...exchange, abortHandle: second }, 'fresh', done, () => undefined)
  }

  let silence: NodeJS.Timeout | undefined
  request.on('socket', (socket) => {
    onSocket()
    if (isDoubtful(request, socket)) silence = setTimeout(sendAgain, MAX_SILENCE)
  })
  request.on('response', (response) => {
    isDecided = true
    const status = response.statusCode ?? 0
    // A response that arrives before the request was sent belongs to another request.
    if (!request.writableFinished) fail(new InvalidResponseError('a response before the request was sent'))
    else if (isReadable(status)) readBody(response, maxBytes, (body) => resolve(read({ status, body })), fail)
    else fail(new InvalidResponseError(`HTTP status ${status}`, isStatusEndpointFault(status), status))
  })
  request.on('error', (error: NodeJS.ErrnoException) => {
    const isClosed = error.code === 'ECONNRESET' || error.code === 'EPIPE'
    if (!isClosed || !request.reusedSocket || isDecided) return fail(error)
    // The server had closed the kept connection before it responded. A view request changes nothing, so a retry is safe.
    isDecided = true
    post(endpoint, exchange, 'fresh', resolve, reject)
  })
  request.on('close', () => {
    removeListener()
    clearTimeout(silence)
    if (!isDecided) fail(new Error('The connection was closed without a response'))
  })
}

/** A body is trusted on a 2xx only, and read on a 400: some nodes send their errors with it. */
function isReadable(status: number): boolean {
  return (status >= 200 && status <= 299) || status === 400
}

/** A 4xx can be a firewall's, about a visitor's account id. The others are about the URL, the API key or the rate. */
function isStatusEndpointFault(status: number): boolean {
  return status < 400 || status > 499 || [401, 404, 408, 410, 429].includes(status)
}

function readBody(
  response: IncomingMessage,
  maxBytes: number,
  done: (body: string) => void,
  fail: (error: Error) => void,
): void {
  const { socket } = response
  const chunks: Buffer[] = []
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxBytes) fail(new InvalidResponseError(`a response of more than ${maxBytes} bytes`))
    else chunks.push(chunk)
  })
  response.on('end', () => {
    lastUsed.set(socket, performance.now())
    try {
      done(Buffer.concat(chunks).toString('utf8'))
    } catch (error) {
      // This may be the response to an earlier request: on this connection, the next request would get the response to this one.
      socket.destroy()
      fail(error as Error)
    }
  })
  response.on('error', fail)
}
