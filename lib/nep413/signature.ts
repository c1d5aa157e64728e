import { decodeBase58 } from './base58'
import { verifyEd25519 } from './ed25519'
import { verifySecp256k1 } from './secp256k1'

/** A key type in NEAR's spelling, before the colon. @internal */
export type KeyType = 'ed25519' | 'secp256k1' | 'ml-dsa-65'

/** A public key in its normal form. @internal */
export interface PublicKey {
  readonly type: KeyType
  readonly bytes: Uint8Array
  /** `<type>:<base58>`, the type in lower case. */
  readonly text: string
}

interface Algorithm {
  /** In bytes. */
  readonly keySize: number
  /** In bytes. */
  readonly signatureSize: number
  readonly verify: (hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean
}

const KEY_TYPES: Readonly<Record<KeyType, Algorithm>> = {
  ed25519: { keySize: 32, signatureSize: 64, verify: verifyEd25519 },
  secp256k1: { keySize: 64, signatureSize: 65, verify: verifySecp256k1 },
  'ml-dsa-65': { keySize: 1952, signatureSize: 3309, verify: verifyMlDsa65 },
}

/** Base58 needs log(256)/log(58) = 1.366 characters a byte. */
const BASE58_RATIO = 1.366
const HEX = /^(?:0x)?([0-9a-f]+)$/i

/**
 * Parses a public key. The type may be in any case, and is optional for Ed25519.
 *
 * @returns the key in its normal form, or undefined if the text is not a public key
 * @internal
 */
export function parsePublicKey(text: string): PublicKey | undefined {
  const colon = text.indexOf(':')
  const type = colon === -1 ? 'ed25519' : readKeyType(text.slice(0, colon))
  if (!type) return undefined
  const encoded = text.slice(colon + 1)
  const bytes = decodeSized(encoded, KEY_TYPES[type].keySize)
  return bytes && { type, bytes, text: `${type}:${encoded}` }
}

/**
 * Parses a signature in any encoding that wallets use: base64 (also URL-safe, unpadded, or with spaces for each `+` that a form
 * lost), `<type>:<base58>`, or hex.
 *
 * @returns the bytes, as many as a signature of this key type has, or undefined
 * @internal
 */
export function parseSignature(text: string, type: KeyType): Uint8Array | undefined {
  const size = KEY_TYPES[type].signatureSize
  if (text.length > size * 2 + 2) return undefined // hex with 0x is the longest encoding
  const colon = text.indexOf(':')
  if (colon !== -1) {
    return readKeyType(text.slice(0, colon)) === type ? decodeSized(text.slice(colon + 1), size) : undefined
  }
  const hex = HEX.exec(text)?.[1]
  if (hex?.length === size * 2) return Buffer.from(hex, 'hex')
  return decodeBase64(text, size)
}

/**
 * Verifies a signature over a hash, by the key's type.
 *
 * @param hash - the result of {@link hashPayload}, 32 bytes
 * @param signature - bytes, or text in any encoding that wallets use: base64, base64url, hex, or `<type>:<base58>`
 * @param publicKey - `<type>:<base58>`; the type defaults to `ed25519`
 * @returns whether the signature verifies; false also for a key or a signature that cannot be parsed
 * @throws {TypeError} when the hash is not 32 bytes
 */
export async function verifySignature(
  hash: Uint8Array,
  signature: string | Uint8Array,
  publicKey: string,
): Promise<boolean> {
  const key = typeof publicKey === 'string' ? parsePublicKey(publicKey) : undefined
  if (!key) return false
  const bytes = typeof signature === 'string' ? parseSignature(signature, key.type) : signature
  return bytes instanceof Uint8Array && verifyWithKey(hash, bytes, key)
}

/** {@link verifySignature} for a parsed key and signature. @internal */
export function verifyWithKey(hash: Uint8Array, signature: Uint8Array, key: PublicKey): boolean {
  if (!(hash instanceof Uint8Array) || hash.length !== 32) {
    throw new TypeError('verifySignature: hash must be a Uint8Array of 32 bytes, as hashPayload returns it')
  }
  const { signatureSize, verify } = KEY_TYPES[key.type]
  return signature.length === signatureSize && verify(hash, signature, key.bytes)
}

/** Loads the algorithm at the first key of this type: few logins need it, and it is an ES module. */
function verifyMlDsa65(hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  type Module = typeof import('@noble/post-quantum/ml-dsa.js')
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() fails in jest's CommonJS sandbox
  const { ml_dsa65 } = require('@noble/post-quantum/ml-dsa.js') as Module
  return ml_dsa65.verify(signature, hash, publicKey)
}

/** A type in any case. ASCII only: the Kelvin sign, for example, becomes a k in lower case. */
function readKeyType(name: string): KeyType | undefined {
  const type = /^[a-z0-9-]{1,16}$/i.test(name) ? name.toLowerCase() : ''
  return isKeyType(type) ? type : undefined
}

function isKeyType(name: string): name is KeyType {
  return Object.hasOwn(KEY_TYPES, name)
}

/** Strict: exactly `size` bytes in base58. The length is checked first, because the time to decode grows with its square. */
function decodeSized(text: string, size: number): Uint8Array | undefined {
  const bytes = text.length <= Math.ceil(size * BASE58_RATIO) ? decodeBase58(text) : undefined
  return bytes?.length === size ? bytes : undefined
}

/** Strict: exactly `size` bytes, complete or no padding, and no unused bit set. */
function decodeBase64(text: string, size: number): Uint8Array | undefined {
  const standard = text.replace(/[- ]/g, '+').replace(/_/g, '/')
  const bytes = Buffer.from(standard, 'base64')
  if (bytes.length !== size) return undefined
  const padded = bytes.toString('base64')
  return standard === padded || standard === padded.replace(/=+$/, '') ? bytes : undefined
}
