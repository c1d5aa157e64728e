import { NearLoginRejected, NearServiceError, rejection } from '../errors'
import { withTimeout } from '../timeout'
import {
  ChallengeTooLongError,
  isExpired,
  isFromFuture,
  isStoredChallenge,
  type ReturnedChallenge,
  type StoredChallenge,
} from './challenge'

/*
 * Problem: a store is the application's, a database's or a cookie's. It may fail, hang, or return another challenge.
 * Mechanism: a time limit, and checks of everything that a store returns.
 * Threat: a challenge of another tab, purpose or user that is consumed in place of the one that was signed.
 */

/**
 * Remembers challenges for the browser session behind a request.
 *
 * A store binds a challenge to the session, so that a signature cannot be planted in another browser. A store does not check
 * a challenge's age: the strategy does. An error of a store, or an operation of more than 5 seconds, ends the login as
 * `ERR_NEAR_STORE_FAILED` (503), or as the {@link NearServiceError} that was thrown.
 */
export interface ChallengeStore {
  /**
   * Remembers a challenge for the session behind a request, beside the session's other challenges.
   *
   * @returns nothing, or another handle, which is sent as `state` instead of the challenge's own
   */
  issue(req: object, challenge: StoredChallenge): Promise<string | void> // eslint-disable-line @typescript-eslint/no-invalid-void-type -- most stores return nothing

  /**
   * Takes a challenge out, atomically: of any number of concurrent calls, exactly one gets the challenge.
   *
   * @param state - the challenge's handle, or undefined for the session's latest challenge of this purpose
   * @param purpose - what the challenge must have been drawn for
   * @returns the challenge, with the handle that was asked for as `state`; undefined or null if there is none
   */
  consume(
    req: object,
    state: string | undefined,
    purpose: string,
  ): Promise<StoredChallenge | null | undefined>
}

/** How long an application's own store may take, in milliseconds. */
const STORE_TIMEOUT = 5000
const TIMED_OUT = `The challenge store did not respond within ${STORE_TIMEOUT} ms`

/** Gives an application's own store a time limit. @internal */
export function withStoreTimeout(store: ChallengeStore): ChallengeStore {
  return {
    issue: (req, challenge) => withTimeout(STORE_TIMEOUT, TIMED_OUT, () => store.issue(req, challenge)),
    consume: (req, state, purpose) =>
      withTimeout(STORE_TIMEOUT, TIMED_OUT, () => store.consume(req, state, purpose)),
  }
}

/**
 * Remembers a challenge.
 *
 * @returns the handle that the browser gets
 * @throws {NearServiceError} `ERR_NEAR_STORE_FAILED` (503), or whatever the store throws of this kind
 * @throws {NearLoginRejected} `ERR_NEAR_CODE_CHALLENGE_INVALID` (400) of a store that needs a code challenge
 * @throws {ChallengeTooLongError} of a store that seals challenges
 * @internal
 */
export async function issueChallenge(
  store: ChallengeStore,
  req: object,
  challenge: StoredChallenge,
): Promise<string> {
  let handle: unknown
  try {
    handle = await store.issue(req, challenge)
  } catch (cause) {
    if (cause instanceof NearLoginRejected || cause instanceof ChallengeTooLongError) throw cause
    throw toStoreError(cause)
  }
  return typeof handle === 'string' && handle !== '' ? handle : challenge.state
}

/** What a challenge must be to be accepted. @internal */
export interface Expectation {
  readonly state: string | undefined
  readonly purpose: string
  /** In milliseconds. */
  readonly maxAge: number
  /** Who must have drawn the challenge; undefined if that does not matter. */
  readonly issuedTo?: string | null | undefined
}

/**
 * Takes a challenge out of the store and checks that it is the expected one.
 *
 * @returns the challenge, or a rejection: `ERR_NEAR_CHALLENGE_MISSING` or `ERR_NEAR_CHALLENGE_EXPIRED` (401)
 * @throws {NearServiceError} `ERR_NEAR_STORE_FAILED` (503), or whatever the store throws of this kind
 * @internal
 */
export async function consumeChallenge(
  store: ChallengeStore,
  req: object,
  expected: Expectation,
): Promise<ReturnedChallenge | NearLoginRejected> {
  let challenge: unknown
  try {
    challenge = await store.consume(req, expected.state, expected.purpose)
  } catch (cause) {
    throw toStoreError(cause)
  }
  if (challenge === undefined || challenge === null) return rejection('ERR_NEAR_CHALLENGE_MISSING')
  if (!isStoredChallenge(challenge)) {
    throw toStoreError(new TypeError('The store returned a value that is neither a challenge nor undefined'))
  }
  if (!isExpected(challenge, expected)) return rejection('ERR_NEAR_CHALLENGE_MISSING')
  if (isExpired(challenge, expected.maxAge)) return rejection('ERR_NEAR_CHALLENGE_EXPIRED')
  return challenge
}

function isExpected(challenge: ReturnedChallenge, { state, purpose, issuedTo }: Expectation): boolean {
  if (state !== undefined && challenge.state !== state) return false
  if (isFromFuture(challenge)) return false
  // A store that drops these fields can be used for sign-in, and for nothing that depends on a user.
  if (issuedTo === undefined) return challenge.purpose === undefined || challenge.purpose === purpose
  return challenge.purpose === purpose && challenge.issuedTo === issuedTo
}

function toStoreError(cause: unknown): NearServiceError {
  return cause instanceof NearServiceError ? cause : new NearServiceError('ERR_NEAR_STORE_FAILED', { cause })
}
