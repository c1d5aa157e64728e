import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import bs58 from 'bs58'
import { KeyPair } from 'near-api-js'
import { verifySignature } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import { describe, expect, it } from 'vitest'
import { hashPayload } from '../../lib/nep413/payload'

const payload = { message: 'm', recipient: 'r', nonce: new Uint8Array(32) }
const hash = hashPayload(payload)

async function signed(): Promise<{ publicKey: string; signature: Buffer }> {
  const network = await TestNetwork.start()
  const account = await network.createAccount('alice.test')
  await network.stop()
  const { publicKey, signature } = await account.signMessage(payload)
  return { publicKey, signature: Buffer.from(signature, 'base64') }
}

describe('verifySignature reads a signature in every encoding that wallets use', () => {
  const encodings: [string, (bytes: Buffer) => string | Uint8Array][] = [
    ['bytes', (bytes) => bytes],
    ['base64', (bytes) => bytes.toString('base64')],
    ['base64 without padding', (bytes) => bytes.toString('base64').replace(/=+$/, '')],
    ['base64url', (bytes) => bytes.toString('base64url')],
    ['base64url with padding', (bytes) => `${bytes.toString('base64url')}==`],
    ['base64 with spaces in place of plus signs', (bytes) => bytes.toString('base64').replace(/\+/g, ' ')],
    ['ed25519: and base58', (bytes) => `ed25519:${bs58.encode(bytes)}`],
    ['ED25519: and base58', (bytes) => `ED25519:${bs58.encode(bytes)}`],
    ['hex', (bytes) => bytes.toString('hex')],
    ['hex in capitals', (bytes) => bytes.toString('hex').toUpperCase()],
    ['hex with 0x', (bytes) => `0x${bytes.toString('hex')}`],
  ]

  it.each(encodings)('%s', async (_, encode) => {
    for (let round = 0; round < 20; round++) {
      const { publicKey, signature } = await signed()
      expect(await verifySignature(hash, encode(signature), publicKey)).toBe(true)
    }
  })
})

describe('verifySignature is false for a signature that', () => {
  const wrong: [string, (bytes: Buffer) => string | Uint8Array][] = [
    ['is empty', () => ''],
    ['is one byte short', (bytes) => bytes.subarray(1)],
    ['is one byte long', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])],
    ['is a million characters long', () => `ed25519:${'1'.repeat(1e6)}`],
    ['has one padding sign', (bytes) => bytes.toString('base64').slice(0, -1)],
    ['has three padding signs', (bytes) => `${bytes.toString('base64')}=`],
    ['has padding in the middle', (bytes) => bytes.toString('base64').replace(/^(..)../, '$1==')],
    [
      'has a non-zero trailing bit',
      (bytes) => bytes.toString('base64').replace(/.==$/, (end) => `${nextDigit(end[0]!)}==`),
    ],
    ['has a line break', (bytes) => `${bytes.toString('base64')}\n`],
    ['is base58 without a prefix', (bytes) => bs58.encode(bytes)],
    ["has another key type's prefix", (bytes) => `secp256k1:${bs58.encode(bytes)}`],
    ['has a prefix and a leading zero', (bytes) => `ed25519:1${bs58.encode(bytes)}`],
    ['has a prefix and base64', (bytes) => `ed25519:${bytes.toString('base64')}`],
    ['is not a string', () => 42 as unknown as string],
    ['is absent', () => undefined as unknown as string],
  ]

  it.each(wrong)('%s', async (_, encode) => {
    const { publicKey, signature } = await signed()
    expect(await verifySignature(hash, encode(signature), publicKey)).toBe(false)
  })

  /** The next base64 digit. It differs in a bit that 64 bytes do not use. */
  function nextDigit(digit: string): string {
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    return digits[digits.indexOf(digit) + 1]!
  }
})

describe('verifySignature is false for a key that cannot be parsed', () => {
  it.each(['', ':', 'ed25519:', 'ed25519', 'rsa:abc', 'ed25519:0OIl', ' ed25519:', '__proto__:1', undefined])(
    '%j',
    async (publicKey) => {
      expect(await verifySignature(hash, Buffer.alloc(64), publicKey as string)).toBe(false)
    },
  )
})

describe('verifySignature is false at once for a key of a million characters', () => {
  it.each(['ed25519', 'ml-dsa-65'])('%s', async (type) => {
    expect(await verifySignature(hash, Buffer.alloc(64), `${type}:${'z'.repeat(1e6)}`)).toBe(false)
  })
})

describe('verifySignature requires a hash of 32 bytes', () => {
  it.each([new Uint8Array(31), new Uint8Array(0), 'a'.repeat(32)])('and rejects %j', async (wrong) => {
    const { publicKey, signature } = await signed()
    await expect(verifySignature(wrong as Uint8Array, signature, publicKey)).rejects.toThrow(
      new TypeError('verifySignature: hash must be a Uint8Array of 32 bytes, as hashPayload returns it'),
    )
  })
})

