import { createHash, timingSafeEqual } from 'node:crypto'

/*
 * Problem: without a cookie, the server cannot see that a response comes from the client that requested the challenge.
 * Mechanism: PKCE (RFC 7636, S256). A challenge is bound to the hash of a secret, and the response contains the secret.
 * Threat: a response that is stolen on its way back to the client, or planted in another client.
 */

const CODE_CHALLENGE = /^[\w-]{43}$/
const CODE_VERIFIER = /^[\w.~-]{43,128}$/

/**
 * The code challenge of a request: one field `codeChallenge`, in the query or in the body.
 *
 * @returns undefined if it is missing, malformed, repeated, or in query and body at once
 * @see {@link https://www.rfc-editor.org/rfc/rfc7636#section-4.3 RFC 7636, section 4.3}
 */
export function readCodeChallenge(req: object): string | undefined {
  const given = [...queryValues(req), ownValue((req as { body?: unknown }).body, 'codeChallenge')].filter(
    (value) => value !== undefined && value !== null,
  )
  const [codeChallenge] = given
  return given.length === 1 && typeof codeChallenge === 'string' && CODE_CHALLENGE.test(codeChallenge)
    ? codeChallenge
    : undefined
}

/** Frameworks parse the query; Node's HTTP server and Connect do not. */
function queryValues(req: object): readonly unknown[] {
  const { query, url } = req as { query?: unknown; url?: unknown }
  if (typeof query === 'object' && query !== null) return [ownValue(query, 'codeChallenge')]
  const start = typeof url === 'string' ? url.indexOf('?') : -1
  return start < 0 ? [] : new URLSearchParams((url as string).slice(start)).getAll('codeChallenge')
}

/**
 * Whether the request's body has the code verifier of a code challenge, as `codeVerifier`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7636#section-4.6 RFC 7636, section 4.6}
 */
export function hasCodeVerifier(req: object, codeChallenge: string): boolean {
  const codeVerifier = ownValue((req as { body?: unknown }).body, 'codeVerifier')
  if (typeof codeVerifier !== 'string' || !CODE_VERIFIER.test(codeVerifier)) return false
  const expected = createHash('sha256').update(codeVerifier).digest('base64url')
  return timingSafeEqual(Buffer.from(expected), Buffer.from(codeChallenge))
}

function ownValue(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null && Object.hasOwn(object, name)
    ? (object as Record<string, unknown>)[name]
    : undefined
}
