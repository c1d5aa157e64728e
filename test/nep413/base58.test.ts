import { randomBytes } from 'node:crypto'
import bs58 from 'bs58'
import { describe, expect, it } from 'vitest'
import { decodeBase58, encodeBase58 } from '../../lib/nep413/base58'

const samples = [
  ...[0, 1, 8, 9, 10, 31, 32, 33, 64, 65, 1952, 3309].flatMap((length) => [
    randomBytes(length),
    Buffer.alloc(length),
    Buffer.alloc(length, 0xff),
    Buffer.concat([Buffer.alloc(3), randomBytes(length)]),
  ]),
  ...Array.from({ length: 200 }, () => randomBytes(32)),
]

describe('base58', () => {
  it('equals bs58 for the same bytes, in both directions', () => {
    for (const bytes of samples) {
      const text = bs58.encode(bytes)
      expect(encodeBase58(bytes)).toBe(text)
      expect(Buffer.from(decodeBase58(text)!).equals(bytes)).toBe(true)
    }
  })

  it.each(['0', 'O', 'I', 'l', 'abc def', ' 1', '1 ', '1\n', 'ä', '👋', '+', '_'])('rejects %j', (text) => {
    expect(decodeBase58(text)).toBeUndefined()
  })
})
