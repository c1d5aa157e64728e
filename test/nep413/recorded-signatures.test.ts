import bs58 from 'bs58'
import { NearStrategy, verifySignature } from 'passport-near'
import { describe, expect, it } from 'vitest'
import { verifyEd25519 } from '../../lib/nep413/ed25519'
import { parsePublicKey, parseSignature } from '../../lib/nep413/signature'
import { authenticate, recordedStore } from '../support/strategy'
import { readVectors } from '../support/vectors'

interface WycheproofCase {
  tcId: number
  comment: string
  msg: string
  sig: string
  result: 'valid' | 'invalid'
}

interface Wycheproof {
  numberOfTests: number
  testGroups: { publicKey: { pk: string }; tests: WycheproofCase[] }[]
}

interface SpeccheckCase {
  message: string
  pub_key: string
  signature: string
}

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')
const keyText = (hex: string): string => `ed25519:${bs58.encode(bytes(hex))}`

/**
 * A login with that key and signature over a challenge of the server: its outcome, and the requests that it
 * made.
 */
async function login(publicKey: string, signature: string): Promise<object> {
  let keyChecks = 0
  const store = recordedStore({ message: 'm', nonce: Buffer.alloc(32).toString('base64') })
  const accessKeys = {
    async permission() {
      keyChecks++
      return 'FullAccess' as const
    },
  }
  const strategy = new NearStrategy({ recipient: 'r', store, accessKeys }, (profile, done) =>
    done(null, profile),
  )
  const outcome = await authenticate(strategy, { body: { accountId: 'alice.test', publicKey, signature } })
  return { ...outcome, keyChecks }
}

describe('Wycheproof, Ed25519', () => {
  const recorded = readVectors('wycheproof-ed25519.json') as Wycheproof
  const cases = recorded.testGroups.flatMap(({ publicKey, tests }) =>
    tests.map((test) => ({ ...test, key: publicKey.pk })),
  )
  const encodings: [string, (signature: Buffer) => string][] = [
    ['base64', (signature) => signature.toString('base64')],
    ['hex', (signature) => signature.toString('hex')],
    ['ed25519: and base58', (signature) => `ed25519:${bs58.encode(signature)}`],
  ]

  it(`has all its ${recorded.numberOfTests} cases, valid and invalid ones`, () => {
    expect(cases).toHaveLength(recorded.numberOfTests)
    expect(new Set(cases.map(({ result }) => result))).toEqual(new Set(['valid', 'invalid']))
  })

  it.each(cases)('case $tcId is $result: $comment', ({ key, msg, sig, result }) => {
    expect(verifyEd25519(bytes(msg), bytes(sig), bytes(key))).toBe(result === 'valid')
  })

  it.each(encodings)('a signature as text in %s is read only if it has 64 bytes', (_, encode) => {
    for (const { sig } of cases) {
      const read = parseSignature(encode(bytes(sig)), 'ed25519')
      expect(read && Buffer.from(read).toString('hex')).toBe(sig.length === 128 ? sig : undefined)
    }
  })

  it('every key is read as a NEAR key, and written in the same form', () => {
    for (const { key } of cases) {
      const read = parsePublicKey(keyText(key))
      expect(Buffer.from(read!.bytes).toString('hex')).toBe(key)
      expect(read!.text).toBe(keyText(key))
    }
  })

  it('verifySignature returns the recorded result for each message of 32 bytes', async () => {
    const hashes = cases.filter(({ msg }) => msg.length === 64)
    expect(new Set(hashes.map(({ result }) => result))).toEqual(new Set(['valid', 'invalid']))
    for (const { key, msg, sig, result } of hashes) {
      for (const [, encode] of encodings) {
        expect(await verifySignature(bytes(msg), encode(bytes(sig)), keyText(key))).toBe(result === 'valid')
      }
    }
  })

  // The server makes the hash of a login, so no recorded signature can be valid for it. The empty signature
  // means that the wallet declined.
  it.each(encodings)('in a login, in %s, each is rejected before any key check', async (_, encode) => {
    for (const { key, sig } of cases.filter(({ sig }) => sig !== '')) {
      const readable = sig.length === 128
      expect(await login(keyText(key), encode(bytes(sig)))).toMatchObject({
        action: 'fail',
        status: readable ? 401 : 400,
        info: { code: readable ? 'ERR_NEAR_SIGNATURE_INVALID' : 'ERR_NEAR_CREDENTIALS_INVALID' },
        keyChecks: 0,
      })
    }
  })
})

describe('ed25519-speccheck', () => {
  const cases = readVectors('ed25519-speccheck.json') as SpeccheckCase[]
  // https://eprint.iacr.org/2020/1244, table 6. Only the fourth case is valid by RFC 8032 without the
  // cofactor and has neither a point of small order nor a non-canonical encoding. Its key and R are of mixed
  // order, which only the key's holder can produce.
  const accepted = [3]
  const why = [
    'key and R of small order, S = 0',
    'key of small order',
    'R of small order',
    'key and R of mixed order, the equation holds without the cofactor',
    'key and R of mixed order, the equation holds with the cofactor only',
    'key of mixed order, the equation holds with the cofactor only',
    'S above the group order',
    'S far above the group order',
    'R of small order, not canonical, reduced before hashing',
    'R of small order, not canonical, hashed without reduction',
    'key of small order, not canonical, reduced before hashing',
    'key of small order, not canonical, hashed without reduction',
  ]

  it('has twelve cases', () => expect(cases).toHaveLength(why.length))

  it.each(cases.map((recorded, index) => ({ ...recorded, index, why: why[index] })))(
    'case $index: $why',
    async ({ message, pub_key, signature, index }) => {
      const expected = accepted.includes(index)
      expect(await verifySignature(bytes(message), signature, keyText(pub_key))).toBe(expected)
      expect(await verifySignature(bytes(message), bytes(signature), keyText(pub_key))).toBe(expected)
    },
  )

  it('in a login each is rejected before any key check, even if the key is on the account', async () => {
    for (const { pub_key, signature } of cases) {
      expect(await login(keyText(pub_key), signature)).toMatchObject({
        action: 'fail',
        status: 401,
        info: { code: 'ERR_NEAR_SIGNATURE_INVALID' },
        keyChecks: 0,
      })
    }
  })
})
