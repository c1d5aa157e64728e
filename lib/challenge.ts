import { randomBytes } from 'node:crypto'

/** @internal How long a challenge can be answered where nobody says otherwise, in milliseconds: 5 minutes. */
export const DEFAULT_CHALLENGE_MAX_AGE = 300_000

/** What a browser gets, to hand to the wallet. */
export interface Challenge {
  /** The text that the wallet shows. */
  message: string
  /** Who the message is for. */
  recipient: string
  /** 32 random bytes in base64. */
  nonce: string
  /** The challenge's handle, to be sent back with the signature: 16 random bytes in base64url. */
  state: string
  /** Where a redirecting wallet returns. */
  callbackUrl?: string
}

/** What the server remembers of a challenge. */
export interface StoredChallenge {
  state: string
  /** 32 bytes in base64. */
  nonce: string
  message: string
  callbackUrl?: string | null
  /** In milliseconds since 1970. */
  issuedAt: number
  /** Whether the session's user signed in after it was issued: then it can sign in again, but link nothing. */
  issuedBeforeLogin?: boolean
}

/**
 * Remembers challenges for the browser session behind a request.
 *
 * A store binds a challenge to the session, so that nobody can plant a signature in another's browser. It does not
 * check a challenge's age: that is the strategy's. Whatever it throws ends the login as `ERR_NEAR_STORE_FAILED` (503),
 * or as the {@link NearServiceError} that it is; so does an operation that takes more than five seconds.
 */
export interface ChallengeStore {
  /** Remembers a challenge for the session behind a request, beside those that it has. */
  issue(req: object, challenge: StoredChallenge): Promise<void>

  /**
   * Takes a challenge out, atomically: of any number of concurrent calls exactly one gets it.
   *
   * @param state - the challenge's handle, or undefined for the session's latest
   * @returns the challenge, or undefined (or null) if there is none
   */
  consume(req: object, state: string | undefined): Promise<StoredChallenge | null | undefined>

  /**
   * Called by each strategy that uses the store, with its `challengeMaxAge` in milliseconds: older challenges need not be
   * kept, nor what is remembered of spent ones.
   */
  keepFor?(maxAge: number): void
}

/** @internal Makes a challenge that nobody can foresee. */
export function createChallenge(message: string, callbackUrl: string | undefined): StoredChallenge {
  const random = randomBytes(16 + 32)
  return {
    state: random.toString('base64url', 0, 16),
    nonce: random.toString('base64', 16),
    message,
    ...(callbackUrl !== undefined && { callbackUrl }),
    issuedAt: Date.now(),
  }
}

/** @internal Whether a challenge is older than `maxAge` milliseconds. */
export function isExpired(challenge: StoredChallenge, maxAge: number): boolean {
  return Date.now() - challenge.issuedAt > maxAge
}

/** 32 bytes in base64. */
const NONCE = /^[A-Za-z0-9+/]{43}=$/

/** @internal Whether a value that a store gave back is a challenge: sessions are the application's, stores may be anybody's. */
export function isStoredChallenge(value: unknown): value is StoredChallenge {
  if (typeof value !== 'object' || value === null) return false
  const { state, nonce, message, callbackUrl, issuedAt } = value as Partial<Record<string, unknown>>
  return (
    typeof state === 'string' &&
    typeof nonce === 'string' &&
    NONCE.test(nonce) &&
    isText(message) &&
    (callbackUrl === undefined || callbackUrl === null || isText(callbackUrl)) &&
    Number.isFinite(issuedAt)
  )
}

/** A text that can have been signed: lone surrogates have no bytes. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed()
}
