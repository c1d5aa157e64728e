import { ServerResponse } from 'node:http'
import {
  NearServiceError,
  type NearAuthErrorCode,
  type NearLoginRejected,
  type RejectionInfo,
} from './errors'

/** What a request ends in. Passport hears of exactly one. */
export type Outcome = LoginOutcome | { readonly action: 'redirect'; readonly url: string }

export type LoginOutcome =
  | {
      readonly action: 'success'
      readonly user: object
      readonly info: object | undefined
      readonly accountId: string
    }
  | {
      readonly action: 'fail'
      readonly info: object | undefined
      readonly status: number
      readonly code?: NearAuthErrorCode
    }
  | { readonly action: 'error'; readonly error: unknown }

/** A rejection, in the form that Passport's `fail` takes. */
export function toFailure({ code, message, status }: NearLoginRejected): LoginOutcome {
  const info: RejectionInfo = { code, message }
  return { action: 'fail', info, status, code }
}

/** The code of a rejection or of an error of ours; undefined for the application's. */
export function codeOf(outcome: LoginOutcome): NearAuthErrorCode | undefined {
  if (outcome.action === 'error')
    return outcome.error instanceof NearServiceError ? outcome.error.code : undefined
  if (outcome.action === 'success') return undefined
  return outcome.code
}

/** The functions that Passport gives a strategy for one request. */
export interface Actions {
  readonly success: (user: object, info?: object) => void
  readonly fail: (info?: object, status?: number) => void
  readonly redirect: (url: string) => void
  readonly error: (error: unknown) => void
}

/**
 * Reports an outcome to Passport, which runs the rest of the application. An exception there is a bug of the application: it goes
 * to the application's error handler and never ends the process.
 */
export function report(outcome: Outcome, actions: Actions, req: object): void {
  const onException = (error: unknown): void => reportError(error, actions, req)
  try {
    if (outcome.action === 'success') {
      guardLogIn(req, onException)
      actions.success(outcome.user, outcome.info)
    } else if (outcome.action === 'fail') actions.fail(outcome.info, outcome.status)
    else if (outcome.action === 'redirect') actions.redirect(outcome.url)
    else actions.error(outcome.error)
  } catch (error) {
    onException(error)
  }
}

/** A custom callback of `passport.authenticate` gets the error first. If it throws again, the framework gets the error. */
function reportError(error: unknown, actions: Actions, req: object): void {
  try {
    actions.error(error)
  } catch (again) {
    endRequest(again, actions, req)
  }
}

type LogIn = (...args: unknown[]) => unknown

/**
 * Passport calls back from `req.logIn` after the session was saved: outside of any `try`, an exception of the callback would end
 * the process. A redirect after the application's own time limit has responded is such an exception.
 */
function guardLogIn(req: object, onException: (error: unknown) => void): void {
  const request = req as { logIn?: LogIn; login?: LogIn }
  if (!Object.hasOwn(request, 'logIn') || typeof request.logIn !== 'function') return
  const logIn = request.logIn
  request.login = request.logIn = function (this: object, ...args) {
    const callback = args.at(-1)
    if (typeof callback !== 'function') return logIn.apply(this, args)
    const guarded = (...results: unknown[]): void => {
      try {
        ;(callback as LogIn)(...results)
      } catch (error) {
        onException(error)
      }
    }
    return logIn.call(this, ...args.slice(0, -1), guarded)
  }
}

/** The application's callback throws whatever it gets. Express keeps `next` on the request; @fastify/passport settles on `fail`. */
function endRequest(error: unknown, actions: Actions, req: object): void {
  const { next, socket } = req as { next?: unknown; socket?: { _httpMessage?: unknown } }
  if (typeof next === 'function') return (next as (error: unknown) => void)(error)
  try {
    return actions.fail(undefined, 500)
  } catch {
    process.emitWarning(error instanceof Error ? error : String(error))
    const response = socket?._httpMessage
    if (!(response instanceof ServerResponse) || response.headersSent) return
    response.statusCode = 500
    response.end('Internal Server Error')
  }
}
