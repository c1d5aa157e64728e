import { rejection, rejectionWithHint, type NearLoginRejected } from './errors'
import { parsePublicKey, parseSignature, type PublicKey } from './nep413/signature'
import { isAuthorization } from './nep641/payload'
import { isAccountId } from './validate'

/** The claims of a login, decoded. None of them is proven yet. @internal */
export type Credentials = SignatureCredentials | AuthorizationCredentials

/** A signature by an access key (NEP-413). @internal */
export interface SignatureCredentials {
  readonly accountId: string
  readonly publicKey: PublicKey
  readonly signature: Uint8Array
  readonly authorization?: never
  /** The handle of the challenge that was signed; undefined means the session's latest challenge. */
  readonly state: string | undefined
}

/** An authorization in a form that the account decides (NEP-641). @internal */
export interface AuthorizationCredentials {
  readonly accountId: string
  readonly authorization: string
  /** The handle of the challenge that was authorized; undefined means the session's latest challenge. */
  readonly state: string | undefined
}

/** The longest values of an honest login: an ML-DSA-65 key in base58, its signature in hex, a sealed challenge as state. */
const MAX_LENGTH = { publicKey: 2700, signature: 6700, state: 2048 } as const

/** A wallet contract's key on the curve P-256, of a passkey: no access key can have this type. */
const WALLET_CONTRACT_KEY = /^p256:/i
const WALLET_CONTRACT_SIGNATURE = rejectionWithHint(
  'ERR_NEAR_CREDENTIALS_INVALID',
  "A p256 key belongs to a wallet contract, and is no access key of the account: the account signs in with its wallet's resolveAuth (NEP-641), where the site has set the option walletContracts.",
)

/**
 * Reads the credentials from a request's body of any type. Other fields are ignored.
 *
 * @param acceptsAuthorizations - whether the field `authorization` counts
 * @returns the credentials, or a rejection: `ERR_NEAR_CREDENTIALS_MISSING` or `ERR_NEAR_CREDENTIALS_INVALID` (400), or
 *   `ERR_NEAR_WALLET_REFUSED` (401) when the body says that the wallet declined
 * @internal
 */
export function readCredentials(
  body: unknown,
  acceptsAuthorizations = false,
): Credentials | NearLoginRejected {
  if (body === undefined || body === null) return rejection('ERR_NEAR_CREDENTIALS_MISSING')
  if (typeof body !== 'object' || Array.isArray(body)) return rejection('ERR_NEAR_CREDENTIALS_INVALID')

  const fields = readStrings(body, 'accountId', 'publicKey', 'signature', 'state')
  if (!fields) return rejection('ERR_NEAR_CREDENTIALS_INVALID')
  const [accountId, publicKey, signature, state] = fields
  const authorization = acceptsAuthorizations ? readOwn(body, 'authorization') : undefined
  if (authorization !== undefined && authorization !== '') {
    const isAmbiguous = Boolean(publicKey || signature)
    if (!isAuthorization(authorization) || isAmbiguous) return rejection('ERR_NEAR_CREDENTIALS_INVALID')
    if (accountId) return readAuthorization(accountId, authorization, state)
  }
  if (!accountId || !publicKey || !signature) {
    const answer = readStrings(body, 'error')
    if (!answer) return rejection('ERR_NEAR_CREDENTIALS_INVALID')
    const isDeclined = authorization === '' && accountId !== undefined && !publicKey && !signature
    const refused = answer[0] || isDeclined || isEmptyAnswer(accountId, publicKey, signature)
    return rejection(refused ? 'ERR_NEAR_WALLET_REFUSED' : 'ERR_NEAR_CREDENTIALS_MISSING')
  }
  if (
    !isAccountId(accountId) ||
    publicKey.length > MAX_LENGTH.publicKey ||
    signature.length > MAX_LENGTH.signature ||
    isTooLong(state)
  ) {
    return rejection('ERR_NEAR_CREDENTIALS_INVALID')
  }

  const key = parsePublicKey(publicKey)
  const decoded = key && parseSignature(signature, key.type)
  if (!key && WALLET_CONTRACT_KEY.test(publicKey)) return WALLET_CONTRACT_SIGNATURE
  if (!key || !decoded) return rejection('ERR_NEAR_CREDENTIALS_INVALID')
  return { accountId, publicKey: key, signature: decoded, state: state || undefined }
}

function readAuthorization(
  accountId: string,
  authorization: string,
  state: string | undefined,
): AuthorizationCredentials | NearLoginRejected {
  if (!isAccountId(accountId) || isTooLong(state)) return rejection('ERR_NEAR_CREDENTIALS_INVALID')
  return { accountId, authorization, state: state || undefined }
}

function isTooLong(state: string | undefined): boolean {
  return state !== undefined && state.length > MAX_LENGTH.state
}

/** Whether a body has a field of a login, or of a wallet that declined, well-formed or not. */
export function hasCredentials(body: unknown): boolean {
  if (body === undefined || body === null) return false
  if (typeof body !== 'object') return true
  return ['accountId', 'publicKey', 'signature', 'authorization', 'error'].some((field) =>
    Object.hasOwn(body, field),
  )
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
  const values = names.map((name) => readOwn(body, name))
  return values.every(isOptionalString) ? values : undefined
}

/** The body's own field of this name; null counts as absent. */
function readOwn(body: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(body, name)?.value ?? undefined
}

function isOptionalString(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}
