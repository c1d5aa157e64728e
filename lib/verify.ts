import { toError } from './errors'

/** A proven NEAR account, in Passport's normalised form. */
export interface NearProfile {
  provider: 'near'
  /** The account id. */
  id: string
  /** The account id. */
  displayName: string
  accountId: string
  /** The full-access key that signed, `<type>:<base58>`. */
  publicKey: string
  network: 'mainnet' | 'testnet'
}

/** Ends `verify`: with an error, with a user, or with a falsy user where this account may not sign in. */
export type VerifyDone = (error?: unknown, user?: object | false | null, info?: object | string) => void

/** The application's look-up of its own user. It may be async: a rejection is an error. */
export type Verify = (profile: NearProfile, done: VerifyDone) => unknown

/** {@link Verify} with `passReqToCallback: true`. */
export type VerifyWithRequest<Request extends object> = (
  req: Request,
  profile: NearProfile,
  done: VerifyDone,
) => unknown

/** @internal What `verify` decided: a user, or the refusal of one. */
export interface Verdict {
  readonly user: object | undefined
  readonly info: object | undefined
}

/** How long a promise that is fulfilled before `done` was called leaves for that call, in milliseconds. */
const GRACE = 2000

const DONE_MISSING = 'verify did not call done in time: call it exactly once, with an error or with a user'

/**
 * Calls the application's `verify` and waits for its verdict. The first outcome counts, however many come.
 *
 * @param call - calls `verify` with this `done`
 * @param timeout - in milliseconds, until `done` must have been called
 * @throws whatever `verify` throws, rejects with, or hands to `done` as an error; an Error in place of a text or nothing
 * @internal
 */
export function callVerify(call: (done: VerifyDone) => unknown, timeout: number): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const endsAt = performance.now() + timeout
    let settled = false
    let timer: NodeJS.Timeout | undefined
    const settle = (end: () => void): void => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      end()
    }
    const raise = (error: unknown): void => settle(() => reject(toError(error, 'verify')))
    const expectDoneWithin = (delay: number): void => {
      if (settled) return
      clearTimeout(timer)
      timer = setTimeout(raise, delay, DONE_MISSING)
    }

    try {
      const returned = call((error, user, info) =>
        error ? raise(error) : settle(() => resolve({ user: user || undefined, info: asObject(info) })),
      )
      if (isThenable(returned)) {
        returned.then(() => expectDoneWithin(Math.min(GRACE, endsAt - performance.now())), raise)
      }
    } catch (error) {
      raise(error)
    }
    if (!timer) expectDoneWithin(timeout)
  })
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}

/** Passport writes a text into a header, where an apostrophe can be one character too many. */
function asObject(info: object | string | undefined): object | undefined {
  return typeof info === 'string' ? { message: info } : info
}
