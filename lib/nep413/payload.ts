import { hash } from 'node:crypto'
import { encodeOption, encodeString, encodeU32 } from './borsh'

/** The message that a wallet signs, with the names of NEP-413. */
export interface Nep413Payload {
  /** The text that the wallet shows. */
  message: string
  /** 32 bytes that make the payload unique. */
  nonce: Uint8Array
  /** The site that the message is for. */
  recipient: string
  /** Where a redirecting wallet returns, if the wallet signed it. */
  callbackUrl?: string | null | undefined
}

/** 2^31 + 413. No transaction begins with this tag, so a signed message can never be a transaction. */
const TAG = encodeU32(2147484061)

/**
 * Hashes a payload to the bytes that a NEAR wallet signs: SHA-256 over the tag and the Borsh-encoded payload.
 *
 * @returns 32 bytes
 * @throws {TypeError} when a field has another type than in the standard, or a string has a lone surrogate
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0413.md#how-to-sign NEP-413, how to sign}
 */
export function hashPayload({ message, nonce, recipient, callbackUrl = null }: Nep413Payload): Uint8Array {
  requireString('message', message)
  requireString('recipient', recipient)
  if (callbackUrl !== null) requireString('callbackUrl', callbackUrl)
  if (!(nonce instanceof Uint8Array) || nonce.length !== 32) {
    throw new TypeError('hashPayload: nonce must be a Uint8Array of 32 bytes')
  }
  const payload = [TAG, encodeString(message), nonce, encodeString(recipient), encodeOption(callbackUrl)]
  return new Uint8Array(hash('sha256', Buffer.concat(payload), 'buffer'))
}

/** A lone surrogate has no UTF-8 bytes, so that two payloads would have one hash. */
function requireString(field: string, value: unknown): void {
  if (typeof value !== 'string') {
    throw new TypeError(`hashPayload: ${field} must be a string; got ${typeof value}`)
  }
  if (!value.isWellFormed()) {
    throw new TypeError(`hashPayload: ${field} must be well-formed Unicode; got a lone surrogate`)
  }
}
