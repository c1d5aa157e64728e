import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto'

/*
 * Problem: the client keeps the challenge, and must neither read nor change it.
 * Mechanism: AES-256-GCM with a key that is derived from the application's secret; the purpose is authenticated with it.
 * Threat: a challenge that is changed, made up, or sealed by another deployment or for another purpose.
 */

const CIPHER = 'aes-256-gcm'
const IV_LENGTH = 12
const TAG_LENGTH = 16

/** Seals texts with the first key, and opens what any of the keys sealed. */
export class Seal {
  readonly #keys: readonly KeyObject[]

  /** @param secrets - the first one seals; all of them open */
  constructor(secrets: readonly Uint8Array[]) {
    this.#keys = secrets.map((secret) =>
      createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'passport-near sealed challenge 1', 32))),
    )
  }

  /** @returns base64url of IV, ciphertext and tag */
  seal(text: string, purpose: string): string {
    const iv = randomBytes(IV_LENGTH)
    const cipher = createCipheriv(CIPHER, this.#keys[0]!, iv, { authTagLength: TAG_LENGTH })
    cipher.setAAD(Buffer.from(purpose))
    return Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString('base64url')
  }

  /** @returns undefined if no key opens it for this purpose */
  open(sealed: string, purpose: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url')
    // Node's decoder skips what is not base64url, so that other texts would stand for the same bytes.
    if (bytes.length <= IV_LENGTH + TAG_LENGTH || bytes.toString('base64url') !== sealed) return undefined
    for (const key of this.#keys) {
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_LENGTH), {
        authTagLength: TAG_LENGTH,
      })
      decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(-TAG_LENGTH))
      const text = decipher.update(bytes.subarray(IV_LENGTH, -TAG_LENGTH))
      try {
        return Buffer.concat([text, decipher.final()]).toString()
      } catch {
        // Not sealed with this key, or changed.
      }
    }
    return undefined
  }
}
