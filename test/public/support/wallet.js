/**
 * A wallet that shares no code with passport-near: borsh, js-sha256, bs58 and node:crypto make the signature.
 */
const { generateKeyPairSync, sign } = require('node:crypto')
const { serialize } = require('borsh')
const { default: bs58 } = require('bs58')
const { sha256 } = require('js-sha256')

/** @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0413.md NEP-413} */
const NEP413_TAG = 2 ** 31 + 413

const PAYLOAD = {
  struct: {
    tag: 'u32',
    message: 'string',
    nonce: { array: { type: 'u8', len: 32 } },
    recipient: 'string',
    callbackUrl: { option: 'string' },
  },
}

class Wallet {
  #privateKey

  /** @param accountId - undefined for the implicit account of the new key */
  constructor(accountId) {
    // DER, because exporting a JWK of a generated key can deadlock Node 20.
    const { publicKey, privateKey } = generateKeyPairSync('ed25519', {
      publicKeyEncoding: { type: 'spki', format: 'der' },
      privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    })
    const publicKeyBytes = publicKey.subarray(-32)
    this.accountId = accountId ?? publicKeyBytes.toString('hex')
    this.publicKey = `ed25519:${bs58.encode(publicKeyBytes)}`
    this.#privateKey = { key: privateKey, type: 'pkcs8', format: 'der' }
  }

  /**
   * Signs a challenge of the server.
   * @param changed - fields of the payload that the wallet signs in place of the challenge's
   * @returns the login's body
   */
  sign(challenge, changed = {}) {
    const { tag = NEP413_TAG, ...signed } = { ...challenge, ...changed }
    const payload = serialize(PAYLOAD, {
      tag,
      message: signed.message,
      nonce: [...Buffer.from(signed.nonce, 'base64')],
      recipient: signed.recipient,
      callbackUrl: signed.callbackUrl ?? null,
    })
    const hash = Buffer.from(sha256.array(payload))
    const signature = sign(null, hash, this.#privateKey).toString('base64')
    return { accountId: this.accountId, publicKey: this.publicKey, signature, state: challenge.state }
  }
}

module.exports = { Wallet }
