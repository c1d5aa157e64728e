import { createHash } from 'node:crypto'
import { serialize } from 'borsh'
import fc from 'fast-check'
import { generateKey } from 'near-kit'
import { KeyPairSigner } from 'near-api-js'
import { hashPayload, verifySignature } from 'passport-near'
import { describe, expect, it } from 'vitest'

const nonce = new Uint8Array(32).map((_, index) => index)
const base = { message: 'Sign in', recipient: 'app.example.com', nonce }

describe('hashPayload', () => {
  it.each([
    ['plain text', base],
    ['a callback URL', { ...base, callbackUrl: 'https://app.example.com/callback?a=1#b' }],
    ['an empty message', { ...base, message: '' }],
    ['many lines', { ...base, message: 'one\ntwo\r\nthree\t' }],
    ['characters of two, three and four bytes', { ...base, message: 'né 世界 👋🏽', recipient: 'пример.рф' }],
    ['a long message', { ...base, message: 'x'.repeat(100_000) }],
  ])('returns the bytes that near-kit and near-api-js sign for %s', async (_, payload) => {
    const hash = hashPayload(payload)
    expect(hash).toHaveLength(32)

    const nearKit = generateKey().signNep413Message!('alice.near', payload)
    expect(await verifySignature(hash, nearKit.signature, nearKit.publicKey)).toBe(true)

    const nearApi = await KeyPairSigner.fromSecretKey(
      generateKey().secretKey as `ed25519:${string}`,
    ).signNep413Message('alice.near', payload)
    const signature = Buffer.from(nearApi.signature)
    expect(await verifySignature(hash, signature, nearApi.publicKey.toString())).toBe(true)
    expect(
      await verifySignature(
        hashPayload({ ...payload, message: 'other' }),
        signature,
        nearApi.publicKey.toString(),
      ),
    ).toBe(false)
  })

  it('hashes the Borsh encoding of any payload', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed())
    const anyNonce = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const schema = {
      struct: {
        tag: 'u32',
        message: 'string',
        nonce: { array: { type: 'u8', len: 32 } },
        recipient: 'string',
        callbackUrl: { option: 'string' },
      },
    } as const
    fc.assert(
      fc.property(text, anyNonce, text, fc.option(text), (message, nonce, recipient, callbackUrl) => {
        const payload = { message, nonce, recipient, callbackUrl }
        const encoded = serialize(schema, { tag: 2 ** 31 + 413, ...payload })
        expect(Buffer.from(hashPayload(payload))).toEqual(createHash('sha256').update(encoded).digest())
      }),
    )
  })

  it('treats null as no callback URL, and an empty string as an empty callback URL', () => {
    const hex = (payload: Parameters<typeof hashPayload>[0]): string =>
      Buffer.from(hashPayload(payload)).toString('hex')
    expect(hex({ ...base, callbackUrl: null })).toBe(hex(base))
    expect(hex({ ...base, callbackUrl: '' })).not.toBe(hex(base))
  })

  it.each([
    ['message', { ...base, message: undefined }],
    ['recipient', { ...base, recipient: 1 }],
    ['callbackUrl', { ...base, callbackUrl: {} }],
    ['message', { ...base, message: 'Sign in \ud800' }],
    ['recipient', { ...base, recipient: '\udc00' }],
    ['callbackUrl', { ...base, callbackUrl: 'https://app.example.com/\ud800' }],
    ['nonce', { ...base, nonce: new Uint8Array(31) }],
    ['nonce', { ...base, nonce: 'x'.repeat(32) }],
  ])('rejects a wrong %s by name', (field, payload) => {
    expect(() => hashPayload(payload as unknown as typeof base)).toThrow(
      new RegExp(`hashPayload: ${field} must be`),
    )
  })
})
