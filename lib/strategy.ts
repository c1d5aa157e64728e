import PassportStrategy from 'passport-strategy'
import { checkAccessKey } from './access-keys/check'
import {
  createChallenge,
  isExpired,
  isStoredChallenge,
  type Challenge,
  type StoredChallenge,
} from './challenge'
import type { ConnectRequest, ConnectResponse } from './connect'
import { carriesLogin, readCredentials, type Credentials } from './credentials'
import { LoginTrace } from './diagnostics'
import { NearLoginRejected, NearServiceError, refusal, toError } from './errors'
import { hashPayload } from './nep413'
import { describeValue, isSignableText } from './option-checks'
import {
  resolveOptions,
  type NearStrategyOptions,
  type NearStrategyOptionsWithRequest,
  type ResolvedOptions,
} from './options'
import { codeOf, failure, type LoginOutcome, type Outcome } from './outcome'
import { verifyWithKey } from './signature'
import { callVerify, type NearProfile, type VerifyDone, type Verify, type VerifyWithRequest } from './verify'
import { callbackPage, signMessageUrl, type CallbackPageOptions } from './web-wallet'

/** Declared like this, the base class leaves no trace in the type declarations that users compile against. */
const Base: new () => object = PassportStrategy

/**
 * Signs people in with their NEAR account: the wallet signs a one-time challenge (NEP-413), the server checks the
 * signature and, on chain, that the signing key is a full-access key of the account.
 *
 * It touches `req.body` and, through the challenge store, `req.session`; with `walletUrl` the method too; nothing else of a
 * request.
 *
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0413.md NEP-413}
 */
export class NearStrategy<Request extends object = object> extends Base {
  readonly name: string
  // Passport adds these to each instance before it calls authenticate.
  /** Set by Passport: signs the user in. */
  declare success: (user: object, info?: object) => void
  /** Set by Passport: refuses the login. */
  declare fail: (challenge?: object | string | number, status?: number) => void
  /** Set by Passport: sends the browser elsewhere. */
  declare redirect: (url: string, status?: number) => void
  /** Set by Passport: goes on without a decision; not used. */
  declare pass: () => void
  /** Set by Passport: ends the login in an error. */
  declare error: (error: unknown) => void
  /** Not `#private`: Passport works on an object that inherits from the strategy. */
  private readonly _options: ResolvedOptions<Request>
  private readonly _verify: Verify | VerifyWithRequest<Request>

  /**
   * @param options - see {@link NearStrategyOptions}; `recipient` is required
   * @param verify - looks up the application's own user for a proven account and calls `done`
   * @throws {TypeError} when an option is wrong: names it, what was expected and what came
   */
  constructor(options: NearStrategyOptionsWithRequest<Request>, verify: VerifyWithRequest<Request>)
  constructor(options: NearStrategyOptions<Request>, verify: Verify)
  constructor(
    options: NearStrategyOptions<Request> | NearStrategyOptionsWithRequest<Request>,
    verify: Verify | VerifyWithRequest<Request>,
  ) {
    super()
    this._options = resolveOptions(options)
    if (typeof verify !== 'function') {
      throw new TypeError(
        `NearStrategy: verify must be a function (profile, done), got ${describeValue(verify)}`,
      )
    }
    this._verify = verify
    this._options.store.keepFor?.(this._options.challengeMaxAge)
    this.name = this._options.name
  }

  /**
   * Issues a challenge to the browser behind a request; the wallet signs it. A new session of express-session is saved with it:
   * what else belongs into the session, or into its cookie, is put there before.
   *
   * @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) or `ERR_NEAR_STORE_FAILED` (503)
   * @throws {TypeError} when the `message` function returned no text; whatever that function throws
   */
  async challenge(req: Request): Promise<Challenge> {
    const { recipient, callbackUrl, store } = this._options
    const message: unknown = await this._options.message(req)
    if (!isSignableText(message)) {
      throw new TypeError(
        `NearStrategy: option "message" must return a non-empty string, got ${describeValue(message)}`,
      )
    }
    const challenge = createChallenge(message, callbackUrl)
    try {
      await store.issue(req, challenge)
    } catch (cause) {
      throw storeError(cause)
    }
    const { nonce, state } = challenge
    return { message, recipient, nonce, state, ...(callbackUrl !== undefined && { callbackUrl }) }
  }

