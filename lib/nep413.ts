import { hash } from 'node:crypto'

/** What a wallet is asked to sign, as NEP-413 names it. */
export interface Nep413Payload {
  /** The text that the wallet shows. */
  message: string
  /** 32 bytes that make the payload unique. */
  nonce: Uint8Array
  /** Who the message is for. */
  recipient: string
  /** Where a redirecting wallet returns, if that was signed too. */
  callbackUrl?: string | null | undefined
}

/** 2^31 + 413: no transaction begins with it, so a signed message can never be one. */
const TAG = u32(2147484061)

/** Borsh writes an option as 0, or as 1 and its value. */
const NONE = [Buffer.from([0])]
const SOME = Buffer.from([1])

/**
 * Hashes a payload to the bytes that a NEAR wallet signs: SHA-256 over the tag and the Borsh-encoded payload.
 *
 * @returns 32 bytes
 * @throws {TypeError} when a field is not of the type that the standard gives it, or a text has lone surrogates
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0413.md#how-to-sign NEP-413, how to sign}
 */
export function hashPayload({ message, nonce, recipient, callbackUrl }: Nep413Payload): Uint8Array {
  requireString('message', message)
  requireString('recipient', recipient)
  const hasCallback = callbackUrl !== undefined && callbackUrl !== null
  if (hasCallback) requireString('callbackUrl', callbackUrl)
  if (!(nonce instanceof Uint8Array) || nonce.length !== 32) {
    throw new TypeError('hashPayload: nonce must be a Uint8Array of 32 bytes')
  }
  const callback = hasCallback ? [SOME, ...encodeString(callbackUrl)] : NONE
  const encoded = Buffer.concat([
    TAG,
    ...encodeString(message),
    nonce,
    ...encodeString(recipient),
    ...callback,
  ])
  return new Uint8Array(hash('sha256', encoded, 'buffer'))
}

/** Refuses lone surrogates: UTF-8 has no bytes for them, so that two payloads would have one hash. */
function requireString(field: string, value: unknown): void {
  if (typeof value !== 'string')
    throw new TypeError(`hashPayload: ${field} must be a string, got ${typeof value}`)
  if (!value.isWellFormed())
    throw new TypeError(`hashPayload: ${field} must be well-formed Unicode, got a lone surrogate`)
}

/** Borsh writes a string as its length in bytes, and then in UTF-8. */
function encodeString(text: string): Buffer[] {
  const utf8 = Buffer.from(text)
  return [u32(utf8.length), utf8]
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
