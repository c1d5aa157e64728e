import { isExpired, isFromFuture } from '../challenges/challenge'
import type { ConnectMiddleware } from '../connect'
import { NearLoginRejected } from '../errors'
import { validateDuration, validateOptions } from '../validate'
import type { LoginRecords } from './login-record'

/** Options of `requireRecentLogin`. */
export interface RecentLoginOptions {
  /** How long ago the login may be (in milliseconds). */
  maxAge: number
}

/**
 * Connect middleware that rejects a request whose login is too old, or unknown.
 *
 * @throws {TypeError} when an option is wrong
 * @internal
 */
export function requireRecentLogin<Request extends object>(
  records: LoginRecords,
  options: RecentLoginOptions,
): ConnectMiddleware<Request> {
  validateOptions<RecentLoginOptions>('requireRecentLogin', options, { maxAge: true })
  const maxAge = validateDuration('requireRecentLogin', 'maxAge', options.maxAge)
  return (req, _res, next) => {
    const record = records.read(req)
    const login = record && { issuedAt: record.loggedInAt }
    const isRecent = login && !isFromFuture(login) && !isExpired(login, maxAge)
    next(isRecent ? undefined : new NearLoginRejected('ERR_NEAR_LOGIN_TOO_OLD'))
  }
}
