/** A service that the site depends on fails or does not respond. Express answers with its status. */
export class ServiceUnavailable extends Error {
  status = 503
  code = 'SERVICE_UNAVAILABLE'

  /**
   * @param {string} service
   * @param {string} reason - a code such as ECONNREFUSED, without addresses, URLs or values of a query
   * @param {{ cause?: unknown }} [options]
   */
  constructor(service, reason, options) {
    super(`${service} cannot be used (${reason})`, options)
    this.service = service
    this.reason = reason
  }
}
