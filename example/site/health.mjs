import { log } from './log.mjs'

/**
 * Express handler of `/healthz`: 200 if every service responds, otherwise 503. Each failed check is logged. The RPC endpoints
 * are reported only: without them people still sign in with a password, so the process must not be replaced.
 *
 * @param {Record<string, (() => Promise<unknown>) | undefined>} services - one check for each service in use
 * @param {ReturnType<typeof import('./endpoints.mjs').createEndpointReports>} endpointReports
 * @returns {import('express').RequestHandler}
 */
export function createHealthCheck(services, endpointReports) {
  const succeeds = async ([service, check]) => {
    try {
      await check?.()
      return true
    } catch (error) {
      log('health-check', { outcome: 'failed', service, reason: reasonOf(error) })
      return false
    }
  }
  return async (req, res) => {
    const [endpoints, ...results] = await Promise.all([
      endpointReports(),
      ...Object.entries(services).map(succeeds),
    ])
    res.set('Cache-Control', 'no-store')
    if (results.every(Boolean)) res.json({ status: 'ok', endpoints })
    else res.status(503).json({ status: 'unavailable', endpoints })
  }
}

/** A code such as ECONNREFUSED. Messages stay out of the log, because they can hold addresses. */
function reasonOf({ reason, code, name }) {
  return reason ?? code ?? name
}
