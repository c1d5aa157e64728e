import { serialize, type Schema } from 'borsh'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeOption, encodeString, encodeStrings, encodeU32, encodeU64 } from '../../lib/nep413/borsh'

const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed())

function expectEqual<Value>(values: fc.Arbitrary<Value>, schema: Schema, encode: (value: Value) => Buffer) {
  fc.assert(
    fc.property(values, (value) => {
      expect(encode(value).toString('hex')).toBe(Buffer.from(serialize(schema, value)).toString('hex'))
    }),
  )
}

describe('is encoded as by the package borsh:', () => {
  it('a u32', () => expectEqual(fc.nat({ max: 2 ** 32 - 1 }), 'u32', encodeU32))
  it('a u64', () => expectEqual(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), 'u64', encodeU64))
  it('a string', () => expectEqual(text, 'string', encodeString))
  it('an optional string', () => expectEqual(fc.option(text), { option: 'string' }, encodeOption))
  it('a list of strings', () => expectEqual(fc.array(text), { array: { type: 'string' } }, encodeStrings))
})
