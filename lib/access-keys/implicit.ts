import { parsePublicKey } from '../nep413/signature'

/**
 * Whether an account's id is made of this key: the hex of an Ed25519 key, or `0x` and the last 20 bytes of the Keccak-256 of a
 * secp256k1 key. Says nothing about whether the account is on chain, or with which keys.
 *
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0641.md NEP-641, implicit accounts}
 */
export function isImplicitAccountOf(accountId: string, publicKey: string): boolean {
  const key = parsePublicKey(publicKey)
  if (key?.type === 'ed25519') return accountId === Buffer.from(key.bytes).toString('hex')
  return key?.type === 'secp256k1' && accountId === `0x${keccakTail(key.bytes)}`
}

/** Loads the hash at the first key of this type: few logins need it, and it is an ES module. */
function keccakTail(bytes: Uint8Array): string {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() fails in jest's CommonJS sandbox
  const { keccak_256 } = require('@noble/hashes/sha3.js') as typeof import('@noble/hashes/sha3.js')
  return Buffer.from(keccak_256(bytes)).subarray(-20).toString('hex')
}
