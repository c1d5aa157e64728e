import { hash } from 'node:crypto'
import { encodeString, encodeStrings, encodeU64 } from '../nep413/borsh'
import { isAccountId } from '../validate'

/** A message that an account authorizes, with the names of NEP-641: as in the JSON of an authorization. */
export interface OffchainMessage {
  /** The network, such as `mainnet`. */
  chain_id: string
  /** The account that signs. */
  signer_id: string
  /**
   * The accounts that ask for this one's authorization, from the nearest to the top.
   *
   * @defaultValue none: the account itself is authorized
   */
  path?: readonly string[] | undefined
  /** RFC 3339 with up to nine decimals, such as `2026-08-05T07:28:00.123456789Z`. */
  timestamp: string
  /** The text that is authorized. */
  payload: string
}

const TAG = Buffer.from('NEAR_NEP641_OFFCHAIN_MESSAGE/V1')

/**
 * Hashes a message to the bytes that a wallet contract's key signs: SHA3-256 over the standard's tag and the Borsh-encoded message.
 *
 * @returns 32 bytes
 * @throws {TypeError} when a field has another type than in the standard, an id is not an account id, the timestamp is not RFC 3339
 *   between 1970 and 2554, or a string has a lone surrogate
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0641.md NEP-641}
 */
export function hashOffchainMessage(msg: OffchainMessage): Uint8Array {
  const wrong = findMistake(msg)
  if (wrong !== undefined) throw new TypeError(`hashOffchainMessage: ${wrong}`)
  const { chain_id, signer_id, path = [], timestamp, payload } = msg
  const bytes = Buffer.concat([
    TAG,
    encodeString(chain_id),
    encodeString(signer_id),
    encodeStrings(path),
    encodeU64(parseTimestamp(timestamp)!),
    encodeString(payload),
  ])
  return new Uint8Array(hash('sha3-256', bytes, 'buffer'))
}

/** Whether a value is a message as on the wire. Unknown fields are ignored. @internal */
export function isOffchainMessage(value: unknown): value is OffchainMessage {
  return findMistake(value) === undefined
}

function findMistake(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'the message must be an object'
  const { chain_id, signer_id, path, timestamp, payload } = value as Partial<Record<string, unknown>>
  if (!isText(chain_id)) return 'chain_id must be a string of well-formed Unicode'
  if (!isAccountId(signer_id)) return 'signer_id must be a NEAR account id'
  if (path !== undefined && !(Array.isArray(path) && path.every(isAccountId)))
    return 'path must be an array of NEAR account ids'
  if (typeof timestamp !== 'string' || parseTimestamp(timestamp) === undefined)
    return 'timestamp must be an RFC 3339 time between 1970 and 2554, such as 2026-08-05T07:28:00.123456789Z'
  return isText(payload) ? undefined : 'payload must be a string of well-formed Unicode'
}

/** A lone surrogate has no UTF-8 bytes, so that two messages would have one hash. @internal */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed()
}

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/

/**
 * Parses a timestamp. `Date.parse` drops all below a millisecond and accepts days that do not exist.
 *
 * @returns nanoseconds since 1970, in 64 bits, or undefined if the text is not a timestamp
 * @internal
 */
export function parseTimestamp(text: string): bigint | undefined {
  const match = TIMESTAMP.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const [fraction = '', sign, offsetHour = '', offsetMinute = ''] = match.slice(7)
  const local = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  // A month or a day that does not exist is one of another year or another day.
  const isReal =
    local.getUTCFullYear() === year &&
    local.getUTCDate() === day &&
    Math.max(hour, Number(offsetHour)) <= 23 &&
    Math.max(minute, second, Number(offsetMinute)) <= 59
  if (!isReal) return undefined
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === '-' ? -60_000 : 60_000)
  const nanoseconds = BigInt(local.getTime() - offset) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
  return nanoseconds >= 0n && nanoseconds < 1n << 64n ? nanoseconds : undefined
}

/** A timestamp in UTC, cut to seconds, such as `2026-08-05T07:28:00Z`. @internal */
export function formatSeconds(nanoseconds: bigint): string {
  return new Date(Number(nanoseconds / 1_000_000n)).toISOString().replace(/\.\d+Z/, 'Z')
}
