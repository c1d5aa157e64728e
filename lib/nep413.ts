import { serialize, type Schema } from 'borsh'
import { sha256 } from 'js-sha256'

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

const SCHEMA: Schema = {
  struct: {
    tag: 'u32',
    message: 'string',
    nonce: { array: { type: 'u8', len: 32 } },
    recipient: 'string',
    callbackUrl: { option: 'string' },
  },
}

/**
 * Hashes a payload to the bytes that a NEAR wallet signs: SHA-256 over the tag and the Borsh-encoded payload.
 *
 * @returns 32 bytes
 * @throws {TypeError} when a field is not of the type that the standard gives it
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0413.md#how-to-sign NEP-413, how to sign}
 */
export function hashPayload({ message, nonce, recipient, callbackUrl }: Nep413Payload): Uint8Array {
  requireString('message', message)
  requireString('recipient', recipient)
  if (callbackUrl !== undefined && callbackUrl !== null) requireString('callbackUrl', callbackUrl)
  if (!(nonce instanceof Uint8Array) || nonce.length !== 32) {
    throw new TypeError('hashPayload: nonce must be a Uint8Array of 32 bytes')
  }
  const encoded = serialize(SCHEMA, { tag: TAG, message, nonce, recipient, callbackUrl: callbackUrl ?? null })
  return new Uint8Array(sha256.arrayBuffer(encoded))
}

function requireString(field: string, value: unknown): void {
  if (typeof value !== 'string')
    throw new TypeError(`hashPayload: ${field} must be a string, got ${typeof value}`)
}
