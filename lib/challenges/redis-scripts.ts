import type { StoredChallenge } from './challenge'
import { RedisScript } from './redis-client'

/** A session's challenges are one string, one line for each, oldest first: a list would take 110 bytes more. */
const READ = String.raw`
local open = {}
for line in string.gmatch(redis.call('GET', KEYS[1]) or '', '[^\n]+') do
  open[#open + 1] = line
end`

/** Adds a challenge. The key expires with the latest of its challenges. ARGV: line, maximum of challenges, lifetime in ms. */
export const ISSUE = new RedisScript(String.raw`${READ}
open[#open + 1] = ARGV[1]
local first = math.max(1, #open - tonumber(ARGV[2]) + 1)
local lifetime = math.max(tonumber(ARGV[3]), redis.call('PTTL', KEYS[1]))
redis.call('SET', KEYS[1], table.concat(open, '\n', first), 'PX', lifetime)
return 1`)

/**
 * Takes out the challenge of a state, or the latest of a purpose. ARGV: state or '', purpose.
 * Returns the line or '', and the number of challenges that are left.
 */
export const CONSUME = new RedisScript(String.raw`${READ}
for place = #open, 1, -1 do
  local fields = cjson.decode(open[place])
  if (ARGV[1] ~= '' and fields[1] == ARGV[1]) or (ARGV[1] == '' and fields[2] == ARGV[2]) then
    local taken = table.remove(open, place)
    if #open == 0 then
      redis.call('DEL', KEYS[1])
    else
      redis.call('SET', KEYS[1], table.concat(open, '\n'), 'KEEPTTL')
    end
    return { taken, #open }
  end
end
return { '', #open }`)

type Line = [
  state: string,
  purpose: string,
  nonce: string,
  message: string,
  issuedAt: number,
  expiresAt: number,
  issuedTo: string | null,
  callbackUrl?: string,
]

/** A challenge as one line of JSON. */
export function serialize(challenge: StoredChallenge): string {
  const { state, purpose, nonce, message, issuedAt, expiresAt, issuedTo, callbackUrl } = challenge
  const line: Line = [state, purpose, nonce, message, issuedAt, expiresAt, issuedTo]
  return JSON.stringify(callbackUrl ? [...line, callbackUrl] : line)
}

/** The reply of {@link CONSUME}. */
export function parseReply(reply: unknown): { challenge: StoredChallenge | undefined; left: number } {
  // Strings, or buffers if the application's client returns buffers.
  const [text, left] = (reply as [unknown, unknown]).map(String) as [string, string]
  return { challenge: text === '' ? undefined : parseLine(text), left: Number(left) }
}

function parseLine(text: string): StoredChallenge {
  const [state, purpose, nonce, message, issuedAt, expiresAt, issuedTo, callbackUrl] = JSON.parse(
    text,
  ) as Line
  const challenge = { state, purpose, nonce, message, issuedAt, expiresAt, issuedTo }
  return callbackUrl === undefined ? challenge : { ...challenge, callbackUrl }
}
