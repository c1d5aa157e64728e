// The signed payload and the signer, which are the same for all contenders.
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import bs58 from 'bs58'

export const RECIPIENT = 'app.example.com'
export const MESSAGE = `Sign in to ${RECIPIENT}`

const text = (value) => {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(Buffer.byteLength(value))
  return Buffer.concat([length, Buffer.from(value)])
}

const tag = Buffer.alloc(4)
tag.writeUInt32LE(2 ** 31 + 413)
const before = Buffer.concat([tag, text(MESSAGE)])
const after = Buffer.concat([text(RECIPIENT), Buffer.from([0])])

/** @param {Uint8Array} nonce */
export const hashLogin = (nonce) => createHash('sha256').update(before).update(nonce).update(after).digest()

/** A wallet with one Ed25519 key that costs the load generator as little as possible. */
export function createWallet() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  // Not as JWK: on Node 20 a garbage collection during that export deadlocks the thread. The last 32 bytes
  // are the key.
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  return {
    publicKey: `ed25519:${bs58.encode(raw)}`,
    keyObject: publicKey,
    /** @param {string} nonce - base64 */
    sign(nonce) {
      return sign(null, hashLogin(Buffer.from(nonce, 'base64')), privateKey).toString('base64')
    },
  }
}
