import type { Challenge } from '../challenges/challenge'
import { consumeChallenge } from '../challenges/challenge-store'
import { hashCurrentUser } from '../challenges/current-user'
import { sendJson, type ConnectMiddleware } from '../connect'
import { readCredentials } from '../credentials'
import { drawChallenge } from '../draw-challenge'
import { NearLoginRejected, rejection, toError } from '../errors'
import { callMessage } from '../message'
import type { ResolvedOptions } from '../resolve-options'
import { viaOf } from '../profile'
import { proveAccount } from '../proofs/prove'
import type { DefaultRequest } from '../request'
import { withTimeout } from '../timeout'
import {
  describeValue,
  validateDuration,
  validateFunction,
  validateOptions,
  validateString,
} from '../validate'

/*
 * Problem: a session shows who signed in, and not who sits at the screen or what they meant.
 * Mechanism: the wallet signs the text of one action; the text is made again from the request that acts, and compared.
 * Threat: a confirmation of another amount, receiver, user, session or action; a confirmation that is used twice.
 */

const OWNER = 'confirmation'

/** Options of `confirmation`. */
export interface ConfirmationOptions<Request extends object = DefaultRequest> {
  /** Tells this action from others of the strategy. */
  name: string
  /**
   * Returns the text that the wallet shows. Called twice, for the challenge and for the action: it must return the same text for the
   * same request, and name all that matters. What the text does not name is not confirmed. Check the request's fields before.
   */
  message: (req: Request) => string | Promise<string>
  /**
   * Returns the account that has to sign, or an array of accounts of which one has to. The strategy's `verifyTimeout` limits its time,
   * and that of `message`.
   */
  account: (req: Request) => string | readonly string[] | Promise<string | readonly string[]>
  /**
   * How long the challenge can be answered (in milliseconds).
   *
   * @defaultValue the strategy's `challengeMaxAge`
   */
  maxAge?: number | undefined
}

/** What was confirmed, and by whom. */
export interface Confirmed {
  accountId: string
  /** The full-access key that signed, `<type>:<base58>`; absent where a wallet contract decided. */
  publicKey?: string
  /** What decided; only of a strategy that accepts wallet contracts. */
  via?: 'access-key' | 'contract'
  /** The text that was signed. */
  message: string
  /** In milliseconds since 1970. */
  confirmedAt: number
}

/** An action that an account has to confirm with its wallet. Made by `near.confirmation`. */
export class Confirmation<Request extends object = DefaultRequest> {
  readonly #strategy: ResolvedOptions<Request>
  readonly #options: ConfirmationOptions<Request>
  readonly #maxAge: number
  readonly #purpose: string
  /** Beside the requests: their fields are the application's. */
  readonly #confirmed = new WeakMap<object, Confirmed>()

  /** @internal */
  constructor(strategy: ResolvedOptions<Request>, options: ConfirmationOptions<Request>) {
    validateOptions<ConfirmationOptions<Request>>(OWNER, options, {
      name: true,
      message: true,
      account: true,
      maxAge: true,
    })
    const { name, message, account, maxAge = strategy.challengeMaxAge } = options
    this.#strategy = strategy
    validateString(OWNER, 'name', name)
    validateFunction(OWNER, 'message', message, '(req) => string')
    validateFunction(OWNER, 'account', account, '(req) => string or an array of strings')
    this.#options = { name, message, account }
    this.#maxAge = validateDuration(OWNER, 'maxAge', maxAge)
    this.#purpose = `${strategy.name}/confirm/${name}`
  }

