import { refuse } from './errors'
import { parsePublicKey, parseSignature, type PublicKey } from './signature'

/** What a login claims, decoded; nothing of it is proven yet. */
export interface Credentials {
  readonly accountId: string
  readonly publicKey: PublicKey
  readonly signature: Uint8Array
  /** The handle of the challenge that was signed; without it the session's latest is meant. */
  readonly state: string | undefined
}

/** The longest that an honest login sends: an ML-DSA-65 key in base58, its signature in hex, a state of ours. */
const MAX_LENGTH = { publicKey: 2700, signature: 6700, state: 64 } as const

/** @see {@link https://nomicon.io/DataStructures/Account#account-id-rules NEAR account id rules} */
const ACCOUNT_ID = /^(?=.{2,64}$)[a-z0-9]+(?:[-_.][a-z0-9]+)*$/

/** Whether a text has the form of a NEAR account id; says nothing of whether the account exists. */
export function isAccountId(text: string): boolean {
  return ACCOUNT_ID.test(text)
}

/**
 * Reads the credentials out of a request's body, whatever it is. Fields other than the four are ignored.
 *
 * @throws {NearLoginRejected} `ERR_NEAR_CREDENTIALS_MISSING` or `ERR_NEAR_CREDENTIALS_INVALID` (400),
 *   or `ERR_NEAR_WALLET_REFUSED` (401) when the body carries a wallet's refusal instead
 */
export function readCredentials(body: unknown): Credentials {
  if (body === undefined || body === null) refuse('ERR_NEAR_CREDENTIALS_MISSING')
  if (typeof body !== 'object' || Array.isArray(body)) refuse('ERR_NEAR_CREDENTIALS_INVALID')

  const accountId = readString(body, 'accountId')
  const publicKey = readString(body, 'publicKey')
  const signature = readString(body, 'signature')
  const state = readString(body, 'state')

  if (!accountId || !publicKey || !signature) {
    const refused = readString(body, 'error') || isEmptyAnswer(accountId, publicKey, signature)
    refuse(refused ? 'ERR_NEAR_WALLET_REFUSED' : 'ERR_NEAR_CREDENTIALS_MISSING')
  }
  if (
    !isAccountId(accountId) ||
    publicKey.length > MAX_LENGTH.publicKey ||
    signature.length > MAX_LENGTH.signature ||
    (state !== undefined && state.length > MAX_LENGTH.state)
  ) {
    refuse('ERR_NEAR_CREDENTIALS_INVALID')
  }

  const key = parsePublicKey(publicKey)
  const decoded = key && parseSignature(signature, key.type)
  if (!key || !decoded) refuse('ERR_NEAR_CREDENTIALS_INVALID')
  return { accountId, publicKey: key, signature: decoded, state: state || undefined }
}

/** Whether a body has anything of a login or a wallet's refusal in it, well-formed or not. */
export function carriesLogin(body: unknown): boolean {
  if (body === undefined || body === null) return false
  if (typeof body !== 'object') return true
  return ['accountId', 'publicKey', 'signature', 'error'].some((field) => Object.hasOwn(body, field))
}

/** A wallet's popup that was refused or closed resolves with empty strings; some connectors fill in the account. */
function isEmptyAnswer(
  accountId: string | undefined,
  publicKey: string | undefined,
  signature: string | undefined,
): boolean {
  return accountId !== undefined && publicKey !== undefined && signature === ''
}

/** An own field of the body: a string, or undefined where it is absent or null. */
function readString(body: object, field: string): string | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(body, field)?.value
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') refuse('ERR_NEAR_CREDENTIALS_INVALID')
  return value
}
