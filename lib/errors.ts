/**
 * Why a login was rejected: the visitor, or the data that the visitor sent, is at fault.
 *
 * 400: `ERR_NEAR_CREDENTIALS_MISSING`, `ERR_NEAR_CREDENTIALS_INVALID`, `ERR_NEAR_CODE_CHALLENGE_INVALID`. 401: `ERR_NEAR_WALLET_REFUSED`, `ERR_NEAR_CHALLENGE_MISSING`,
 * `ERR_NEAR_CHALLENGE_EXPIRED`, `ERR_NEAR_SIGNATURE_INVALID`, `ERR_NEAR_ACCESS_KEY_NOT_FOUND`, `ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS`,
 * `ERR_NEAR_SIGN_IN_REQUIRED`, `ERR_NEAR_AUTHORIZATION_INVALID`, `ERR_NEAR_AUTHORIZATION_LIMIT`, `ERR_NEAR_LOGIN_TOO_OLD`,
 * `ERR_NEAR_CONFIRMATION_MISMATCH`. 403: `ERR_NEAR_ACCOUNT_MISMATCH`.
 */
export type RejectionCode =
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

/** What the strategy passes to `fail` for a rejection: `info` in a custom callback of `passport.authenticate`. */
export interface RejectionInfo {
  code: RejectionCode
  message: string
}

/**
 * Why a login failed without a decision: the server, or a service that the server depends on, is at fault.
 *
 * 500: `ERR_NEAR_SESSION_UNAVAILABLE`. 503: `ERR_NEAR_STORE_FAILED`, `ERR_NEAR_RPC_UNAVAILABLE`.
 */
export type ServiceErrorCode =
  'ERR_NEAR_SESSION_UNAVAILABLE' | 'ERR_NEAR_STORE_FAILED' | 'ERR_NEAR_RPC_UNAVAILABLE'

/** Every code that a {@link NearAuthError} can carry. */
export type NearAuthErrorCode = RejectionCode | ServiceErrorCode

interface ErrorDetails {
  readonly status: number
  readonly message: string
}

/** Fixed text: no visitor data, no signature, no URL. */
const REJECTIONS: Readonly<Record<RejectionCode, ErrorDetails>> = {
  ERR_NEAR_CREDENTIALS_MISSING: {
    status: 400,
    message:
      'The login is incomplete: send accountId, publicKey and signature as the wallet returned them, as JSON or a form, and parse the body before the strategy runs.',
  },
  ERR_NEAR_CREDENTIALS_INVALID: {
    status: 400,
    message:
      'The login is malformed: accountId, publicKey, signature and state must be strings as a NEAR wallet returns them.',
  },
  ERR_NEAR_WALLET_REFUSED: {
    status: 401,
    message: 'The wallet did not sign: the request was declined or cancelled. Sign in again.',
  },
  ERR_NEAR_CHALLENGE_MISSING: {
    status: 401,
    message:
      'There is no open challenge for this login: it was already used, has expired, or was issued to another browser session, user or purpose. Request a new challenge and sign it.',
  },
  ERR_NEAR_CHALLENGE_EXPIRED: {
    status: 401,
    message: 'The challenge has expired. Request a new challenge and sign it.',
  },
  ERR_NEAR_SIGNATURE_INVALID: {
    status: 401,
    message: 'The signature does not match the challenge and the public key.',
  },
  ERR_NEAR_ACCESS_KEY_NOT_FOUND: {
    status: 401,
    message: 'The account does not exist on this network, or the signing key does not belong to it.',
  },
  ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS: {
    status: 401,
    message:
      'The signing key is a function-call key. Sign in with a wallet that holds a full-access key of the account.',
  },
  ERR_NEAR_SIGN_IN_REQUIRED: {
    status: 401,
    message: 'Only a user who is signed in can link an account or confirm an action. Sign in first.',
  },
  ERR_NEAR_AUTHORIZATION_INVALID: {
    status: 401,
    message: "The account's contract did not authorize this sign-in.",
  },
  ERR_NEAR_AUTHORIZATION_LIMIT: {
    status: 401,
    message:
      'The authorization involves more accounts, levels or bytes than this site accepts. (For its operator: the option walletContracts sets maxDepth and maxAuthorizations.)',
  },
  ERR_NEAR_LOGIN_TOO_OLD: {
    status: 401,
    message: 'This action needs a recent login. Sign in again.',
  },
  ERR_NEAR_CONFIRMATION_MISMATCH: {
    status: 401,
    message: 'The signed message is not the message of this action. Confirm the action again.',
  },
  ERR_NEAR_ACCOUNT_MISMATCH: {
    status: 403,
    message: 'Another account signed. Confirm with the account that this action needs.',
  },
  ERR_NEAR_CODE_CHALLENGE_INVALID: {
    status: 400,
    message:
      'The challenge needs a code challenge: send codeChallenge, the SHA-256 of the code verifier in base64url (43 characters), once, in the query or in the body.',
  },
}

