import { KeyPair } from 'near-api-js'
import { hashPayload, type Challenge, type Nep413Payload } from 'passport-near'

export type KeyPairType = Parameters<typeof KeyPair.fromRandom>[0]

/** A key outside of the test network that signs any bytes, with near-api-js's own signer. */
export class Wallet {
  readonly publicKey: string
  readonly #pair: KeyPair

  constructor(type: KeyPairType = 'ED25519') {
    this.#pair = KeyPair.fromRandom(type)
    this.publicKey = this.#pair.getPublicKey().toString()
  }

  /** Signs bytes unchanged. */
  sign(bytes: Uint8Array): Buffer {
    return Buffer.from(this.#pair.sign(bytes).signature)
  }

  /** A login by an honest wallet, or a login over the caller's bytes. */
  answer(
    accountId: string,
    challenge: Challenge,
    bytes: Uint8Array = hashPayload(payloadOf(challenge)),
  ): Login {
    const signature = this.sign(bytes).toString('base64')
    return { accountId, publicKey: this.publicKey, signature, state: challenge.state }
  }
}

/** The fields that a login page posts. */
export interface Login {
  accountId: string
  publicKey: string
  signature: string
  state: string
}

export function payloadOf({ message, recipient, nonce, callbackUrl }: Challenge): Nep413Payload {
  return { message, recipient, nonce: Buffer.from(nonce, 'base64'), callbackUrl }
}