describe('Ed25519 keys and signature points of small order, and non-canonical encodings', () => {
  const P = 2n ** 255n - 19n
  const encode = (y: bigint, sign: 0 | 1): Buffer => {
    const bytes = Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse()
    bytes[31] = bytes[31]! | (sign << 7)
    return bytes
  }
  /** All 8 points of small order, found by their order, and every 32-byte encoding of them. */
  const generator = ed25519.Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')
  const canonical = Array.from({ length: 8 }, (_, k) =>
    Buffer.from((k === 0 ? ed25519.Point.ZERO : generator.multiplyUnsafe(BigInt(k))).toBytes()),
  )
  const nonCanonical = [0n, 1n].flatMap((y) => [encode(y + P, 0), encode(y + P, 1)])
  const zeroWithSign = [encode(1n, 1), encode(P - 1n, 1)]
  const small = [...canonical, ...nonCanonical, ...zeroWithSign]

  const plainVerify = (message: Uint8Array, signature: Uint8Array, key: Uint8Array): boolean => {
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key])
    return verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
  }

  it('are 8 points in 14 encodings', () => {
    expect(new Set(canonical.map((point) => point.toString('hex'))).size).toBe(8)
    expect(generator.multiplyUnsafe(8n).equals(ed25519.Point.ZERO)).toBe(true)
    expect(small).toHaveLength(14)
  })

  it('as a key, have no valid signature for any message', async () => {
    let acceptedByPlainCrypto = 0
    for (const point of small) {
      for (const R of small) {
        const signature = Buffer.concat([R, Buffer.alloc(32)])
        acceptedByPlainCrypto += Number(plainVerify(hash, signature, point))
        expect(await verifySignature(hash, signature, `ed25519:${bs58.encode(point)}`)).toBe(false)
      }
    }
    expect(acceptedByPlainCrypto).toBeGreaterThan(0)
  })

  it('as a key, have no forged signature with an ordinary R either', async () => {
    const { Point } = ed25519
    let acceptedByPlainCrypto = 0
    for (const key of small) {
      // The equation holds for R = sB + T with a T of small order, for about one message in eight.
      for (let attempt = 0; attempt < 200; attempt++) {
        const s = Point.Fn.create(BigInt(`0x${randomBytes(40).toString('hex')}`))
        const signature = Buffer.concat([Point.BASE.multiply(s).toBytes(), Point.Fn.toBytes(s)])
        const forged = randomBytes(32)
        if (!plainVerify(forged, signature, key)) continue
        acceptedByPlainCrypto++
        expect(await verifySignature(forged, signature, `ed25519:${bs58.encode(key)}`)).toBe(false)
        break
      }
    }
    expect(acceptedByPlainCrypto).toBeGreaterThan(8)
  })

  it('as R, are rejected although the equation holds', async () => {
    // sB = R + kA holds for s = ka and the R of order 1.
    const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(randomBytes(32))
    let acceptedByPlainCrypto = 0
    for (const R of small) {
      const k = createHash('sha512').update(R).update(pointBytes).update(hash).digest().reverse()
      const { Fn } = ed25519.Point
      const s = Fn.toBytes(Fn.mul(Fn.create(BigInt(`0x${k.toString('hex')}`)), scalar))
      const signature = Buffer.concat([R, s])
      acceptedByPlainCrypto += Number(plainVerify(hash, signature, pointBytes))
      expect(await verifySignature(hash, signature, `ed25519:${bs58.encode(pointBytes)}`)).toBe(false)
    }
    expect(acceptedByPlainCrypto).toBeGreaterThan(0)
  })

  it('no number from p on is a key', async () => {
    for (let y = P; y < 2n ** 255n; y++) {
      for (const sign of [0, 1] as const) {
        const publicKey = `ed25519:${bs58.encode(encode(y, sign))}`
        expect(await verifySignature(hash, Buffer.alloc(64, 1), publicKey)).toBe(false)
      }
    }
  })
})

describe('an Ed25519 key whose coordinate is close to p', () => {
  it('is a valid key', async () => {
    // 35802 is the first number whose y is 0x7f… (without the sign bit), …ed or more, with an 0xff between
    // them.
    const seed = createHash('sha256').update('key 35802').digest()
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
    const y = Buffer.from(x!, 'base64url')
    expect([y[0]! >= 0xed, y[31]! & 0x7f, y.subarray(1, 31).includes(0xff)]).toEqual([true, 0x7f, true])
    expect(await verifySignature(hash, sign(null, hash, privateKey), `ed25519:${bs58.encode(y)}`)).toBe(true)
  })
})

describe('the recorded attacks of ed25519-speccheck', () => {
  const cases = [
    // "0" to "2": a key or R of small order. A lenient implementation accepts each of them.
    [
      '8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a0000000000000000000000000000000000000000000000000000000000000000',
    ],
    [
      '9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
      'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
    ],
    [
      'aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab',
      'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e',
    ],
  ] as const

  it.each(cases)('message %s', async (message, key, signature) => {
    const publicKey = `ed25519:${bs58.encode(Buffer.from(key, 'hex'))}`
    expect(await verifySignature(Buffer.from(message, 'hex'), signature, publicKey)).toBe(false)
  })
})

