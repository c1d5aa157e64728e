import { sendJson, type ConnectMiddleware, type ConnectResponse } from './connect'
import { report, type Actions, type LoginOutcome } from './outcome'
import { validateFunction, validateOptions } from './validate'

/** Options of `loginHandler`. */
export interface LoginHandlerOptions<
  Request extends object = object,
  Response extends ConnectResponse = ConnectResponse,
> {
  /**
   * Sends the response after a login.
   *
   * @defaultValue sends `{ user: <accountId> }` as JSON
   */
  respond?: ((req: Request, res: Response) => void | Promise<void>) | undefined
}

type LogIn = (user: object, callback: (error?: unknown) => void) => void

/**
 * Connect middleware for a whole login in JSON.
 *
 * @param login - runs the strategy's steps
 * @throws {TypeError} when an option is wrong
 * @internal
 */
export function loginHandler<Request extends object, Response extends ConnectResponse>(
  login: (req: Request) => Promise<LoginOutcome>,
  options: LoginHandlerOptions<Request, Response> = {},
): ConnectMiddleware<Request, Response> {
  validateOptions<LoginHandlerOptions>('loginHandler', options, { respond: true })
  const { respond } = options
  if (respond !== undefined) validateFunction('loginHandler', 'respond', respond, '(req, res)')

  return (req, res, next) => {
    void login(req).then((outcome) => {
      const finish = async (): Promise<void> => {
        if (respond) await respond(req, res)
        else if (outcome.action === 'success') sendJson(res, { user: outcome.accountId }, next)
      }
      const actions: Actions = {
        success: (user) => {
          const { logIn } = req as { logIn?: LogIn }
          if (typeof logIn !== 'function') {
            throw new TypeError(
              'loginHandler: req.logIn is missing. Did you forget to use passport.session() middleware?',
            )
          }
          logIn.call(req, user, (error) => (error ? next(error) : void finish().catch(next)))
        },
        fail: (info = {}, status = 401) => {
          if (res.headersSent) return
          res.statusCode = status
          sendJson(res, info, next)
        },
        redirect: () => undefined,
        error: next,
      }
      // Outside of the promise, as in `authenticate`.
      process.nextTick(() => report(outcome, actions, req))
    })
  }
}