const SERVICE_ERRORS: Readonly<Record<ServiceErrorCode, ErrorDetails>> = {
  ERR_NEAR_SESSION_UNAVAILABLE: {
    status: 500,
    message:
      'NEAR authentication requires session support. Did you forget to use express-session middleware?',
  },
  ERR_NEAR_STORE_FAILED: {
    status: 503,
    message: 'The challenge store failed, so the login could not be decided. Try again later.',
  },
  ERR_NEAR_RPC_UNAVAILABLE: {
    status: 503,
    message:
      'No NEAR RPC endpoint gave a usable response in time, so the login could not be decided. Try again later.',
  },
}

/**
 * A NEAR login that did not succeed: a stable `code`, the HTTP `status` that fits it, and the `cause` if there is one.
 *
 * The message is safe to show and to log: it holds no visitor data, no signature and no URL.
 */
export abstract class NearAuthError extends Error {
  readonly code: NearAuthErrorCode
  readonly status: number

  protected constructor(
    code: NearAuthErrorCode,
    { status, message }: ErrorDetails,
    options?: { cause?: unknown },
  ) {
    super(message, options)
    this.code = code
    this.status = status
  }
}

/** A rejected login. The strategy passes `{ code, message }` and the status to Passport's `fail`. */
export class NearLoginRejected extends NearAuthError {
  declare readonly code: RejectionCode
  override readonly name = 'NearLoginRejected'

  /** @param options - `cause`: the error behind this one; `hint`: fixed text that is added to the message */
  constructor(code: RejectionCode, { hint, ...options }: { cause?: unknown; hint?: string } = {}) {
    const { status, message } = REJECTIONS[code]
    super(code, { status, message: hint ? `${message} ${hint}` : message }, options)
  }
}

/** One for each code: its stack is never shown, and taking a stack costs as much as reading a login. */
const rejections = new Map<RejectionCode, NearLoginRejected>(
  (Object.keys(REJECTIONS) as RejectionCode[]).map((code) => [
    code,
    Object.freeze(new NearLoginRejected(code)),
  ]),
)

/**
 * A rejection that is returned. Throwing one costs as much as everything else that the server does for a login, except
 * the signature check; a flood consists of rejections.
 *
 * @internal
 */
export function rejection(code: RejectionCode): NearLoginRejected {
  return rejections.get(code)!
}

/** A rejection that says more than its code does. Make one for each text, at the start. @internal */
export function rejectionWithHint(code: RejectionCode, hint: string): NearLoginRejected {
  return Object.freeze(new NearLoginRejected(code, { hint }))
}

/** A login that failed without a decision. The strategy passes it to Passport's `error`; it is never a rejection. */
export class NearServiceError extends NearAuthError {
  declare readonly code: ServiceErrorCode
  override readonly name = 'NearServiceError'

  /**
   * @param options - `cause`: the error behind this one; `detail`: fixed text that is added to the message, such as
   *   `Endpoint 1 of 2: HTTP status 429`
   */
  constructor(code: ServiceErrorCode, options: { cause?: unknown; detail?: string | undefined } = {}) {
    const { cause, detail } = options
    const { status, message } = SERVICE_ERRORS[code]
    super(
      code,
      { status, message: detail ? `${message} (${detail})` : message },
      'cause' in options ? { cause } : {},
    )
  }
}

/**
 * A value that the application threw, as an error that is safe to pass to Passport and Express: both take a falsy error for none,
 * and give some strings a meaning.
 *
 * @param thrower - the application's function, for the message
 * @internal
 */
export function toError(thrown: unknown, thrower: string): unknown {
  if (typeof thrown === 'object' && thrown !== null) return thrown
  const message =
    typeof thrown === 'string' && thrown ? thrown : `${thrower} threw a value that is not an Error`
  return new Error(message, { cause: thrown })
}