  /** Connect middleware that answers with a {@link Challenge} as JSON, not to be cached. Errors go to `next`. */
  challengeHandler(): (req: Request, res: ConnectResponse, next: (error?: unknown) => void) => void {
    return (req, res, next) => {
      this.challenge(req)
        .then((challenge) => {
          if (res.headersSent) return // somebody else has answered meanwhile, such as a time limit of the application's
          const json = JSON.stringify(challenge)
          res.setHeader('Content-Type', 'application/json; charset=utf-8')
          res.setHeader('Content-Length', Buffer.byteLength(json))
          res.setHeader('Cache-Control', 'no-store')
          res.end(json)
        })
        .catch((error: unknown) => next(toError(error, 'message')))
    }
  }

  /**
   * Connect middleware that serves the page to which a redirecting wallet returns: it takes the answer out of the URL's
   * fragment, clears the address bar and posts the answer, as a form, to its own address, where `authenticate` belongs.
   *
   * The page is static and needs no session. It passes on what is not a GET or HEAD.
   *
   * @throws {TypeError} when an option is wrong
   */
  callbackPage(
    options?: CallbackPageOptions,
  ): (req: ConnectRequest, res: ConnectResponse, next: (error?: unknown) => void) => void {
    return callbackPage(options)
  }

  /**
   * What Passport calls: one login, ended by exactly one of `success`, `fail` and `error`; or, with `walletUrl`, the way to
   * the wallet, a `redirect`.
   *
   * A refusal is `fail({ code, message }, status)` with a {@link RejectionCode}; what could not be decided is
   * `error` with a {@link NearServiceError}; anything else that escapes is `error` as it is.
   *
   * @param req - the framework's request; any object to the types, because Passport's take every strategy's for Express's
   */
  authenticate(req: object, options?: { assignProperty?: unknown }): void {
    const request = req as Request
    // Before anything asynchronous: an instance that Passport was given itself is shared by all requests.
    const { success, fail, error, redirect } = this
    const { walletUrl } = this._options
    const decided =
      walletUrl !== undefined && startsLogin(req)
        ? this._sendToWallet(request, walletUrl)
        : this._login(request, isLinking(options))
    void decided.then((outcome) => {
      // Outside of promises: what the application throws from here on is its own, and no second outcome.
      process.nextTick(() => {
        if (outcome.action === 'success') success(outcome.user, outcome.info)
        else if (outcome.action === 'fail') fail(outcome.info, outcome.status)
        else if (outcome.action === 'redirect') redirect(outcome.url)
        else error(outcome.error)
      })
    })
  }

  private async _sendToWallet(req: Request, walletUrl: string): Promise<Outcome> {
    try {
      return { action: 'redirect', url: signMessageUrl(walletUrl, await this.challenge(req)) }
    } catch (error) {
      return { action: 'error', error: toError(error, 'message') }
    }
  }

  /** Ends in an outcome in any case: what a step throws is an error. */
  private async _login(req: Request, linking: boolean): Promise<LoginOutcome> {
    const trace = LoginTrace.start()
    let outcome: LoginOutcome
    try {
      outcome = await this._decide(req, linking, trace)
    } catch (error) {
      outcome = { action: 'error', error }
    }
    trace?.publish(this.name, outcome.action === 'fail' ? 'rejected' : outcome.action, codeOf(outcome))
    return outcome
  }

