import { Endpoint } from './access-keys/http'
import type { RpcEndpoint } from './options'

/** The longest delay that a timer takes. */
export const MAX_DELAY = 2 ** 31 - 1

/** Whether a value is a text that can be signed: not empty, and no half of a surrogate pair. */
export function isSignableText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed()
}

/** Says what a value is without spelling out an object, or a text of any length. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}

export function wrong(name: string, expected: string, got: string): never {
  throw new TypeError(`NearStrategy: option "${name}" must be ${expected}, got ${got}`)
}

export function text(name: string, value: unknown): string {
  return isSignableText(value) ? value : wrong(name, 'a non-empty string', describeValue(value))
}

export function boolean(name: string, value: unknown): boolean {
  return typeof value === 'boolean' ? value : wrong(name, 'true or false', describeValue(value))
}

export function milliseconds(name: string, value: unknown): number {
  return typeof value === 'number' && value > 0 && value <= MAX_DELAY
    ? value
    : wrong(name, `a number of milliseconds from 1 to ${MAX_DELAY}`, describeValue(value))
}

export function oneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value))
    wrong(name, allowed.map((each) => `"${each}"`).join(' or '), describeValue(value))
}

export function withMethods<Value extends object>(
  name: string,
  value: Value,
  methods: readonly (keyof Value & string)[],
): Value {
  const missing = methods.find((method) => typeof (value as Value | null)?.[method] !== 'function')
  return missing === undefined
    ? value
    : wrong(name, `an object with a function "${missing}"`, describeValue(value))
}

export function absoluteUrl(name: string, value: unknown): string {
  return typeof value === 'string' &&
    /^(?!javascript:)[a-z][a-z0-9+.-]*:\/\//i.test(value) &&
    URL.canParse(value) &&
    value.isWellFormed()
    ? value
    : wrong(name, 'an absolute URL such as https://app.example.com/login', describeValue(value))
}

export function httpUrl(name: string, value: unknown): string {
  const url = typeof value === 'string' ? parseHttpUrl(value) : undefined
  return url ? url.href : wrong(name, 'an absolute http or https URL', describeValue(value))
}

export function endpoints(value: RpcEndpoint | readonly RpcEndpoint[]): Endpoint[] {
  const list = Array.isArray(value) ? (value as readonly RpcEndpoint[]) : [value as RpcEndpoint]
  if (list.length === 0) wrong('rpc', 'at least one endpoint', 'an empty array')
  return list.map(endpoint)
}

/** Shows nothing of a wrong value: a URL and its headers may carry an API key. */
function endpoint(value: RpcEndpoint): Endpoint {
  const expected = 'an absolute http or https URL, or { url, headers }, or an array of them'
  if ((value as unknown) === null || (value as unknown) === undefined) wrong('rpc', expected, 'none')
  const { url, headers = {} } = typeof value === 'string' || value instanceof URL ? { url: value } : value
  const parsed = parseHttpUrl(url)
  if (!parsed) wrong('rpc', expected, typeof url === 'string' ? 'a string that is none' : typeof url)
  if (parsed.username || parsed.password) {
    wrong('rpc', 'a URL without a user name and password (send them as a header)', 'one with them')
  }
  try {
    return new Endpoint(parsed, Object.fromEntries(new Headers(headers)))
  } catch {
    return wrong(
      'rpc',
      'an endpoint whose headers are valid HTTP headers in ASCII, and none about the connection or the length',
      'others',
    )
  }
}

function parseHttpUrl(value: unknown): URL | undefined {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : value
  return url instanceof URL && /^https?:$/.test(url.protocol) ? url : undefined
}