describe('other key types', () => {
  it.each(['SECP256K1', 'ml-dsa-65'] as const)(
    '%s signatures of near-api-js verify, and changed ones do not',
    async (type) => {
      const pair = KeyPair.fromRandom(type)
      const publicKey = pair.getPublicKey().toString()
      const { signature } = pair.sign(hash)
      const bytes = Buffer.from(signature)
      expect(await verifySignature(hash, bytes.toString('base64'), publicKey)).toBe(true)
      expect(
        await verifySignature(hash, `${publicKey.split(':')[0]!}:${bs58.encode(bytes)}`, publicKey),
      ).toBe(true)
      expect(await verifySignature(new Uint8Array(32), bytes, publicKey)).toBe(false)
      for (const index of [0, 31, 32, 63]) {
        const changed = Buffer.from(bytes)
        changed[index] = changed[index]! ^ 1
        expect(await verifySignature(hash, changed, publicKey)).toBe(false)
      }
      expect(await verifySignature(hash, bytes.subarray(1), publicKey)).toBe(false)
    },
  )

  it('a secp256k1 key that is not a point of the curve verifies no signature', async () => {
    const publicKey = `secp256k1:${bs58.encode(Buffer.alloc(64, 7))}`
    expect(await verifySignature(hash, Buffer.alloc(65, 1), publicKey)).toBe(false)
  })

  it.each(['SECP256K1', 'ml-dsa-65'] as const)(
    'a %s key or signature with one byte too many or too few is rejected, as bytes and as text',
    async (type) => {
      const pair = KeyPair.fromRandom(type)
      const publicKey = pair.getPublicKey().toString()
      const [prefix, encoded] = publicKey.split(':') as [string, string]
      const signature = Buffer.from(pair.sign(hash).signature)
      const resized = (bytes: Uint8Array): Buffer[] => [
        Buffer.concat([bytes, Buffer.alloc(1)]),
        Buffer.concat([Buffer.alloc(1), bytes]),
        Buffer.from(bytes.subarray(1)),
        Buffer.from(bytes.subarray(0, -1)),
      ]
      for (const wrong of resized(signature)) {
        for (const text of [
          wrong,
          wrong.toString('base64'),
          wrong.toString('hex'),
          `${prefix}:${bs58.encode(wrong)}`,
        ])
          expect(await verifySignature(hash, text, publicKey)).toBe(false)
      }
      for (const wrong of resized(bs58.decode(encoded)))
        expect(await verifySignature(hash, signature, `${prefix}:${bs58.encode(wrong)}`)).toBe(false)
      expect(await verifySignature(hash, signature, publicKey)).toBe(true)
    },
  )

  it('only the right one of the 256 recovery bytes of a secp256k1 signature is accepted', async () => {
    const pair = KeyPair.fromRandom('SECP256K1')
    const signature = Buffer.from(pair.sign(hash).signature)
    const taken: number[] = []
    for (let byte = 0; byte < 256; byte++) {
      const changed = Buffer.concat([signature.subarray(0, 64), Buffer.from([byte])])
      if (await verifySignature(hash, changed, pair.getPublicKey().toString())) taken.push(byte)
    }
    expect(taken).toEqual([signature[64]])
  })

  it.each([
    ['R is 0', (bytes: Buffer) => bytes.fill(0, 0, 32)],
    ['S is 0', (bytes: Buffer) => bytes.fill(0, 32, 64)],
    ['R is above the group order', (bytes: Buffer) => bytes.fill(255, 0, 32)],
    ['S is above the group order', (bytes: Buffer) => bytes.fill(255, 32, 64)],
    ['every byte is 0', (bytes: Buffer) => bytes.fill(0)],
  ])('a secp256k1 signature is false, without an exception, when %s', async (_, change) => {
    const pair = KeyPair.fromRandom('SECP256K1')
    const signature = change(Buffer.from(pair.sign(hash).signature))
    expect(await verifySignature(hash, signature, pair.getPublicKey().toString())).toBe(false)
  })

  it('a high S of secp256k1 is rejected, because it is another signature for the same message', async () => {
    const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const pair = KeyPair.fromRandom('SECP256K1')
    const bytes = Buffer.from(pair.sign(hash).signature)
    const s = BigInt(`0x${bytes.subarray(32, 64).toString('hex')}`)
    const high = Buffer.from((N - s).toString(16).padStart(64, '0'), 'hex')
    const malleated = Buffer.concat([bytes.subarray(0, 32), high, Buffer.from([bytes[64]! ^ 1])])
    expect(await verifySignature(hash, malleated, pair.getPublicKey().toString())).toBe(false)
  })
})
