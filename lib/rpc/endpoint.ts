import {
  type ClientRequest,
  Agent as HttpAgent,
  type RequestOptions,
  request as requestHttp,
  validateHeaderName,
} from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { urlToHttpOptions } from 'node:url'
import { invalidOption, parseHttpUrl, validateOptions } from '../validate'

/**
 * A NEAR JSON-RPC endpoint: its URL, or the URL with the headers that it needs, such as an API key.
 *
 * `insecure: true` allows plain http to another machine. Without it, plain http is allowed to this machine only.
 */
export type RpcEndpoint =
  | string
  | URL
  | {
      url: string | URL
      headers?: Record<string, string> | undefined
      insecure?: boolean | undefined
    }

/** What a request is about. Each kind has separate connections, so that a flood of one kind does not delay the others. */
export type Pool = 'keys' | 'contracts' | 'views'

/** Connections are kept open between requests, and their number is limited for each endpoint. */
const createAgents = (maxSockets: number): Readonly<Record<'http' | 'https', HttpAgent>> => {
  const options = { keepAlive: true, maxSockets, maxFreeSockets: 32, scheduling: 'lifo' } as const
  return { http: new HttpAgent(options), https: new HttpsAgent(options) }
}
const AGENTS = { keys: createAgents(128), contracts: createAgents(64), views: createAgents(64) } as const

/** Headers about the connection, which the HTTP client manages, or about a body that is not sent. */
const CONNECTION_HEADERS =
  /^(?:connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$/i

/** A JSON-RPC endpoint. Its URL and its headers may carry an API key: neither is ever shown. */
export class Endpoint {
  /** Equal for two endpoints that are one node. */
  readonly node: string
  readonly #isSecure: boolean
  readonly #address: Pick<RequestOptions, 'hostname' | 'port' | 'path'>
  readonly #headers: Readonly<Record<string, string>>

  /** @throws {TypeError} when a header cannot be sent */
  constructor(url: URL, headers: Readonly<Record<string, string>>) {
    for (const [name, value] of Object.entries(headers)) {
      validateHeaderName(name)
      if (!/^[\t\x20-\x7e]*$/.test(value) || CONNECTION_HEADERS.test(name))
        throw new TypeError('unusable header')
    }
    this.node = identifyNode(url)
    this.#isSecure = url.protocol === 'https:'
    this.#address = urlToHttpOptions(url)
    this.#headers = { ...headers, 'content-type': 'application/json', accept: 'application/json' }
  }

  /** @param connection - a pool uses a kept connection if there is one; `fresh` always opens another */
  post(json: string, connection: Pool | 'fresh'): ClientRequest {
    const { hostname, port, path } = this.#address
    // Each option by name: Node copies the options twice, and a spread object costs it 14 µs more. Node also sets the length: as one
    // of these headers, the length costs 8 µs more.
    const request = (this.#isSecure ? requestHttps : requestHttp)({
      hostname,
      port,
      path,
      method: 'POST',
      agent: connection === 'fresh' ? false : AGENTS[connection][this.#isSecure ? 'https' : 'http'],
      // An object: a list is faster, but tracing tools and TLS's server name read the object.
      headers: { ...this.#headers },
    })
    request.end(json)
    return request
  }
}

/**
 * Reads the option `rpc`.
 *
 * @throws {TypeError} that shows nothing of a wrong value, because a URL and its headers may carry an API key
 */
export function createEndpoints(owner: string, rpc: RpcEndpoint | readonly RpcEndpoint[]): Endpoint[] {
  const list = Array.isArray(rpc) ? (rpc as readonly RpcEndpoint[]) : [rpc as RpcEndpoint]
  if (list.length === 0) invalidOption(owner, 'rpc', 'at least one endpoint', 'an empty array')
  return list.map((each) => createEndpoint(owner, each))
}

function createEndpoint(owner: string, value: RpcEndpoint): Endpoint {
  const expected = 'an http(s) URL, { url, headers } or an array of these'
  if ((value as unknown) === null || (value as unknown) === undefined)
    invalidOption(owner, 'rpc', expected, 'none')
  const given = typeof value === 'string' || value instanceof URL ? { url: value } : value
  if (typeof given === 'object' && !(value instanceof URL)) {
    validateOptions(`${owner}: option "rpc"`, given, { url: true, headers: true, insecure: true })
  }
  const { url, headers = {}, insecure = false } = given
  const parsed = parseHttpUrl(url)
  if (!parsed) {
    const got = typeof url === 'string' ? 'a string that is not an http(s) URL' : typeof url
    return invalidOption(owner, 'rpc', expected, got)
  }
  if (parsed.username || parsed.password) {
    invalidOption(
      owner,
      'rpc',
      'a URL without a user name and password: send them as a header',
      'one with them',
    )
  }
  if (parsed.protocol === 'http:' && !insecure && !isLoopback(parsed.hostname)) {
    invalidOption(
      owner,
      'rpc',
      'an https URL, because a plain http response can be forged; { url, insecure: true } allows plain http to another machine',
      'a plain http URL of another machine',
    )
  }
  try {
    return new Endpoint(parsed, readHeaders(headers))
  } catch {
    return invalidOption(
      owner,
      'rpc',
      'an endpoint whose headers are ASCII, and none about the connection or the length',
      'other headers',
    )
  }
}

/** With names in lower case. `new Headers` would load the whole of fetch: 4 MB, and more time than this package takes. */
function readHeaders(
  headers: Record<string, string> | Iterable<readonly [string, string]>,
): Record<string, string> {
  const entries = Symbol.iterator in headers ? [...headers] : Object.entries(headers)
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value.trim()]))
}

/** Two spellings of one host are one node: scheme, default port, trailing dot, percent escapes, `localhost`. */
function identifyNode({ hostname, port, pathname }: URL): string {
  const host = isLoopback(hostname) ? 'localhost' : hostname.replace(/\.+$/, '')
  const explicitPort = ['', '80', '443'].includes(port) ? '' : port
  return `${host}:${explicitPort}${decodePath(pathname).replace(/\/+/g, '/').replace(/\/$/, '')}`
}

function decodePath(pathname: string): string {
  try {
    return decodeURIComponent(pathname)
  } catch {
    return pathname
  }
}

/** Whether a host is this machine. The URL parser has already brought IP addresses to one spelling. */
function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/\.+$/, '')
  return /^(?:(?:.+\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/.test(
    host,
  )
}
