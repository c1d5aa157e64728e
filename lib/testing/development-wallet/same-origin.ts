import type { IncomingMessage } from 'node:http'

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

/**
 * Whether a request comes under a known name of the wallet and, if it changes anything, from a page of the wallet.
 *
 * The name keeps DNS rebinding out: a foreign domain that resolves to this machine has another `Host`. `Origin` keeps
 * forged requests of other sites out. Clients other than browsers send no `Origin`.
 */
export function isSameOrigin({ headers, method }: IncomingMessage, ownHost: string | undefined): boolean {
  const { host, origin } = headers
  if (host === undefined || (host !== ownHost && !LOOPBACK.test(host))) return false
  if (method === 'GET' || method === 'HEAD') return true
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
}
