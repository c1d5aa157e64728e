import { isFromFuture } from '../challenges/challenge'
import { getSession } from '../challenges/session'
import type { ConnectMiddleware } from '../connect'
import { NearServiceError, toError } from '../errors'
import { withTimeout } from '../timeout'
import { describeValue, invalidOption, validateDuration, validateOptions } from '../validate'
import type { LoginRecords } from './login-record'
import type { Recheck } from './recheck'

/** Options of `revalidate` and `checkSession`. */
export interface RevalidateOptions {
  /**
   * How long a yes of the chain holds (in milliseconds).
   *
   * @defaultValue `600000` (10 minutes)
   */
  every?: number | undefined
  /**
   * How old the last yes may be while the chain cannot tell (in milliseconds); at least `every`.
   *
   * @defaultValue `3600000` (1 hour)
   */
  tolerate?: number | undefined
}

/** `none`: no user is signed in, or not with this strategy. `revoked`: the session has to end. */
export type SessionCheck = 'none' | 'valid' | 'revoked'

/** @internal */
export type CheckSession<Request extends object> = (req: Request) => Promise<SessionCheck>

/**
 * Validates the options, and returns the check of a request's session.
 *
 * @param owner - the method that takes the options
 * @throws {TypeError} when an option is wrong
 * @internal
 */
export function sessionCheck(
  owner: string,
  options: RevalidateOptions,
  { records, recheck }: { records: LoginRecords; recheck: Recheck },
): CheckSession<object> {
  validateOptions<RevalidateOptions>(owner, options, { every: true, tolerate: true })
  const { every = 600_000, tolerate = 3_600_000 } = options
  validateDuration(owner, 'every', every)
  validateDuration(owner, 'tolerate', tolerate)
  if (tolerate < every) {
    invalidOption(owner, 'tolerate', `at least "every" (${every} ms)`, describeValue(tolerate))
  }

  return async (req) => {
    const record = records.read(req)
    if (!record) {
      // Some session libraries keep the content at logout. The record would return with the user's next login of another kind.
      records.clear(req)
      return 'none'
    }
    const { loggedInAt, checkedAt } = record
    // A clock that steps back extends nothing.
    const isUndated = [loggedInAt, checkedAt].some((issuedAt) => isFromFuture({ issuedAt }))
    const isWithin = (age: number): boolean => !isUndated && Date.now() - checkedAt < age
    if (isWithin(every)) return 'valid'
    try {
      const { answer, at } = await recheck.ask(record, every)
      if (answer !== true) return 'revoked'
      records.renew(req, record, at)
      return 'valid'
    } catch (error) {
      if (error instanceof NearServiceError && isWithin(tolerate)) return 'valid'
      throw error
    }
  }
}

/** Connect middleware that ends a revoked session. The request goes on without a user. @internal */
export function revalidate<Request extends object>(
  check: CheckSession<Request>,
  records: LoginRecords,
): ConnectMiddleware<Request> {
  const run = async (req: Request): Promise<void> => {
    if ((await check(req)) !== 'revoked') return
    records.clear(req)
    await endSession(req)
  }
  return (req, _res, next) => {
    run(req).then(
      () => next(),
      (error: unknown) => next(toError(error, 'the key check')),
    )
  }
}

/** How long an application's session store may take to end a session, in milliseconds. */
const END_TIMEOUT = 5000
const NOT_ENDED = `The session was not ended within ${END_TIMEOUT} ms`

/**
 * Signs the user out; without Passport's `logout`, destroys the session.
 *
 * @throws {NearServiceError} `ERR_NEAR_STORE_FAILED` (503) when the session cannot be ended
 */
async function endSession(req: object): Promise<void> {
  const { logout } = req as { logout?: unknown }
  try {
    await withTimeout(END_TIMEOUT, NOT_ENDED, async () => {
      if (typeof logout === 'function') return callEither(logout as AnyFunction, req)
      return destroySession(req)
    })
  } catch (cause) {
    throw new NearServiceError('ERR_NEAR_STORE_FAILED', { cause })
  }
}

async function destroySession(req: object): Promise<void> {
  const session = getSession(req)
  Reflect.set(req, 'user', null)
  if (typeof session?.destroy === 'function') return callEither(session.destroy as AnyFunction, session)
  Reflect.set(req, 'session', null) // cookie-session
}

type AnyFunction = (...args: unknown[]) => unknown

/** Calls a function that takes a callback (Passport, express-session), returns a promise (Fastify, Koa) or neither (iron-session). */
function callEither(call: AnyFunction, self: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const callback = (error?: unknown): void => {
      if (error) reject(toError(error, 'the session'))
      else resolve()
    }
    const returned = call.call(self, callback)
    if (call.length === 0 || returned instanceof Promise)
      Promise.resolve(returned).then(() => resolve(), reject)
  })
}
