import * as http from 'node:http'
import * as https from 'node:https'

/** A JSON-RPC endpoint. Both its URL and its headers may carry an API key: neither is ever shown. */
export interface Endpoint {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
}

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

/** More interim answers (1xx) than this are no answer. */
const MAX_INTERIM_ANSWERS = 8

/** An answer to our question is a few hundred bytes, a few thousand with the longest keys. */
const MAX_ANSWER_BYTES = 64 * 1024

/**
 * Posts JSON and reads the whole answer, following no redirect. An answer of another status than 2xx and 400 is not read.
 *
 * @param signal - bounds connecting, headers and body alike; its abort frees the socket
 * @throws {UnusableAnswer} a status other than 2xx and 400, or an answer of more than 64 kB
 * @throws {Error} a network error
 */
export async function postJson(endpoint: Endpoint, json: string, signal: AbortSignal): Promise<HttpAnswer> {
  try {
    return await exchange(endpoint, json, signal, 'pooled')
  } catch (error) {
    // The server had closed the kept connection: nothing was answered, and the question changes nothing.
    if (error instanceof StaleConnection) return exchange(endpoint, json, signal, 'fresh')
    throw error
  }
}

class StaleConnection extends Error {}

async function exchange(
  { url, headers }: Endpoint,
  json: string,
  signal: AbortSignal,
  connection: 'pooled' | 'fresh',
): Promise<HttpAnswer> {
  const secure = url.protocol === 'https:'
  const request = (secure ? https : http).request(url, {
    method: 'POST',
    agent: connection === 'pooled' ? AGENTS[secure ? 'https' : 'http'] : false,
    headers: {
      ...headers,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(json),
      accept: 'application/json',
    },
    signal,
  })
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    request.on('error', (error: NodeJS.ErrnoException) => {
      const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
      reject(stale ? new StaleConnection('The kept connection was closed', { cause: error }) : error)
    })
    request.once('close', () => reject(new Error('The connection was closed without an answer')))
    let interim = 0
    request.on('information', () => {
      if (++interim > MAX_INTERIM_ANSWERS)
        request.destroy(new UnusableAnswer('interim answers without an end'))
    })
    request.end(json)
  })
  const status = response.statusCode ?? 0
  if (!isReadable(status)) {
    response.destroy()
    throw new UnusableAnswer(`HTTP status ${status}`, status !== 422)
  }
  return { status, body: await readBody(response) }
}

/** A body is trusted on a 2xx only, and read on a 400, with which some nodes send their errors. */
function isReadable(status: number): boolean {
  return (status >= 200 && status <= 299) || status === 400
}

async function readBody(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new UnusableAnswer(`an answer of more than ${MAX_ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
