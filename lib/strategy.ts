import type { Challenge } from './challenges/challenge'
import { consumeChallenge } from './challenges/challenge-store'
import { hashCurrentUser } from './challenges/current-user'
import { SealedChallengeStore } from './challenges/sealed-store'
import { sendJson, type ConnectMiddleware, type ConnectRequest, type ConnectResponse } from './connect'
import { hasCredentials, readCredentials } from './credentials'
import { LoginTrace } from './diagnostics'
import { drawChallenge } from './draw-challenge'
import { NearLoginRejected, rejection, toError } from './errors'
import { GuardedStrategy } from './guards/guarded-strategy'
import type { WalletContractsOptions } from './nep641/options'
import { loginHandler, type LoginHandlerOptions } from './login-handler'
import { callMessage } from './message'
import type { NearStrategyOptions } from './options'
import { resolveOptions, type ResolvedOptions } from './resolve-options'
import { codeOf, report, toFailure, type LoginOutcome, type Outcome } from './outcome'
import { toProfile, type AnyProfile } from './profile'
import { proveAccount, type AccountProof } from './proofs/prove'
import type { DefaultRequest } from './request'
import { describeValue } from './validate'
import { callVerify, type ProfileFor, type VerifyDone, type Verify, type VerifyWithRequest } from './verify'
import { callbackPage, signMessageUrl, type CallbackPageOptions } from './web-wallet'

/** Options of Passport's middleware that the strategy reads. */
interface AuthenticateOptions {
  readonly assignProperty?: unknown
  readonly property?: unknown
}

/**
 * Signs people in with their NEAR account. The wallet signs a one-time challenge (NEP-413). The server checks the signature and, on
 * chain, that the signing key is a full-access key of the account.
 *
 * The strategy reads `req.body` and, through the challenge store, `req.session`; with `walletUrl` also `req.method`.
 *
 * @example
 * ```js
 * const near = new NearStrategy({ recipient: 'app.example.com' }, async (profile, done) => {
 *   done(null, await users.findOrCreate({ nearAccountId: profile.accountId }))
 * })
 * passport.use(near)
 * app.get('/login/near/challenge', near.challengeHandler())
 * app.post('/login/near', passport.authenticate('near'), (req, res) => res.json(req.user))
 * ```
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0413.md NEP-413}
 */
export class NearStrategy<
  Request extends object = DefaultRequest,
  PassRequest extends boolean = false,
  WalletContracts extends boolean | WalletContractsOptions = false,
