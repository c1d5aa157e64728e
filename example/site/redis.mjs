import { RedisStore as SessionStore } from 'connect-redis'
import { RedisChallengeStore } from 'passport-near'
import { RedisStore as RedisRateLimitStore } from 'rate-limit-redis'
import { createClient } from 'redis'
import { log } from './log.mjs'
import { withTimeout } from './redis-timeout.mjs'
import { StartupError } from './startup-error.mjs'

/** How long Redis may take to accept the first connection, in milliseconds. */
const CONNECT_TIMEOUT = 5000

/**
 * What the processes of the site share in Redis: sessions, challenges and the counts of the rate limits.
 *
 * @param {string} url - such as redis://user:password@host:6379
 */
export async function openRedis(url) {
  const client = await connect(url)
  const bounded = withTimeout(client)
  return {
    sessionStore: new SessionStore({ client: bounded, prefix: 'example:session:', ttl: 24 * 60 * 60 }),
    challengeStore: new RedisChallengeStore(client, { prefix: 'example:challenge:' }),

    /** Each rate limit has its own counts, under its name. */
    rateLimitStore: (name) =>
      new RateLimitStore({
        prefix: `example:limit:${name}:`,
        sendCommand: (...command) => bounded.sendCommand(command),
      }),

    check: () => bounded.ping(),
    close: () => client.destroy(),
  }
}

async function connect(url) {
  let client
  try {
    // Without an offline queue a command fails at once while Redis is down, and no commands pile up until it is back.
    const socket = { connectTimeout: CONNECT_TIMEOUT }
    client = createClient({ url, disableOfflineQueue: true, socket })
    logErrors(client)
    await Promise.race([client.connect(), rejectUnlessReady(client)])
    return client
  } catch (error) {
    client?.destroy()
    throw new StartupError(
      `REDIS_URL must be the URL of a Redis that responds; got ${error.code ?? error.message} from it. Is Redis running?`,
      { cause: error },
    )
  }
}

/** One line for an outage, not one for each attempt to reconnect. */
function logErrors(client) {
  let hasBeenReady = false
  let lastReason
  client.on('error', (error) => {
    const reason = error.code ?? error.name
    if (hasBeenReady && reason !== lastReason) log('redis', { outcome: 'failed', reason })
    lastReason = reason
  })
  client.on('ready', () => {
    hasBeenReady = true
    lastReason = undefined
  })
}

/** The client retries without limit. The first attempt decides whether the site starts. */
function rejectUnlessReady(client) {
  return new Promise((_, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`no response within ${CONNECT_TIMEOUT} ms`)),
      CONNECT_TIMEOUT,
    )
    client.once('ready', () => clearTimeout(timer))
    client.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
  })
}

/** Loads its script again after Redis could not take it. The base class fails every request from then on. */
class RateLimitStore extends RedisRateLimitStore {
  /** @override */
  loadIncrementScript(key) {
    return super.loadIncrementScript(key).catch(() => 'a script that Redis does not have')
  }
}
