import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import bs58 from 'bs58'
import type { Challenge } from 'passport-near'

/** An Ed25519 key whose private key the test has. */
export function testKey(): { privateKey: KeyObject; publicKey: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  // Not as JWK: on Node 20 a garbage collection during that export deadlocks the thread. The last 32 bytes
  // are the key.
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  return { privateKey, publicKey: `ed25519:${bs58.encode(raw)}` }
}

/**
 * The bytes that NEP-413 hashes and signs, assembled by hand: tag, message, nonce, recipient, no callback
 * URL.
 */
export function payloadBytes({ message, nonce, recipient }: Challenge): Buffer {
  const text = (value: string): Buffer => Buffer.concat([u32(Buffer.byteLength(value)), Buffer.from(value)])
  return Buffer.concat([
    u32(2 ** 31 + 413),
    text(message),
    Buffer.from(nonce, 'base64'),
    text(recipient),
    Buffer.from([0]),
  ])
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
