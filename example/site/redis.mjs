import { setImmediate } from 'node:timers'
import { RedisStore as SessionStore } from 'connect-redis'
import { RedisChallengeStore } from 'passport-near'
import { RedisStore as RedisRateLimitStore } from 'rate-limit-redis'
import { createClient } from 'redis'

/** How long Redis may take for one command of the sessions' or the limits', in milliseconds. */
const PATIENCE = 2000

/**
 * What several processes of the site share in Redis: sessions, challenges, and how often each address has asked.
 *
 * @param {string} url - such as redis://user:password@host:6379
 */
export async function openRedis(url) {
  // Without an offline queue a Redis that is down is an error at once, and nothing piles up until it is back.
  const client = createClient({ url, disableOfflineQueue: true, socket: { connectTimeout: 5000 } })
  let lastProblem
  client.on('error', (error) => {
    if (error.message !== lastProblem) console.error(`Redis: ${error.message}`)
    lastProblem = error.message
  })
  client.on('ready', () => (lastProblem = undefined))
  const unreachable = new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer')), 5000)
    client.once('ready', () => clearTimeout(timer))
    client.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
  })
  try {
    await Promise.race([client.connect(), unreachable])
  } catch (error) {
    client.destroy()
    throw Object.assign(error, {
      explanation: `Redis cannot be used (${error.code ?? error.message}). Is it running, and is REDIS_URL right?`,
    })
  }
  const bounded = withTimeout(client)
  return {
    sessionStore: new SessionStore({ client: bounded, prefix: 'example:session:', ttl: 24 * 60 * 60 }),

    /** Each strategy has challenges of its own, by the strategy's name. */
    challengeStore: (name) => new RedisChallengeStore(client, { prefix: `example:${name}:` }),

    /** Each limit counts for itself, by its name. */
    rateLimitStore: (name) =>
      new RateLimitStore({
        prefix: `example:limit:${name}:`,
        sendCommand: (...command) => bounded.sendCommand(command),
      }),

    check: () => bounded.ping(),
    close: () => client.destroy(),
  }
}

/** Asks for its script again where Redis could not take it, instead of failing from then on. */
class RateLimitStore extends RedisRateLimitStore {
  /** @override */
  loadIncrementScript(key) {
    return super.loadIncrementScript(key).catch(() => 'a script that Redis does not have')
  }
}

/** The same client, whose commands fail with status 503 when Redis fails or is silent: else whoever uses it would hang. */
function withTimeout(client) {
  return new Proxy(client, {
    get(_, name) {
      const value = Reflect.get(client, name)
      if (typeof value !== 'function') return value
      return (...args) => {
        const answer = value.apply(client, args)
        return typeof answer?.then === 'function' ? within(PATIENCE, answer) : answer
      }
    },
  })
}

async function within(milliseconds, answer) {
  let timer
  const silence = new Promise((_, reject) => {
    const tooLate = () => reject(new Error(`Redis did not answer within ${milliseconds} ms`))
    // On a busy machine an answer may lie ready when the time is over: it is read first.
    timer = setTimeout(() => setImmediate(tooLate), milliseconds)
  })
  try {
    return await Promise.race([answer, silence])
  } catch (error) {
    throw Object.assign(error, { status: 503 })
  } finally {
    clearTimeout(timer)
  }
}
