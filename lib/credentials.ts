import { rejection, type NearLoginRejected } from './errors'
import { parsePublicKey, parseSignature, type PublicKey } from './nep413/signature'

/** The claims of a login, decoded. None of them is proven yet. @internal */
export interface Credentials {
  readonly accountId: string
  readonly publicKey: PublicKey
  readonly signature: Uint8Array
  /** The handle of the challenge that was signed; undefined means the session's latest challenge. */
  readonly state: string | undefined
}

/** The longest values of an honest login: an ML-DSA-65 key in base58, its signature in hex, a sealed challenge as state. */
const MAX_LENGTH = { publicKey: 2700, signature: 6700, state: 2048 } as const

/** @see {@link https://nomicon.io/DataStructures/Account#account-id-rules NEAR account id rules} */
const ACCOUNT_ID = /^(?=.{2,64}$)[a-z0-9]+(?:[-_.][a-z0-9]+)*$/

/** Whether a text has the form of a NEAR account id. The account may not exist. */
export function isAccountId(text: string): boolean {
  return ACCOUNT_ID.test(text)
}

/**
 * Reads the credentials from a request's body of any type. Other fields are ignored.
 *
 * @returns the credentials, or a rejection: `ERR_NEAR_CREDENTIALS_MISSING` or `ERR_NEAR_CREDENTIALS_INVALID` (400), or
 *   `ERR_NEAR_WALLET_REFUSED` (401) when the body says that the wallet declined
 * @internal
 */
export function readCredentials(body: unknown): Credentials | NearLoginRejected {
  if (body === undefined || body === null) return rejection('ERR_NEAR_CREDENTIALS_MISSING')
  if (typeof body !== 'object' || Array.isArray(body)) return rejection('ERR_NEAR_CREDENTIALS_INVALID')

  const fields = readStrings(body, 'accountId', 'publicKey', 'signature', 'state')
  if (!fields) return rejection('ERR_NEAR_CREDENTIALS_INVALID')
  const [accountId, publicKey, signature, state] = fields
  if (!accountId || !publicKey || !signature) {
    const answer = readStrings(body, 'error')
    if (!answer) return rejection('ERR_NEAR_CREDENTIALS_INVALID')
    const refused = answer[0] || isEmptyAnswer(accountId, publicKey, signature)
    return rejection(refused ? 'ERR_NEAR_WALLET_REFUSED' : 'ERR_NEAR_CREDENTIALS_MISSING')
  }
  if (
    !isAccountId(accountId) ||
    publicKey.length > MAX_LENGTH.publicKey ||
    signature.length > MAX_LENGTH.signature ||
    (state !== undefined && state.length > MAX_LENGTH.state)
  ) {
    return rejection('ERR_NEAR_CREDENTIALS_INVALID')
  }

  const key = parsePublicKey(publicKey)
  const decoded = key && parseSignature(signature, key.type)
  if (!key || !decoded) return rejection('ERR_NEAR_CREDENTIALS_INVALID')
  return { accountId, publicKey: key, signature: decoded, state: state || undefined }
}

/** Whether a body has a field of a login, or of a wallet that declined, well-formed or not. */
export function hasCredentials(body: unknown): boolean {
  if (body === undefined || body === null) return false
  if (typeof body !== 'object') return true
  return ['accountId', 'publicKey', 'signature', 'error'].some((field) => Object.hasOwn(body, field))
}

/** A wallet's pop-up that was declined or closed resolves with empty strings. Some connectors fill in the account. */
function isEmptyAnswer(
  accountId: string | undefined,
  publicKey: string | undefined,
  signature: string | undefined,
): boolean {
  return accountId !== undefined && publicKey !== undefined && signature === ''
}

/** The body's own fields of these names; null counts as absent. Undefined if one of them is not a string. */
function readStrings(body: object, ...names: readonly string[]): (string | undefined)[] | undefined {
  const values = names.map((name): unknown => Object.getOwnPropertyDescriptor(body, name)?.value ?? undefined)
  return values.every(isOptionalString) ? values : undefined
}

function isOptionalString(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}