  /** One login, top to bottom: each step is cheaper than the next, and nothing unproven reaches the network. */
  private async _decide(
    req: Request,
    linking: boolean,
    trace: LoginTrace | undefined,
  ): Promise<LoginOutcome> {
    trace?.begin('credentials')
    const credentials = readCredentials((req as { body?: unknown }).body)
    if (credentials instanceof NearLoginRejected) return failure(credentials)

    trace?.begin('challenge')
    const challenge = await this._consumeChallenge(req, credentials.state, linking)
    if (challenge instanceof NearLoginRejected) return failure(challenge)

    trace?.begin('signature')
    if (!this._isSigned(challenge, credentials)) return failure(refusal('ERR_NEAR_SIGNATURE_INVALID'))

    trace?.begin('accessKey')
    const checked = await this._checkAccessKey(credentials, trace)
    if (checked !== true) return failure(checked)

    trace?.begin('verify')
    return this._askApplication(req, credentials)
  }

  private async _consumeChallenge(
    req: Request,
    state: string | undefined,
    linking: boolean,
  ): Promise<StoredChallenge | NearLoginRejected> {
    const { store, challengeMaxAge } = this._options
    let challenge: unknown
    try {
      challenge = await store.consume(req, state)
    } catch (cause) {
      throw storeError(cause)
    }
    if (challenge === undefined || challenge === null) return refusal('ERR_NEAR_CHALLENGE_MISSING')
    if (!isStoredChallenge(challenge)) {
      throw storeError(new TypeError('The store returned something other than a challenge or undefined'))
    }
    if (linking && challenge.issuedBeforeLogin) return refusal('ERR_NEAR_CHALLENGE_MISSING')
    if (isExpired(challenge, challengeMaxAge)) return refusal('ERR_NEAR_CHALLENGE_EXPIRED')
    return challenge
  }

  /** Some wallets sign the callback URL and some don't, whatever they were given: at most these two payloads. */
  private _isSigned(
    { message, nonce, callbackUrl }: StoredChallenge,
    { publicKey, signature }: Credentials,
  ): boolean {
    const { recipient } = this._options
    const payload = { message, nonce: Buffer.from(nonce, 'base64'), recipient }
    const candidates = callbackUrl ? [{ ...payload, callbackUrl }, payload] : [payload]
    return candidates.some((candidate) => verifyWithKey(hashPayload(candidate), signature, publicKey))
  }

  private _checkAccessKey(
    { accountId, publicKey }: Credentials,
    trace: LoginTrace | undefined,
  ): Promise<true | NearLoginRejected> {
    const { accessKeys, allowImplicit } = this._options
    return checkAccessKey(accessKeys, accountId, publicKey.text, {
      allowImplicit,
      onDecision: trace && ((place) => (trace.endpoint = place)),
    })
  }

  /** What the application makes of a proven account. Whatever it throws is its own error, and no refusal of ours. */
  private async _askApplication(req: Request, { accountId, publicKey }: Credentials): Promise<LoginOutcome> {
    const { network, passReqToCallback, verifyTimeout } = this._options
    const profile: NearProfile = {
      provider: 'near',
      id: accountId,
      displayName: accountId,
      accountId,
      publicKey: publicKey.text,
      network,
    }
    const call = (done: VerifyDone): unknown =>
      passReqToCallback
        ? (this._verify as VerifyWithRequest<Request>)(req, profile, done)
        : (this._verify as Verify)(profile, done)
    const { user, info } = await callVerify(call, verifyTimeout)
    return user ? { action: 'success', user, info } : { action: 'fail', info, status: 401 }
  }
}

/**
 * Whether a request asks to be sent to the wallet: a GET, whose body, if there is one, carries no answer. What is posted is a
 * login even without a body: a parser that was forgotten must not send people back to their wallet.
 */
function startsLogin(req: object): boolean {
  const { method, body } = req as { method?: unknown; body?: unknown }
  return (method === undefined || method === 'GET' || method === 'HEAD') && !carriesLogin(body)
}

/** Whether Passport adds the account to whoever is signed in (`passport.authorize`), instead of signing in. */
function isLinking(options: { assignProperty?: unknown } | undefined): boolean {
  return Boolean(options?.assignProperty)
}

function storeError(cause: unknown): NearServiceError {
  return cause instanceof NearServiceError ? cause : new NearServiceError('ERR_NEAR_STORE_FAILED', { cause })
}
