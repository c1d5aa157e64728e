/** The types of `passport-near/client`. The client itself imports nothing, so they have a separate file. */

/** The message that a wallet signs. */
export interface MessageToSign {
  message: string
  recipient: string
  /** 32 bytes: a `Buffer` if the page has one, else a `Uint8Array` that wallet-selector accepts as a `Buffer`. */
  nonce: Uint8Array
  callbackUrl?: string | undefined
  state?: string | undefined
}

/** A wallet's answer. The signature is in any encoding that the server reads. */
export interface SignedMessage {
  accountId: string
  publicKey: string
  signature: string
}

/** A wallet's answer for an account without keys (NEP-641). */
export interface WalletAuthorization {
  accountId: string
  authorization: string
}

/** What a wallet is asked to authorize, for an account without keys (NEP-641). */
export interface AuthorizationRequest {
  /** The text that the account's contract has to confirm. */
  payload: string
  chainId: 'mainnet' | 'testnet'
  /** The same as `chainId`, as near-connect names it. */
  network: 'mainnet' | 'testnet'
}

/** Undefined if the wallet is another page, which the browser is about to show. */
export type Answer = SignedMessage | null | undefined | void // eslint-disable-line @typescript-eslint/no-invalid-void-type -- so that wallets' own types fit

/** A wallet's answer or a promise of it: a signature; null if the person declined; undefined if the wallet is another page. */
export type WalletAnswer = Answer | Promise<Answer>

// All of these are methods, not properties: only methods may declare narrower parameters, such as a Buffer.

/** Null if the person declined; undefined if the wallet is another page. */
export type AuthorizationAnswer = WalletAuthorization | null | undefined | void // eslint-disable-line @typescript-eslint/no-invalid-void-type -- as for Answer

/** A wallet of wallet-selector or near-connect, or any object with `signMessage`. */
export interface WalletObject {
  /** Shows and signs the message. Returns the signature, or leads to another page. */
  signMessage?(message: MessageToSign): WalletAnswer
  /**
   * Authorizes a text for an account without keys. Used where the challenge has a `payload`, and the wallet has no manifest or its
   * manifest has the feature.
   */
  resolveAuth?(request: AuthorizationRequest): AuthorizationAnswer | Promise<AuthorizationAnswer>
  /** near-connect: the wallet's features. */
  manifest?: { features?: WalletFeatures | undefined } | undefined
  /** near-connect: signs in and signs in one step. */
  signInAndSignMessage?(data: { messageParams: MessageToSign }): Promise<{ signedMessage: SignedMessage }[]>
}

/** The features of a near-connect wallet that decide how it is asked. */
export interface WalletFeatures {
  signInAndSignMessage?: boolean | undefined
  resolveAuth?: boolean | undefined
}

/** near-connect's `NearConnector`: people choose a wallet first. */
export interface WalletConnector {
  /** Lets people choose a wallet; resolves to its id. */
  selectWallet(options: { features: { signMessage: boolean } }): Promise<string>
  /** A wallet by its id. */
  wallet(id: string): Promise<WalletObject>
  /** Signs in with a wallet; with `signMessageParams` it signs in the same step. */
  connect(options: { walletId: string; signMessageParams?: MessageToSign }): Promise<unknown>
  /** Listens for a sign-in that signed a message as well. */
  on(event: 'wallet:signInAndSignMessage', listener: (event: OneStepEvent) => void): void
  /** Stops listening. */
  off(event: 'wallet:signInAndSignMessage', listener: (event: OneStepEvent) => void): void
}

/** near-connect's event for a sign-in that signed a message as well. */
export interface OneStepEvent {
  accounts: { signedMessage: SignedMessage }[]
}

/** A wallet, a connector, or a function that signs. */
export type Wallet = WalletObject | WalletConnector | { sign(message: MessageToSign): WalletAnswer }['sign']

