import { setImmediate } from 'node:timers'
import { ServiceUnavailable } from './service-unavailable.mjs'

/** How long one Redis command of the sessions or the rate limits may take, in milliseconds. */
const TIMEOUT = 2000

/**
 * The same client, whose commands fail with status 503 if Redis fails or does not respond. connect-redis and
 * rate-limit-redis have no timeout, so a request would wait for a silent Redis without limit.
 */
export function withTimeout(client) {
  return new Proxy(client, {
    get(_, name) {
      const value = Reflect.get(client, name)
      if (typeof value !== 'function') return value
      return (...args) => {
        const reply = value.apply(client, args)
        return typeof reply?.then === 'function' ? rejectAfter(TIMEOUT, reply) : reply
      }
    },
  })
}

async function rejectAfter(milliseconds, reply) {
  let timer
  const timeout = new Promise((_, reject) => {
    const timeOut = () => reject(new ServiceUnavailable('Redis', `no response within ${milliseconds} ms`))
    // If the event loop was blocked past the deadline, a reply that has already arrived is read first.
    timer = setTimeout(() => setImmediate(timeOut), milliseconds)
  })
  try {
    return await Promise.race([reply, timeout])
  } catch (error) {
    // rate-limit-redis reads this error, and then loads its script again.
    if (error instanceof ServiceUnavailable || /^NOSCRIPT/.test(error.message)) throw error
    throw new ServiceUnavailable('Redis', error.code ?? error.name, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}
