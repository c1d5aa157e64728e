import type { StoredChallenge } from '../challenge'
import { RedisScript } from './redis-client'

/** A session's challenges are one string, a line for each, the oldest first: a list would take 110 bytes more. */
const READ = String.raw`
local open = {}
for line in string.gmatch(redis.call('GET', KEYS[1]) or '', '[^\n]+') do
  open[#open + 1] = line
end`

/** Adds a challenge to the session's. The key lives as long as the longest-lived that was added. */
export const ISSUE = new RedisScript(String.raw`${READ}
open[#open + 1] = ARGV[1]
local first = math.max(1, #open - tonumber(ARGV[2]) + 1)
local lifetime = math.max(tonumber(ARGV[3]), redis.call('PTTL', KEYS[1]))
redis.call('SET', KEYS[1], table.concat(open, '\n', first), 'PX', lifetime)
return 1`)

/** Takes out the challenge that begins as wanted, or the latest; says how many are left. */
export const CONSUME = new RedisScript(String.raw`${READ}
for place = #open, 1, -1 do
  if not ARGV[1] or string.sub(open[place], 1, #ARGV[1]) == ARGV[1] then
    local taken = table.remove(open, place)
    if #open == 0 then
      redis.call('DEL', KEYS[1])
    else
      redis.call('SET', KEYS[1], table.concat(open, '\n'), 'KEEPTTL')
    end
    return { taken, #open }
  end
end
return false`)

/** A challenge as a line that begins with its state, so that the server can find it. */
export function pack({ state, nonce, message, issuedAt, callbackUrl }: StoredChallenge): string {
  return JSON.stringify([state, nonce, message, issuedAt, ...(callbackUrl ? [callbackUrl] : [])])
}

/** How the line of the challenge with that state begins; no other's does. */
export function beginning(state: string): string {
  return `[${JSON.stringify(state)},`
}

/** The answer of {@link CONSUME}, where it is one: the challenge, and how many are left. */
export function readReply(reply: unknown): { challenge: StoredChallenge; left: number } {
  // Strings, or buffers where the application's client was told so.
  const [packed, left] = reply as [unknown, unknown]
  const [state, nonce, message, issuedAt, callbackUrl] = JSON.parse(String(packed)) as [
    string,
    string,
    string,
    number,
    string?,
  ]
  const challenge = { state, nonce, message, issuedAt, ...(callbackUrl !== undefined && { callbackUrl }) }
  return { challenge, left: Number(left) }
}
