import http from 'node:http'
import https from 'node:https'
import { urlToHttpOptions } from 'node:url'
import type { Cancellation } from '../patience'

/** What an endpoint said instead of a usable answer. Its text names no URL and no visitor. */
export class UnusableAnswer extends Error {
  override readonly name = 'UnusableAnswer'

  /** @param blamesEndpoint - false for a well-formed answer about the question, which a visitor may have brought about */
  constructor(
    message: string,
    readonly blamesEndpoint = true,
  ) {
    super(message)
  }
}

export interface HttpAnswer {
  readonly status: number
  readonly body: string
}

/** Connections are kept open between logins, and bounded for each endpoint. */
const POOL = { keepAlive: true, maxSockets: 128, maxFreeSockets: 32, scheduling: 'lifo' } as const
const AGENTS = { http: new http.Agent(POOL), https: new https.Agent(POOL) }

/** Headers that are about the connection, which is ours, or about a body that we don't send. */
const NOT_AN_ENDPOINTS =
  /^(?:connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$/i

/** A JSON-RPC endpoint. Both its URL and its headers may carry an API key: neither is ever shown. */
export class Endpoint {
  /** The same for two endpoints that are one node. */
  readonly node: string
  readonly #isSecure: boolean
  readonly #options: http.RequestOptions
  readonly #headers: Readonly<Record<string, string>>

  /** @throws {TypeError} when the headers cannot be sent */
  constructor(url: URL, headers: Readonly<Record<string, string>>) {
    for (const [name, value] of Object.entries(headers)) {
      http.validateHeaderName(name)
      if (!/^[\t\x20-\x7e]*$/.test(value) || NOT_AN_ENDPOINTS.test(name))
        throw new TypeError('unusable header')
    }
    this.node = url.origin + url.pathname.replace(/\/+$/, '')
    this.#isSecure = url.protocol === 'https:'
    this.#options = { ...urlToHttpOptions(url), method: 'POST' }
    this.#headers = { ...headers, 'content-type': 'application/json', accept: 'application/json' }
  }

  /** @param connection - one that was kept open, if there is any, or one of its own */
  post(json: string, connection: 'pooled' | 'fresh'): http.ClientRequest {
    const pool = AGENTS[this.#isSecure ? 'https' : 'http']
    const request = (this.#isSecure ? https : http).request({
      ...this.#options,
      agent: connection === 'pooled' ? pool : false,
      // An object: a list would be quicker, but tools that watch requests, and the name that TLS checks, go by it.
      headers: { ...this.#headers, 'content-length': Buffer.byteLength(json) },
    })
    request.end(json)
    return request
  }
}

/** More interim answers (1xx) than this are no answer. */
const MAX_INTERIM_ANSWERS = 8

/** An answer to our question is a few hundred bytes, a few thousand with the longest keys. */
const MAX_ANSWER_BYTES = 64 * 1024

/** One exchange with an endpoint. */
export interface Exchange<Result> {
  readonly json: string
  /** Makes something of the answer; where it throws, the connection is not used again. */
  readonly read: (answer: HttpAnswer) => Result
  /** Ends connecting, headers and body alike, and frees the socket. */
  readonly cancellation: Cancellation
}

/**
 * Posts JSON and reads the whole answer, following no redirect. An answer of another status than 2xx and 400 is not read.
 *
 * @throws {UnusableAnswer} a status other than 2xx and 400, or an answer of more than 64 kB; whatever `read` throws
 * @throws {Error} a network error
 */
export async function postJson<Result>(endpoint: Endpoint, exchange: Exchange<Result>): Promise<Result> {
  try {
    return await post(endpoint, exchange, 'pooled')
  } catch (error) {
    // The server had closed the kept connection: nothing was answered, and the question changes nothing.
    if (error instanceof StaleConnection) return post(endpoint, exchange, 'fresh')
    throw error
  }
}

class StaleConnection extends Error {}

/** Plain events: a signal among the request's options and an iterated body cost as much as all the rest of the exchange. */
function post<Result>(
  endpoint: Endpoint,
  { json, read, cancellation }: Exchange<Result>,
  connection: 'pooled' | 'fresh',
): Promise<Result> {
  return new Promise((resolve, reject) => {
    if (cancellation.isCancelled) return reject(new UnusableAnswer('called off'))
    const request = endpoint.post(json, connection)
    /** What comes first is the outcome; the socket is freed in any case. */
    const fail = (error: Error): void => {
      reject(error)
      request.destroy()
    }
    const cancel = (): void => fail(new UnusableAnswer('called off'))
    cancellation.onCancel = cancel

    let isAnswered = false
    let interimAnswers = 0
    request.on('response', (response) => {
      isAnswered = true
      const status = response.statusCode ?? 0
      if (isReadable(status)) readBody(response, (body) => resolve(read({ status, body })), fail)
      else fail(new UnusableAnswer(`HTTP status ${status}`, status !== 422))
    })
    request.on('information', () => {
      if (++interimAnswers > MAX_INTERIM_ANSWERS) fail(new UnusableAnswer('interim answers without an end'))
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isStale =
        request.reusedSocket && !isAnswered && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
      fail(isStale ? new StaleConnection('The kept connection was closed', { cause: error }) : error)
    })
    request.on('close', () => {
      if (cancellation.onCancel === cancel) cancellation.onCancel = undefined
      if (!isAnswered) fail(new Error('The connection was closed without an answer'))
    })
  })
}

/** A body is trusted on a 2xx only, and read on a 400, with which some nodes send their errors. */
function isReadable(status: number): boolean {
  return (status >= 200 && status <= 299) || status === 400
}

function readBody(
  response: http.IncomingMessage,
  done: (body: string) => void,
  fail: (error: Error) => void,
): void {
  const { socket } = response
  const chunks: Buffer[] = []
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) fail(new UnusableAnswer(`an answer of more than ${MAX_ANSWER_BYTES} bytes`))
    else chunks.push(chunk)
  })
  response.on('end', () => {
    try {
      done(Buffer.concat(chunks).toString('utf8'))
    } catch (error) {
      // What was read here may be the answer to an earlier question: the next would get this one's.
      socket.destroy()
      fail(error as Error)
    }
  })
  response.on('error', fail)
}
