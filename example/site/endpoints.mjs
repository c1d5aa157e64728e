import { log } from './log.mjs'

/** How long a report counts, in milliseconds: anyone can request /healthz, and each report costs an RPC request. */
const MAX_AGE = 30_000

/**
 * What the RPC endpoints say of themselves, without their URLs. Asked again when the last report is too old.
 *
 * @param {import('passport-near').NearStrategy} near
 * @returns {() => Promise<import('passport-near').EndpointReport[]>}
 */
export function createEndpointReports(near) {
  let reports
  let askedAt = -Infinity
  return () => {
    if (performance.now() - askedAt > MAX_AGE) {
      askedAt = performance.now()
      reports = near.checkEndpoints()
    }
    return reports
  }
}

/**
 * Logs each endpoint when the site starts: an endpoint of the other network is found before a person signs in.
 *
 * @param {import('passport-near').EndpointReport[]} reports
 */
export function logEndpoints(reports) {
  for (const { endpoint, responds, reason, chainId, isExpectedNetwork, blockAge, duration } of reports) {
    const outcome = !responds ? 'failed' : isExpectedNetwork ? 'ok' : 'other-network'
    log('endpoint', { endpoint, outcome, reason, chain: chainId, age: blockAge, ms: duration })
  }
}
