import { createHash } from 'node:crypto'
import { serialize, type Schema } from 'borsh'
import { actions, createTransaction, encodeTransaction, PublicKey } from 'near-api-js'
import { hashPayload, type Challenge } from 'passport-near'
import { payloadOf, Wallet } from '../support/wallet'
import type { Attack, Theme } from './row'
import { json } from './stage'

const sha256 = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest()

const PAYLOAD: Schema = {
  struct: {
    message: 'string',
    nonce: { array: { type: 'u8', len: 32 } },
    recipient: 'string',
    callbackUrl: { option: 'string' },
  },
}

/** The payload as borsh, without the tag that distinguishes it from a transaction. */
const untagged = (challenge: Challenge): Buffer => {
  const { callbackUrl = null, ...payload } = payloadOf(challenge)
  return Buffer.from(serialize(PAYLOAD, { ...payload, callbackUrl }))
}

const tagged = (challenge: Challenge, tag: number): Buffer => {
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32LE(tag)
  return Buffer.concat([prefix, untagged(challenge)])
}

const NEP413 = 2 ** 31 + 413

/** A transaction with the challenge as the arguments of a function call. */
const transaction = (challenge: Challenge, { publicKey }: Wallet): Uint8Array =>
  encodeTransaction(
    createTransaction(
      'alice.test',
      PublicKey.from(publicKey),
      challenge.recipient,
      1n,
      [actions.functionCall('login', untagged(challenge), 1n, 0n)],
      Buffer.alloc(32, 1),
    ),
  )

/** Alice's wallet signs bytes other than the hash of the challenge. */
const other = (
  row: Pick<Attack, 'by' | 'holds' | 'tries'>,
  bytes: (challenge: Challenge, wallet: Wallet) => Uint8Array,
): Attack => ({
  ...row,
  refused: [401, 'ERR_NEAR_SIGNATURE_INVALID'],
  twin: "the signed bytes are the hash of the challenge's NEP-413 payload",
  async play({ alice, open }, attack) {
    const wallet = new Wallet()
    alice.addKey({ publicKey: wallet.publicKey })
    const browser = open()
    const challenge = await browser.challenge()
    const signedBytes = attack ? bytes(challenge, wallet) : hashPayload(payloadOf(challenge))
    return json(browser, wallet.answer('alice.test', challenge, signedBytes))
  },
})

const signature = "Alice's signature over"

export const payload: Theme = {
  title: 'Signed bytes',
  rows: [
    other(
      {
        by: 'A site that requests transactions',
        holds: `${signature} a transaction that contains the challenge`,
        tries: 'signs in with it',
      },
      (challenge, wallet) => sha256(transaction(challenge, wallet)),
    ),
    other(
      {
        by: 'A wallet with the format of September to November 2025',
        holds: `${signature} the payload without its tag, which could be the beginning of a transaction`,
        tries: 'signs in with it',
      },
      (challenge) => sha256(untagged(challenge)),
    ),
    other(
      {
        by: 'A site that requests meta-transactions',
        holds: `${signature} the payload with the tag of a delegated action (NEP-366)`,
        tries: 'signs in with it',
      },
      (challenge) => sha256(tagged(challenge, 2 ** 30 + 366)),
    ),
    other(
      {
        by: 'A site with another standard',
        holds: `${signature} the payload with the tag of a later NEP`,
        tries: 'signs in with it',
      },
      (challenge) => sha256(tagged(challenge, 2 ** 31 + 641)),
    ),
    other(
      {
        by: 'A site with another standard',
        holds: `${signature} the payload with an extra byte`,
        tries: 'signs in with it',
      },
      (challenge) => sha256(Buffer.concat([tagged(challenge, NEP413), Buffer.alloc(1)])),
    ),
    other(
      {
        by: 'A site with another standard',
        holds: `${signature} the hash of the hash`,
        tries: 'signs in with it',
      },
      (challenge) => sha256(hashPayload(payloadOf(challenge))),
    ),
    other(
      {
        by: 'A site that requests signatures over texts',
        holds: `${signature} the challenge's message without a payload`,
        tries: 'signs in with it',
      },
      ({ message }) => Buffer.from(message),
    ),
    other(
      {
        by: 'A site that requests signatures over texts',
        holds: `${signature} the challenge as JSON`,
        tries: 'signs in with it',
      },
      (challenge) => sha256(JSON.stringify(challenge)),
    ),
    other(
      {
        by: 'A wallet that signs only the nonce',
        holds: `${signature} the nonce`,
        tries: 'signs in with it',
      },
      ({ nonce }) => Buffer.from(nonce, 'base64'),
    ),
    other(
      {
        by: 'A phishing site',
        holds: `${signature} a payload whose message continues into the recipient`,
        tries: 'signs in with it',
      },
      (challenge) => {
        const { message, recipient } = challenge
        return hashPayload({
          ...payloadOf(challenge),
          message: message + recipient.slice(0, 1),
          recipient: recipient.slice(1),
        })
      },
    ),
    other(
      {
        by: 'A phishing site',
        holds: `${signature} a payload with an empty callback URL; the challenge has none`,
        tries: 'signs in with it',
      },
      (challenge) => hashPayload({ ...payloadOf(challenge), callbackUrl: '' }),
    ),
  ],
}
