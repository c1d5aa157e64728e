// Refresh tokens in memory, for the example only. Replace this file with queries to your database.
import { createHash, randomBytes, randomUUID } from 'node:crypto'

const LIFETIME = 30 * 24 * 60 * 60 * 1000

/** @typedef {{ id: string, accountId: string, publicKey: string }} Login */
/**
 * By the hash of the token, so that a reader of the database gets no token. All tokens that follow from one login are a family.
 *
 * @type {Map<string, { login: Login, family: string, expiresAt: number, used: boolean }>}
 */
const tokens = new Map()

const keyOf = (token) => createHash('sha256').update(String(token)).digest('base64url')

/** @type {(login: Login, family?: string) => string} */
export function issue(login, family = randomUUID()) {
  const now = Date.now()
  for (const [key, { expiresAt }] of tokens) {
    if (expiresAt <= now) tokens.delete(key)
  }
  const token = randomBytes(32).toString('base64url')
  tokens.set(keyOf(token), { login, family, expiresAt: now + LIFETIME, used: false })
  return token
}

/** @type {(token: unknown) => Login | undefined} The login of a token. Undefined if the token is unknown or has expired. */
export function find(token) {
  const kept = tokens.get(keyOf(token))
  return kept && kept.expiresAt > Date.now() ? kept.login : undefined
}

/**
 * Replaces a token. A token that comes a second time was copied. The server cannot tell the owner from the thief, so the whole family ends.
 * In a database this is one statement: UPDATE … SET used = true WHERE key = … AND NOT used.
 *
 * @type {(token: string) => string | undefined} The next token. Undefined if this one was used before.
 */
export function rotate(token) {
  const kept = tokens.get(keyOf(token))
  if (!kept) return undefined
  if (kept.used) return void revoke(token)
  kept.used = true
  return issue(kept.login, kept.family)
}

/** @type {(token: unknown) => void} Ends the family of a token. */
export function revoke(token) {
  const family = tokens.get(keyOf(token))?.family
  for (const [key, kept] of tokens) {
    if (kept.family === family) tokens.delete(key)
  }
}
