/**
 * Verifies a secp256k1 signature over a hash. The signature must recover to this key, recovery byte included, and its S must be the
 * low one. Otherwise anyone could make a second signature of the same message from the first.
 *
 * Loads the curve at the first key of this type: few logins need it, and it is an ES module.
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
    return false // The numbers are out of range, or there is no such point.
  }
}
