import { verify } from 'node:crypto'

/** The y-coordinates of the eight points of small order, little-endian, without the sign bit. */
const SMALL_ORDER_Y = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map((hex) => Buffer.from(hex, 'hex'))

const SIGN_REMOVED = 0x7f

/**
 * Verifies an Ed25519 signature over a hash as RFC 8032 says. Also rejects what the RFC leaves open: public keys and signature
 * points of small order (anyone can sign for such a key), and non-canonical encodings.
 *
 * @param publicKey - 32 bytes
 * @param signature - 64 bytes
 * @see {@link https://www.rfc-editor.org/rfc/rfc8032#section-5.1.7 RFC 8032, section 5.1.7}
 */
export function verifyEd25519(hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (!isSafePoint(publicKey) || !isSafePoint(signature.subarray(0, 32))) return false
  // As JWK: OpenSSL takes longer to read a key from DER than to verify the signature.
  const key = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') }
  return verify(null, hash, { key, format: 'jwk' }, signature)
}

function isSafePoint(encoded: Uint8Array): boolean {
  return isBelowPrime(encoded) && !SMALL_ORDER_Y.some((y) => isCoordinate(y, encoded))
}

/** Whether a coordinate, a little-endian number of 255 bits, is below p = 2^255 - 19, the only canonical range. */
function isBelowPrime(encoded: Uint8Array): boolean {
  return (
    encoded[0]! < 0xed ||
    (encoded[31]! & SIGN_REMOVED) !== 0x7f ||
    encoded.subarray(1, 31).some((byte) => byte !== 0xff)
  )
}

/** Whether this is the coordinate of an encoded point, whose highest bit is a sign. */
function isCoordinate(y: Uint8Array, encoded: Uint8Array): boolean {
  return y.every((byte, place) => byte === (place === 31 ? encoded[31]! & SIGN_REMOVED : encoded[place]))
}
