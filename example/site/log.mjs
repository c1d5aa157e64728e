import { subscribe } from 'node:diagnostics_channel'

/**
 * Prints one event on one line: the time, the event, and fields such as `code=…`. The fields are fixed texts and numbers; a
 * text with spaces is quoted.
 * Account ids, addresses, URLs and signatures stay out of the log, so that it can be kept and passed on.
 *
 * @param {string} event
 * @param {Record<string, string | number | undefined>} [fields]
 */
export function log(event, fields = {}) {
  const texts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${/[\s"]/.test(String(value)) ? JSON.stringify(value) : value}`)
  console.log([new Date().toISOString(), event, ...texts].join(' '))
}

/** Logs every NEAR login that the strategies decide: successes, rejections and errors. */
export function logNearLogins() {
  subscribe('passport-near:login', (message) => {
    const { strategy, outcome, code, endpoint, durations } =
      /** @type {import('passport-near').LoginEvent} */ (message)
    const total = Object.values(durations).reduce((sum, duration) => sum + duration, 0)
    log('login', { strategy, outcome, code, endpoint, ms: Math.round(total) })
  })
}
