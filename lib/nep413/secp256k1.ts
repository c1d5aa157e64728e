/**
 * Verifies a secp256k1 signature over a hash: it must recover to this very key, recovery byte included, and its S must be
 * the low one. Without either there would be other signatures for the same message, which anyone can make from one.
 *
 * Loads the curve when such a key is first met: few logins need it, and it is an ES module.
 *
 * @param publicKey - 64 bytes, the point without its leading 0x04
 * @param signature - 65 bytes: R, S and the recovery byte, 0 to 3
 * @see {@link https://www.secg.org/sec1-v2.pdf SEC 1, section 4.1.6, public key recovery}
 */
export function verifySecp256k1(hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() fails in jest's CommonJS sandbox
  const { secp256k1 } = require('@noble/curves/secp256k1.js') as typeof import('@noble/curves/secp256k1.js')
  const recoveryFirst = Buffer.concat([signature.subarray(64), signature.subarray(0, 64)])
  try {
    const parsed = secp256k1.Signature.fromBytes(recoveryFirst, 'recovered')
    if (parsed.hasHighS()) return false
    return Buffer.from(publicKey).equals(parsed.recoverPublicKey(hash).toBytes(false).subarray(1))
  } catch {
    return false // Its numbers are out of range, or there is no such point: the curve's way of saying no.
  }
}
