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
const TAG = 2147484061

/** Borsh writes an option as 0, or as 1 and its value. */
const NONE = 0
const SOME = 1

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
  const size = 4 + sizeOf(message) + 32 + sizeOf(recipient) + 1 + (hasCallback ? sizeOf(callbackUrl) : 0)
  const encoded = Buffer.alloc(size)
  let end = encoded.writeUInt32LE(TAG)
  end = writeString(encoded, end, message)
  encoded.set(nonce, end)
  end = writeString(encoded, end + 32, recipient)
  end = encoded.writeUInt8(hasCallback ? SOME : NONE, end)
  if (hasCallback) writeString(encoded, end, callbackUrl)
  return new Uint8Array(hash('sha256', encoded, 'buffer'))
}

/** Refuses lone surrogates: UTF-8 has no bytes for them, so that two payloads would have one hash. */
function requireString(field: string, value: unknown): void {
  if (typeof value !== 'string')
    throw new TypeError(`hashPayload: ${field} must be a string, got ${typeof value}`)
  if (!value.isWellFormed())
    throw new TypeError(`hashPayload: ${field} must be well-formed Unicode, got a lone surrogate`)
}

/** How many bytes Borsh makes of a string. */
function sizeOf(text: string): number {
  return 4 + Buffer.byteLength(text)
}

/** Writes a string as its length in bytes, and then in UTF-8; says where it ends. */
function writeString(encoded: Buffer, start: number, text: string): number {
  const length = encoded.write(text, start + 4)
  return encoded.writeUInt32LE(length, start) + length
}
