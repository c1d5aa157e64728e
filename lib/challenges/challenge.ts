import { randomBytes } from 'node:crypto'

/*
 * Problem: a signature must be for this site, this browser, this purpose, and one use.
 * Mechanism: a challenge with a random nonce, which the server stores and consumes at its first use.
 * Threat: a stored challenge that was changed, has a time in the future, or was issued for another purpose or user.
 */

/** The default of `challengeMaxAge`, in milliseconds: 5 minutes. @internal */
export const DEFAULT_CHALLENGE_MAX_AGE = 300_000

/** A challenge as the browser gets it, for the wallet to sign. */
export interface Challenge {
  /** The text that the wallet shows. */
  message: string
  /** The site that the message is for. */
  recipient: string
  /** 32 random bytes in base64. */
  nonce: string
  /** The challenge's handle, to be sent back with the signature: 16 random bytes in base64url, or what the store returned. */
  state: string
  /** Where a redirecting wallet returns. */
  callbackUrl?: string
  /** The text that an account without keys authorizes (NEP-641). Present with the option `walletContracts`. */
  payload?: string
  /** The network that the authorization is for. Present with the option `walletContracts`. */
  chainId?: 'mainnet' | 'testnet'
}

/** A challenge as a store keeps it. */
export interface StoredChallenge {
  /** The challenge's handle. */
  state: string
  /** 32 bytes in base64. */
  nonce: string
  message: string
  callbackUrl?: string | null | undefined
  /** In milliseconds since 1970. */
  issuedAt: number
  /** How long the store keeps the challenge, in milliseconds since 1970. The strategy checks the age itself. */
  expiresAt: number
  /** What the challenge was drawn for: strategy, sign-in or linking, and a fixed message. */
  purpose: string
  /** A hash of the user who was signed in when the challenge was drawn; null if none was. */
  issuedTo: string | null
}

/** What a challenge is drawn for. @internal */
export interface ChallengeDraft {
  readonly message: string
  readonly callbackUrl: string | undefined
  /** In milliseconds. */
  readonly maxAge: number
  readonly purpose: string
  readonly issuedTo: string | null
}

/** Creates a challenge with a random nonce and handle. @internal */
export function createChallenge({
  message,
  callbackUrl,
  maxAge,
  purpose,
  issuedTo,
}: ChallengeDraft): StoredChallenge {
  const random = randomBytes(16 + 32)
  const issuedAt = Date.now()
  return {
    state: random.toString('base64url', 0, 16),
    nonce: random.toString('base64', 16),
    message,
    ...(callbackUrl !== undefined && { callbackUrl }),
    issuedAt,
    expiresAt: issuedAt + maxAge,
    purpose,
    issuedTo,
  }
}

/** Whether a challenge is older than `maxAge` milliseconds, or has expired in its store. @internal */
export function isExpired(
  { issuedAt, expiresAt }: Pick<ReturnedChallenge, 'issuedAt' | 'expiresAt'>,
  maxAge: number,
): boolean {
  const now = Date.now()
  return now - issuedAt > maxAge || (expiresAt !== undefined && now > expiresAt)
}

/** The application's message or callback URL does not fit into a sealed challenge. @internal */
export class ChallengeTooLongError extends TypeError {}

/** The tolerated difference between the clocks of two servers, in milliseconds. */
const CLOCK_TOLERANCE = 1000

/** Whether a challenge has an issue time in the future, so that its age is unknown. @internal */
export function isFromFuture({ issuedAt }: { issuedAt: number }): boolean {
  return issuedAt > Date.now() + CLOCK_TOLERANCE
}

/** 32 bytes in base64. */
const NONCE = /^[A-Za-z0-9+/]{43}=$/

/** A challenge that a store returned. A store may drop fields that it does not know, so these three may be absent. @internal */
export type ReturnedChallenge = Omit<StoredChallenge, 'expiresAt' | 'purpose' | 'issuedTo'> &
  Partial<Pick<StoredChallenge, 'expiresAt' | 'purpose' | 'issuedTo'>>

/** Whether a value is a challenge. The application can write to the session, and can bring its own store. @internal */
export function isStoredChallenge(value: unknown): value is ReturnedChallenge {
  if (typeof value !== 'object' || value === null) return false
  const fields = value as Partial<Record<string, unknown>>
  const { state, nonce, message, callbackUrl, issuedAt, expiresAt, purpose, issuedTo } = fields
  return (
    typeof state === 'string' &&
    typeof nonce === 'string' &&
    NONCE.test(nonce) &&
    isText(message) &&
    (callbackUrl === undefined || callbackUrl === null || isText(callbackUrl)) &&
    Number.isFinite(issuedAt) &&
    (expiresAt === undefined || Number.isFinite(expiresAt)) &&
    (purpose === undefined || typeof purpose === 'string') &&
    (issuedTo === undefined || issuedTo === null || typeof issuedTo === 'string')
  )
}

/** A text that can have been signed: UTF-8 has no bytes for a lone surrogate. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed()
}
