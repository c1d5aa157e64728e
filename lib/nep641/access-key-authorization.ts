import { hashPayload } from '../nep413/payload'
import { parsePublicKey, parseSignature, verifyWithKey, type PublicKey } from '../nep413/signature'
import {
  formatSeconds,
  hashOffchainMessage,
  isOffchainMessage,
  isText,
  parseTimestamp,
  type OffchainMessage,
} from './message'

/** An authorization by an access key, parsed: nothing of it is proven yet. */
export interface AccessKeyAuthorization {
  readonly msg: OffchainMessage
  readonly callbackUrl: string | undefined
  readonly accessKey: PublicKey
  readonly signature: Uint8Array
}

/** What an authorization must say. */
export interface ExpectedMessage {
  readonly chainId: string
  readonly accountId: string
  readonly path: readonly string[]
  /** Undefined at the top, where the caller compares the payload. */
  readonly payload: string | undefined
  /** The time of the block, in nanoseconds since 1970. */
  readonly blockTimestamp: bigint
}

const FIELDS: readonly string[] = ['msg', 'via', 'access_key', 'signature']

/** The standard's two key types, with the prefix in lower case. */
const PREFIX = /^(ed25519|secp256k1):/

/**
 * Parses an authorization of the form that an account with access keys makes.
 *
 * @returns undefined if the text has another form: it may be an authorization in a form of the account's contract
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0641.md NEP-641, AccessKeyAuthorization}
 */
export function parseAccessKeyAuthorization(text: string): AccessKeyAuthorization | undefined {
  const fields = parseJsonObject(text)
  if (!fields || Object.keys(fields).some((name) => !FIELDS.includes(name))) return undefined
  const { msg, via, access_key: key, signature } = fields
  const callbackUrl = readCallbackUrl(via)
  if (!isObject(msg) || !isOffchainMessage(msg) || callbackUrl === false) return undefined

  if (typeof key !== 'string' || typeof signature !== 'string') return undefined
  const prefix = PREFIX.exec(key)?.[0]
  if (prefix === undefined || !signature.startsWith(prefix)) return undefined
  const accessKey = parsePublicKey(key)
  const bytes = accessKey && parseSignature(signature, accessKey.type)
  return bytes && { msg, callbackUrl, accessKey, signature: bytes }
}

/** Whether an authorization says what is expected, and is signed with its own key. Whether the account has the key is not asked. */
export function isSignedAsExpected(
  { msg, callbackUrl, accessKey, signature }: AccessKeyAuthorization,
  { chainId, accountId, path, payload = msg.payload, blockTimestamp }: ExpectedMessage,
): boolean {
  const { path: signedPath = [] } = msg
  const timestamp = parseTimestamp(msg.timestamp)!
  return (
    msg.chain_id === chainId &&
    msg.signer_id === accountId &&
    signedPath.length === path.length &&
    signedPath.every((each, index) => each === path[index]) &&
    msg.payload === payload &&
    timestamp <= blockTimestamp &&
    verifyWithKey(hashPayload(nep413Payload(msg, callbackUrl)), signature, accessKey)
  )
}

/** The NEP-413 message that a wallet with access keys signs for an off-chain message. */
export function nep413Payload(
  msg: OffchainMessage,
  callbackUrl: string | undefined,
): Parameters<typeof hashPayload>[0] {
  const route = [msg.signer_id, ...(msg.path ?? [])].join(' -> ')
  return {
    message: msg.payload,
    nonce: hashOffchainMessage(msg),
    recipient: `${msg.chain_id}: ${route} @ ${formatSeconds(parseTimestamp(msg.timestamp)!)}`,
    callbackUrl,
  }
}

/** @returns false if `via` is not the standard's */
function readCallbackUrl(via: unknown): string | undefined | false {
  if (!isObject(via) || via.schema !== 'nep413' || !isObject(via.extra)) return false
  const { callback_url: callbackUrl } = via.extra
  if (callbackUrl === undefined || callbackUrl === null) return undefined
  return isText(callbackUrl) && callbackUrl
}

function parseJsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
