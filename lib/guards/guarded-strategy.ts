import { Strategy } from 'passport-strategy'
import { checkAccessKey } from '../access-keys/check'
import type { ConnectMiddleware } from '../connect'
import { parsePublicKey } from '../nep413/signature'
import type { ResolvedOptions } from '../resolve-options'
import type { AccountProof } from '../proofs/prove'
import type { DefaultRequest } from '../request'
import { checkEndpoints, type EndpointReport } from '../rpc/check-endpoints'
import type { ViewRequest } from '../rpc/view'
import { describeValue, isAccountId } from '../validate'
import { Confirmation, type ConfirmationOptions } from './confirmation'
import { LoginRecords, type NearLogin } from './login-record'
import { requireRecentLogin, type RecentLoginOptions } from './recent-login'
import { Recheck } from './recheck'
import { revalidate, sessionCheck, type RevalidateOptions, type SessionCheck } from './revalidate'

/** Declared like this, the base class leaves no trace in the type declarations that users compile against. */
const Base: new () => object = Strategy

/** What a strategy offers after the login, and the questions to the chain that an application may ask. */
export abstract class GuardedStrategy<Request extends object = DefaultRequest> extends Base {
  // Not `#private`: Passport works on an object that inherits from the strategy.
  private readonly _guarded: ResolvedOptions<Request>
  private readonly _records: LoginRecords
  private readonly _recheck: Recheck

  /** @internal */
  constructor(options: ResolvedOptions<Request>) {
    super()
    this._guarded = options
    this._records = new LoginRecords(options)
    this._recheck = new Recheck(options)
  }

  /** Leaves a record of a login in the session that Passport is about to make. @internal */
  protected _leaveRecord(req: object, proof: AccountProof): void {
    this._records.leave(req, proof)
  }

  /** The login that began the session of a request: a copy; undefined if no user is signed in, or not with this strategy. */
  login(req: Request): NearLogin | undefined {
    return this._records.login(req)
  }

  /**
   * Connect middleware, after `passport.session()`, that ends the session of a key that was removed from its account. The request goes
   * on without a user. While the chain cannot tell, the last yes holds for `tolerate`; then the request fails with
   * `ERR_NEAR_RPC_UNAVAILABLE` (503), and the session stays.
   *
   * @throws {TypeError} when an option is wrong
   */
  revalidate(options: RevalidateOptions = {}): ConnectMiddleware<Request> {
    return revalidate(sessionCheck('revalidate', options, this._sessionCheck()), this._records)
  }

  /**
   * Checks the session as {@link revalidate} does, for any framework. The session of a `revoked` login is to be ended by the caller.
   *
   * @throws {NearServiceError} `ERR_NEAR_RPC_UNAVAILABLE` (503) when the chain cannot tell, and could not for `tolerate`
   * @throws {TypeError} when an option is wrong
   */
  async checkSession(req: Request, options: RevalidateOptions = {}): Promise<SessionCheck> {
    return sessionCheck('checkSession', options, this._sessionCheck())(req)
  }

  /**
   * Asks the chain whether a key is a full-access key of an account now, as a login does: for token refresh, WebSockets and jobs.
   *
   * @throws {NearServiceError} `ERR_NEAR_RPC_UNAVAILABLE` (503) when the chain cannot tell
   * @throws {TypeError} when the account id or the key is malformed
   */
  async hasFullAccess(key: { accountId: string; publicKey: string }): Promise<boolean> {
    const { accountId, publicKey } = Object(key) as Partial<Record<'accountId' | 'publicKey', unknown>>
    if (typeof accountId !== 'string' || !isAccountId(accountId)) {
      throw new TypeError(
        `hasFullAccess: accountId must be a NEAR account id; got ${describeValue(accountId)}`,
      )
    }
    const parsed = typeof publicKey === 'string' ? parsePublicKey(publicKey) : undefined
    if (!parsed) {
      throw new TypeError(
        `hasFullAccess: publicKey must be a public key such as "ed25519:…"; got ${describeValue(publicKey)}`,
      )
    }
    const { accessKeys, allowImplicit } = this._guarded
    const { result } = await checkAccessKey(accessKeys, { accountId, publicKey: parsed.text, allowImplicit })
    return result === true
  }

  /**
   * Connect middleware that passes on a request whose login is recent, and rejects all others with `ERR_NEAR_LOGIN_TOO_OLD` (401),
   * through `next`.
   *
   * @throws {TypeError} when an option is wrong
   */
  requireRecentLogin(options: RecentLoginOptions): ConnectMiddleware<Request> {
    return requireRecentLogin(this._records, options)
  }

  /**
   * An action that an account has to confirm with its wallet, such as a payment.
   *
   * @throws {TypeError} when an option is wrong
   */
  confirmation(options: ConfirmationOptions<Request>): Confirmation<Request> {
    return new Confirmation(this._guarded, options)
  }

  /**
   * Calls a view function of a contract, on the strategy's own endpoints: JSON in and out. For roles from the chain in `verify`, such
   * as a member of a DAO or the holder of an NFT.
   *
   * @returns what the function returned, or undefined if it returned nothing
   * @throws {NearServiceError} `ERR_NEAR_RPC_UNAVAILABLE` (503) when no endpoint can tell, or the contract returned no JSON
   * @throws {TypeError} when an argument is wrong, or the strategy has the option `accessKeys` in place of endpoints
   */
  view(request: ViewRequest): Promise<unknown> {
    return this._guarded.view(request)
  }

  /**
   * Asks each endpoint of the option `rpc` for its status: for an application's start and its health page. A login never waits for it.
   *
   * @returns a report for each endpoint, within `rpcTimeout`; none with the option `accessKeys`
   */
  async checkEndpoints(): Promise<EndpointReport[]> {
    const { rpc, network } = this._guarded
    return rpc ? checkEndpoints(rpc, network) : []
  }

  private _sessionCheck(): { records: LoginRecords; recheck: Recheck } {
    return { records: this._records, recheck: this._recheck }
  }
}
