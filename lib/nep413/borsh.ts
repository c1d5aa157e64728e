/*
 * The types of Borsh, NEAR's binary format, that the two signed messages consist of. A struct is its fields, one after the other.
 * https://borsh.io/
 */

/** Encodes a `u32`: four bytes, little-endian. */
export function encodeU32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** Encodes a `u64`: eight bytes, little-endian. */
export function encodeU64(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

/** Encodes a string: the number of its bytes as a `u32`, then its bytes in UTF-8. */
export function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([encodeU32(bytes.length), bytes])
}

/** Encodes an optional string: the byte 0 for none, or the byte 1 and the string. */
export function encodeOption(text: string | null): Buffer {
  return text === null ? Buffer.of(0) : Buffer.concat([Buffer.of(1), encodeString(text)])
}

/** Encodes a list of strings: their number as a `u32`, then each string. */
export function encodeStrings(texts: readonly string[]): Buffer {
  return Buffer.concat([encodeU32(texts.length), ...texts.map(encodeString)])
}