> extends GuardedStrategy<Request> {
  readonly name: string
  // Passport adds these to each instance before it calls authenticate.
  /** Set by Passport: signs the user in. */
  declare success: (user: object, info?: object) => void
  /** Set by Passport: rejects the login. */
  declare fail: (challenge?: object | string | number, status?: number) => void
  /** Set by Passport: redirects the browser. */
  declare redirect: (url: string, status?: number) => void
  /** Set by Passport: continues without a decision. The strategy does not use it. */
  declare pass: () => void
  /** Set by Passport: ends the login in an error. */
  declare error: (error: unknown) => void
  // Not `#private`: Passport works on an object that inherits from the strategy.
  private readonly _options: ResolvedOptions<Request>
  private readonly _verify: Verify<AnyProfile> | VerifyWithRequest<Request, AnyProfile>

  /**
   * @param options - see {@link NearStrategyOptions}; `recipient` is required
   * @param verify - looks up the application's own user for a proven account and calls `done`
   * @throws {TypeError} when an option is wrong: names the option, what was expected and what came
   */
  constructor(
    options: NearStrategyOptions<Request, PassRequest, WalletContracts>,
    verify: PassRequest extends true
      ? VerifyWithRequest<NoInfer<Request>, ProfileFor<NoInfer<WalletContracts>>>
      : Verify<ProfileFor<NoInfer<WalletContracts>>>,
  ) {
    const resolved = resolveOptions(options)
    super(resolved)
    this._options = resolved
    if (typeof verify !== 'function') {
      throw new TypeError(
        `NearStrategy: verify must be a function (profile, done); got ${describeValue(verify)}`,
      )
    }
    this._verify = verify as Verify<AnyProfile>
    this.name = this._options.name
  }

  /**
   * Issues a challenge to the browser behind a request, for the wallet to sign. A new session of express-session is saved with the
   * challenge: set the session's other data and its cookie before.
   *
   * @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) or `ERR_NEAR_STORE_FAILED` (503)
   * @throws {NearLoginRejected} `ERR_NEAR_SIGN_IN_REQUIRED` (401) with `linking: true`, when no user is signed in;
   *   `ERR_NEAR_CODE_CHALLENGE_INVALID` (400) when the store needs a code challenge
   * @throws {TypeError} when the `message` function returned no text; whatever that function throws
   */
  async challenge(req: Request): Promise<Challenge> {
    const { challengeMaxAge: maxAge, purpose, linking, currentUser } = this._options
    const issuedTo = hashCurrentUser(req, currentUser)
    if (linking && issuedTo === null) throw new NearLoginRejected('ERR_NEAR_SIGN_IN_REQUIRED')
    const { message: text, verifyTimeout } = this._options
    const message =
      typeof text === 'string' ? text : await callMessage('NearStrategy', text, req, verifyTimeout)
    return drawChallenge(this._options, req, { message, maxAge, purpose, issuedTo })
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
   * Connect middleware for the whole login in JSON, in place of `passport.authenticate`. It signs the user in and responds with
   * `{ user: <accountId> }`. A rejection is `{ code, message }` with its status. Errors go to `next`.
   *
   * For TypeScript the framework's response is the type parameter: `near.loginHandler<express.Response>({ respond })`.
   *
   * @throws {TypeError} when an option is wrong
   */
  loginHandler<Response extends ConnectResponse = ConnectResponse>(
    options?: LoginHandlerOptions<Request, Response>,
  ): ConnectMiddleware<Request, Response> {
    return loginHandler((req: Request) => this._login(req, false), options)
  }

  /**
   * Connect middleware that serves the page to which a redirecting wallet returns. The page takes the wallet's answer out of the URL's
   * fragment, clears the address bar and posts the answer, as a form, to its own path, where `authenticate` belongs.
   *
   * The page is static and needs no session. Requests other than GET and HEAD are passed on.
   *
   * @throws {TypeError} when an option is wrong, or the store is a {@link SealedChallengeStore}
   */
  callbackPage(options?: CallbackPageOptions): ConnectMiddleware<ConnectRequest> {
    if (this._options.store instanceof SealedChallengeStore) {
      throw new TypeError(
        'NearStrategy: callbackPage cannot be used with a SealedChallengeStore, because the page has no code verifier; use resumeSignIn of passport-near/client',
      )
    }
    return callbackPage(options)
  }

  /**
   * Called by Passport. One login ends in exactly one of `success`, `fail` and `error`; a request without credentials ends in
   * `redirect` to the wallet if `walletUrl` is set.
   *
   * A rejection is `fail({ code, message }, status)` with a {@link RejectionCode}. A failure without a decision is
   * `error` with a {@link NearServiceError}. An exception of the application is `error` with that exception.
   *
   * @param req - the framework's request; any object to the types, because Passport's types use Express's for every strategy
   */
  authenticate(req: object, options?: AuthenticateOptions): void {
    const request = req as Request
    // Read before anything asynchronous: all requests share an instance that was passed to Passport itself.
    const { success, fail, error, redirect } = this
    const { walletUrl } = this._options
    const decided =
      walletUrl !== undefined && shouldInitiate(req)
        ? this._redirectToWallet(request, walletUrl)
        : this._login(request, isAuthorize(options))
    void decided.then((outcome) => {
      // Outside of the promise, so that an exception is caught once and no second outcome follows.
      process.nextTick(() => report(outcome, { success, fail, error, redirect }, req))
    })
  }

  private async _redirectToWallet(req: Request, walletUrl: string): Promise<Outcome> {
    try {
      return { action: 'redirect', url: signMessageUrl(walletUrl, await this.challenge(req)) }
    } catch (error) {
      if (error instanceof NearLoginRejected) return toFailure(error)
      return { action: 'error', error: toError(error, 'message') }
    }
  }

  /** Never rejects: an exception of a step is the outcome `error`. */
  private async _login(req: Request, isAuthorize: boolean): Promise<LoginOutcome> {
    const trace = LoginTrace.start()
    let outcome: LoginOutcome
    try {
      outcome = await this._authenticate(req, isAuthorize, trace)
    } catch (error) {
      outcome = { action: 'error', error }
    }
    trace?.publish(this.name, outcome.action === 'fail' ? 'rejected' : outcome.action, codeOf(outcome))
    return outcome
  }

  /** One login, top to bottom. Each step is cheaper than the next, and a login without a challenge causes no network request. */
  private async _authenticate(
    req: Request,
    isAuthorize: boolean,
    trace: LoginTrace | undefined,
  ): Promise<LoginOutcome> {
    const { store, challengeMaxAge: maxAge, purpose, linking, currentUser, authorizations } = this._options
    trace?.begin('credentials')
    const credentials = readCredentials((req as { body?: unknown }).body, authorizations !== undefined)
    if (credentials instanceof NearLoginRejected) return toFailure(credentials)

    trace?.begin('challenge')
    const issuedTo = linking || isAuthorize ? hashCurrentUser(req, currentUser) : undefined
    if (linking && issuedTo === null) return toFailure(rejection('ERR_NEAR_SIGN_IN_REQUIRED'))
    const expected = { state: credentials.state, purpose, maxAge, issuedTo }
    const challenge = await consumeChallenge(store, req, expected)
    if (challenge instanceof NearLoginRejected) return toFailure(challenge)

    const proof = await proveAccount(this._options, challenge, credentials, trace)
    if (proof instanceof NearLoginRejected) return toFailure(proof)

    trace?.begin('verify')
    const outcome = await this._callVerify(req, proof)
    if (outcome.action === 'success' && !isAuthorize) this._leaveRecord(req, proof)
    return outcome
  }

  /** The application's decision about a proven account. Its exceptions are the application's errors, never a rejection of ours. */
  private async _callVerify(req: Request, proof: AccountProof): Promise<LoginOutcome> {
    const { passReqToCallback, verifyTimeout } = this._options
    const { accountId } = proof
    const profile = toProfile(proof, this._options)
    const call = (done: VerifyDone): unknown =>
      passReqToCallback
        ? (this._verify as VerifyWithRequest<Request, AnyProfile>)(req, profile, done)
        : (this._verify as Verify<AnyProfile>)(profile, done)
    const { user, info } = await callVerify(call, verifyTimeout)
    return user ? { action: 'success', user, info, accountId } : { action: 'fail', info, status: 401 }
  }
}

/**
 * Whether a request asks for a redirect to the wallet: a GET whose body, if it has one, carries no answer. A POST is a login even
 * without a body: a forgotten parser must not send people back to their wallet.
 */
function shouldInitiate(req: object): boolean {
  const { method, body } = req as { method?: unknown; body?: unknown }
  return (method === undefined || method === 'GET' || method === 'HEAD') && !hasCredentials(body)
}

/** Whether Passport adds the account to the user who is signed in. @nestjs/passport sends `property: 'user'` with each sign-in. */
function isAuthorize({ assignProperty, property }: AuthenticateOptions = {}): boolean {
  return Boolean(assignProperty) || (Boolean(property) && property !== 'user')
}
