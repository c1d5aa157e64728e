import { toError } from './errors'
import { describeValue } from './validate'

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

/** A proven NEAR account, as a strategy with the option `walletContracts` passes it to `verify`. */
export type NearAccountProfile = NearKeyProfile | NearContractProfile

/** An account that one of its keys proved. */
export interface NearKeyProfile extends NearProfile {
  via: 'access-key'
}

/** An account that its contract proved (NEP-641). No key is named. */
export interface NearContractProfile extends Omit<NearProfile, 'publicKey'> {
  via: 'contract'
  /** Absent. */
  publicKey?: undefined
}

/** The profile that `verify` gets, by the strategy's option `walletContracts`. */
export type ProfileFor<WalletContracts> = [WalletContracts] extends [false] ? NearProfile : NearAccountProfile

/** Ends `verify`: with an error, with a user, or with a falsy user if this account may not sign in. */
export type VerifyDone = (error?: unknown, user?: object | false | null, info?: object | string) => void

/**
 * Looks up the application's own user for a proven account, and calls `done` exactly once. An async function may be used: a
 * rejected promise is an error. A user that is returned instead of passed to `done` is a mistake.
 */
export type Verify<Profile = NearProfile> = (profile: Profile, done: VerifyDone) => void | Promise<void>

/** {@link Verify} with `passReqToCallback: true`. */
// The type of a method, so that `req` may be annotated with Express's own request, which has more than the default type.
export type VerifyWithRequest<Request extends object, Profile = NearProfile> = {
  /** @see {@link Verify} */
  verify(req: Request, profile: Profile, done: VerifyDone): void | Promise<void>
}['verify']

/** The result of `verify`: a user, or undefined if this account may not sign in. @internal */
export interface VerifyResult {
  readonly user: object | undefined
  readonly info: object | undefined
}

/**
 * Calls the application's `verify`. The first call of `done`, exception or rejected promise counts.
 *
 * @param call - calls `verify` with this `done`
 * @param timeout - until `done` must have been called, in milliseconds
 * @throws whatever `verify` throws, rejects with, or passes to `done` as an error. An `Error` replaces a thrown string or `undefined`
 * @internal
 */
export function callVerify(call: (done: VerifyDone) => unknown, timeout: number): Promise<VerifyResult> {
  return new Promise((resolve, reject) => {
    let isSettled = false
    let returned: unknown
    const settle = (end: () => void): void => {
      if (isSettled) return
      isSettled = true
      clearTimeout(timer)
      end()
    }
    const fail = (error: unknown): void => settle(() => reject(toError(error, 'verify')))
    const timer = setTimeout(() => fail(doneMissing(timeout, returned)), timeout)
    const done: VerifyDone = (error, user, info) => {
      if (error) fail(error)
      else if (isThenable(user))
        fail(new TypeError('verify called done with a promise: await the promise first'))
      else settle(() => resolve({ user: user || undefined, info: toObject(info) }))
    }

    try {
      const result = call(done)
      if (isThenable(result)) result.then((value) => (returned = value), fail)
      else returned = result
    } catch (error) {
      fail(error)
    }
  })
}

function doneMissing(timeout: number, returned: unknown): Error {
  const hint =
    returned === undefined
      ? 'call done exactly once, with an error or with a user'
      : `verify returned ${describeValue(returned)}: pass the user to done(null, user) instead of returning it`
  return new Error(`verify did not call done within ${timeout} ms: ${hint}`)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}

/** Passport writes a string into a header, in which an apostrophe can be invalid. */
function toObject(info: object | string | undefined): object | undefined {
  return typeof info === 'string' ? { message: info } : info
}
