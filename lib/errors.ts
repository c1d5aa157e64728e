/**
 * Why a login was refused: the visitor, or what the visitor sent, is at fault.
 *
 * 400: `ERR_NEAR_CREDENTIALS_MISSING`, `ERR_NEAR_CREDENTIALS_INVALID`. 401: `ERR_NEAR_WALLET_REFUSED`, `ERR_NEAR_CHALLENGE_MISSING`,
 * `ERR_NEAR_CHALLENGE_EXPIRED`, `ERR_NEAR_SIGNATURE_INVALID`, `ERR_NEAR_ACCESS_KEY_NOT_FOUND`, `ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS`.
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

/**
 * Why a login could not be decided: the server, or something that it depends on, is at fault.
 *
 * 500: `ERR_NEAR_SESSION_UNAVAILABLE`. 503: `ERR_NEAR_STORE_FAILED`, `ERR_NEAR_RPC_UNAVAILABLE`.
 */
export type ServiceErrorCode =
  'ERR_NEAR_SESSION_UNAVAILABLE' | 'ERR_NEAR_STORE_FAILED' | 'ERR_NEAR_RPC_UNAVAILABLE'

/** Every code that a {@link NearAuthError} can carry. */
export type NearAuthErrorCode = RejectionCode | ServiceErrorCode

interface Explanation {
  readonly status: number
  readonly message: string
}

/** Messages are fixed text: no visitor data, no signature, no URL. */
const rejections: Readonly<Record<RejectionCode, Explanation>> = {
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
    message: 'The wallet did not sign: the request was refused or cancelled. Try again to sign in.',
  },
  ERR_NEAR_CHALLENGE_MISSING: {
    status: 401,
    message:
      'There is no open challenge for this login: it was used already, is too old, or was issued to another browser session. Ask for a new challenge and sign it.',
  },
  ERR_NEAR_CHALLENGE_EXPIRED: {
    status: 401,
    message: 'The challenge has expired. Ask for a new challenge and sign it.',
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
}

const serviceErrors: Readonly<Record<ServiceErrorCode, Explanation>> = {
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
      'No NEAR RPC endpoint gave a usable answer in time, so the login could not be decided. Try again later.',
  },
}

/**
 * What a NEAR login can end in other than success: a stable `code`, the HTTP `status` that fits it, and the `cause` where there is one.
 *
 * The message is fixed text for each code and safe to show and to log.
 */
export abstract class NearAuthError extends Error {
  readonly code: NearAuthErrorCode
  readonly status: number

  protected constructor(
    code: NearAuthErrorCode,
    { status, message }: Explanation,
    options?: { cause?: unknown },
  ) {
    super(message, options)
    this.code = code
    this.status = status
  }
}

/** A login that was refused. The strategy hands `{ code, message }` and the status to Passport's `fail`. */
export class NearLoginRejected extends NearAuthError {
  declare readonly code: RejectionCode
  override readonly name = 'NearLoginRejected'

  constructor(code: RejectionCode, options?: { cause?: unknown }) {
    super(code, rejections[code], options)
  }
}

/** One for each code: nobody sees where it was made, and to take the stack costs as much as reading a login. */
const refusals = new Map<RejectionCode, NearLoginRejected>(
  (Object.keys(rejections) as RejectionCode[]).map((code) => [
    code,
    Object.freeze(new NearLoginRejected(code)),
  ]),
)

/**
 * Why a login is refused, to be returned: to throw it costs the server as much as all that it does for a login beside
 * verifying the signature, and refusals are what it is flooded with.
 *
 * @internal
 */
export function refusal(code: RejectionCode): NearLoginRejected {
  return refusals.get(code)!
}

/** A login that could not be decided. The strategy hands it to Passport's `error`; it is never a refusal. */
export class NearServiceError extends NearAuthError {
  declare readonly code: ServiceErrorCode
  override readonly name = 'NearServiceError'

  constructor(code: ServiceErrorCode, options?: { cause?: unknown }) {
    super(code, serviceErrors[code], options)
  }
}

/**
 * What the application threw, as something that is safe to hand to Passport and Express: they take a falsy error for none,
 * and give some texts a meaning of their own.
 *
 * @param thrower - whose function threw it, for the message
 * @internal
 */
export function toError(thrown: unknown, thrower: string): unknown {
  if (typeof thrown === 'object' && thrown !== null) return thrown
  const message =
    typeof thrown === 'string' && thrown ? thrown : `${thrower} threw a value that is not an Error`
  return new Error(message, { cause: thrown })
}