/** How the client talks to the server. */
export interface RequestOptions {
  /**
   * For a site without cookies (`SealedChallengeStore`): sends a new code challenge with the request for a challenge, the code verifier
   * with the answer (PKCE), and no cookie. Needs WebCrypto: a secure context, Node, or a polyfill in React Native.
   *
   * @defaultValue `false`
   * @see {@link https://www.rfc-editor.org/rfc/rfc7636 RFC 7636}
   */
  pkce?: boolean | undefined
  /**
   * Replaces the page's `fetch`, for example to send a header, or cookies to another origin.
   *
   * @defaultValue `fetch`
   */
  fetch?: ((url: string | URL, init: RequestInit) => Promise<Response>) | undefined
}

/** Options of `resumeSignIn`. */
export interface ResumeOptions extends RequestOptions {
  /** URL to which the login is posted as JSON: the route with `loginHandler()` or `passport.authenticate('near')`. */
  loginUrl: string | URL
}

/** Options of `signIn`. */
export interface SignInOptions extends ResumeOptions {
  /** URL of the challenge: the route with `challengeHandler()`. */
  challengeUrl: string | URL
}

/** Options of `confirm`. */
export interface ConfirmOptions extends RequestOptions {
  /** URL of the confirmation's challenge: the route with the `challengeHandler()` of `near.confirmation`. */
  challengeUrl: string | URL
  /** URL of the action: the route with the `handler()` of `near.confirmation`. */
  url: string | URL
  /**
   * The action's own fields. They are posted to both URLs; with the second comes the answer, as `confirmation`.
   *
   * @defaultValue `{}`
   */
  body?: object | undefined
}

/**
 * How it ended. `signed-in` brings the server's reply, parsed if it is JSON; `refused` whatever the wallet threw, where it
 * did; `failed` the server's HTTP status, code and message, none of the first two if it could not be reached; `redirected`
 * means that the page is about to be replaced by the wallet's, or by the one that the server sent the browser to.
 */
export type SignInResult<Reply = unknown> =
  { outcome: 'signed-in'; reply: Reply } | RefusedSignIn | FailedSignIn | { outcome: 'redirected' }

/** A sign-in that the wallet did not sign. */
export interface RefusedSignIn {
  outcome: 'refused'
  /** What the wallet threw, if it did. */
  cause?: unknown
  /** `connect-first`: the wallet did not ask the person, because it must be connected first (`wallet.signIn(…)` of wallet-selector, or its modal). */
  reason?: 'connect-first'
}

/** How a confirmation ended: as {@link SignInResult}, with `confirmed` in place of `signed-in`. */
export type ConfirmResult<Reply = unknown> =
  { outcome: 'confirmed'; reply: Reply } | Exclude<SignInResult, { outcome: 'signed-in' }>

/** Each code of the server, as `NearAuthErrorCode` of `passport-near` has them. */
export type NearAuthErrorCode =
  | 'ERR_NEAR_CREDENTIALS_MISSING'
  | 'ERR_NEAR_CREDENTIALS_INVALID'
  | 'ERR_NEAR_WALLET_REFUSED'
  | 'ERR_NEAR_CHALLENGE_MISSING'
  | 'ERR_NEAR_CHALLENGE_EXPIRED'
  | 'ERR_NEAR_SIGNATURE_INVALID'
  | 'ERR_NEAR_ACCESS_KEY_NOT_FOUND'
  | 'ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS'
  | 'ERR_NEAR_SIGN_IN_REQUIRED'
  | 'ERR_NEAR_AUTHORIZATION_INVALID'
  | 'ERR_NEAR_AUTHORIZATION_LIMIT'
  | 'ERR_NEAR_LOGIN_TOO_OLD'
  | 'ERR_NEAR_CONFIRMATION_MISMATCH'
  | 'ERR_NEAR_ACCOUNT_MISMATCH'
  | 'ERR_NEAR_CODE_CHALLENGE_INVALID'
  | 'ERR_NEAR_SESSION_UNAVAILABLE'
  | 'ERR_NEAR_STORE_FAILED'
  | 'ERR_NEAR_RPC_UNAVAILABLE'

/** A sign-in that the server rejected, that failed, or whose server cannot be reached. */
export interface FailedSignIn {
  outcome: 'failed'
  status?: number
  /** The strategy's code, or a code of the site, such as its rate limit's. Undefined if the response has none. */
  code?: NearAuthErrorCode | (string & Record<never, never>)
  message: string
}