  /**
   * Issues a challenge to the user who is signed in, with the text of `message(req)`.
   *
   * @throws {NearLoginRejected} `ERR_NEAR_SIGN_IN_REQUIRED` (401) when no user is signed in
   * @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) or `ERR_NEAR_STORE_FAILED` (503)
   * @throws {TypeError} when `message` returned no text; whatever that function throws
   */
  async challenge(req: Request): Promise<Challenge> {
    const issuedTo = hashCurrentUser(req, this.#strategy.currentUser)
    if (issuedTo === null) throw new NearLoginRejected('ERR_NEAR_SIGN_IN_REQUIRED')
    const message = await this.#message(req)
    const draft = { message, maxAge: this.#maxAge, purpose: this.#purpose, issuedTo }
    return drawChallenge(this.#strategy, req, draft)
  }

  /** Connect middleware that responds with a {@link Challenge} as JSON, not to be cached. Errors go to `next`. */
  challengeHandler(): ConnectMiddleware<Request> {
    return (req, res, next) => {
      this.challenge(req).then(
        (challenge) => sendJson(res, challenge, next),
        (error: unknown) => next(toError(error, 'message')),
      )
    }
  }

  /**
   * Checks the confirmation in `req.body.confirmation`.
   *
   * @throws {NearLoginRejected} with a {@link RejectionCode} and its status
   * @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500), `ERR_NEAR_STORE_FAILED` or `ERR_NEAR_RPC_UNAVAILABLE` (503)
   * @throws {TypeError} when `message` or `account` returned anything else than it should; whatever they throw
   */
  async check(req: Request): Promise<Confirmed> {
    this.#confirmed.delete(req)
    const confirmed = await this.#check(req)
    // The rejection is shared: a new error has the stack of this call.
    if (confirmed instanceof NearLoginRejected) {
      throw Object.assign(new NearLoginRejected(confirmed.code), { message: confirmed.message })
    }
    this.#confirmed.set(req, confirmed)
    return { ...confirmed }
  }

  /** Connect middleware that passes on a request with a good confirmation. Everything else goes to `next` as an error. */
  handler(): ConnectMiddleware<Request> {
    return (req, _res, next) => {
      this.check(req).then(
        () => next(),
        (error: unknown) => next(toError(error, 'the confirmation')),
      )
    }
  }

  /** What was confirmed with this request; undefined if nothing was. */
  confirmed(req: Request): Confirmed | undefined {
    const confirmed = this.#confirmed.get(req)
    return confirmed && { ...confirmed }
  }

  /** Top to bottom, as a login: each step is cheaper than the next. */
  async #check(req: Request): Promise<Confirmed | NearLoginRejected> {
    const { store, currentUser, authorizations } = this.#strategy
    const confirmation = readConfirmation(req)
    if (confirmation instanceof NearLoginRejected) return confirmation
    const credentials = readCredentials(confirmation, authorizations !== undefined)
    if (credentials instanceof NearLoginRejected) return credentials

    const issuedTo = hashCurrentUser(req, currentUser)
    if (issuedTo === null) return rejection('ERR_NEAR_SIGN_IN_REQUIRED')
    const { state } = credentials
    const expected = { state, purpose: this.#purpose, maxAge: this.#maxAge, issuedTo }
    const challenge = await consumeChallenge(store, withBody(req, confirmation), expected)
    if (challenge instanceof NearLoginRejected) return challenge

    // What is done is what was shown.
    const message = await this.#message(req)
    if (message !== challenge.message) return rejection('ERR_NEAR_CONFIRMATION_MISMATCH')
    if (!(await this.#accounts(req)).includes(credentials.accountId)) {
      return rejection('ERR_NEAR_ACCOUNT_MISMATCH')
    }

    const proof = await proveAccount(this.#strategy, challenge, credentials, undefined)
    if (proof instanceof NearLoginRejected) return proof
    const { accountId, publicKey } = proof
    const via = viaOf(proof, this.#strategy)
    return {
      accountId,
      ...(publicKey !== undefined && { publicKey }),
      ...(via !== undefined && { via }),
      message,
      confirmedAt: Date.now(),
    }
  }

  #message(req: Request): Promise<string> {
    return callMessage(OWNER, this.#options.message, req, this.#strategy.verifyTimeout)
  }

  async #accounts(req: Request): Promise<readonly string[]> {
    const { verifyTimeout } = this.#strategy
    const timedOut = `${OWNER}: option "account" did not return within ${verifyTimeout} ms`
    const account: unknown = await withTimeout(verifyTimeout, timedOut, () => this.#options.account(req))
    const accounts: readonly unknown[] = Array.isArray(account) ? account : [account]
    if (accounts.every((each) => typeof each === 'string')) return accounts
    throw new TypeError(
      `${OWNER}: option "account" must return a string or an array of strings; got ${describeValue(account)}`,
    )
  }
}

/** The field of the body's own: the top of the body is the application's. */
function readConfirmation(req: object): object | NearLoginRejected {
  const { body } = req as { body?: unknown }
  if (body === undefined || body === null) return rejection('ERR_NEAR_CREDENTIALS_MISSING')
  if (typeof body !== 'object' || Array.isArray(body)) return rejection('ERR_NEAR_CREDENTIALS_INVALID')
  const confirmation: unknown = Object.getOwnPropertyDescriptor(body, 'confirmation')?.value
  if (confirmation === undefined || confirmation === null) return rejection('ERR_NEAR_CREDENTIALS_MISSING')
  return typeof confirmation === 'object' ? confirmation : rejection('ERR_NEAR_CREDENTIALS_INVALID')
}

/** The request as a store sees it: a store that reads the body reads the confirmation, as it reads a login. */
function withBody<Request extends object>(req: Request, body: object): Request {
  return new Proxy(req, {
    // The request itself is the receiver: some requests have private fields.
    get: (target, property) =>
      property === 'body' ? body : (Reflect.get(target, property, target) as unknown),
    set: (target, property, value) => Reflect.set(target, property, value, target),
  })
}
