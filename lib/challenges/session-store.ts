import { describeValue, validateOptions } from '../validate'
import { isStoredChallenge, type ReturnedChallenge, type StoredChallenge } from './challenge'
import type { ChallengeStore } from './challenge-store'
import { warnAboutOtherProcesses } from './other-processes'
import { processReplayCache } from './replay-cache'
import {
  MAX_PENDING_CHALLENGES,
  requireSession,
  saveNewSession,
  saveStoredSession,
  wrapRegenerate,
  type Session,
} from './session'

/*
 * Problem: a browser without a user has nothing but its session.
 * Mechanism: challenges are a field of the session, at most 8; a replay cache makes each usable once.
 * Threat: a replay, or a signature that was made for another browser.
 */

/** How long a consumed challenge is remembered if it does not say when it expires: one day, in milliseconds. */
const UNKNOWN_LIFETIME = 24 * 60 * 60 * 1000

type KeptChallenge = ReturnedChallenge & { serial?: unknown }

/** Options of a {@link SessionChallengeStore}. */
export interface SessionChallengeStoreOptions {
  /**
   * The session's property that holds the challenges.
   *
   * @defaultValue `near:challenges`
   */
  key?: string | undefined
}

/**
 * Keeps challenges in `req.session`, of any session middleware.
 *
 * A challenge is used exactly once within one process, whatever the number of strategies and stores. Several processes that
 * share a session store can each accept the same challenge at the same moment: use {@link RedisChallengeStore} there.
 *
 * @example
 * ```js
 * new NearStrategy({ recipient: 'app.example.com', store: new SessionChallengeStore() }, verify) // the default
 * ```
 */
export class SessionChallengeStore implements ChallengeStore {
  readonly #key: string
  readonly #consumed = processReplayCache()

  /** @throws {TypeError} when an option is wrong */
  constructor(options: SessionChallengeStoreOptions = {}) {
    validateOptions<SessionChallengeStoreOptions>('SessionChallengeStore', options, { key: true })
    const { key = 'near:challenges' } = options
    if (typeof key !== 'string' || key === '') {
      throw new TypeError(
        `SessionChallengeStore: option "key" must be a non-empty string; got ${describeValue(key)}`,
      )
    }
    this.#key = key
  }

  /**
   * Adds a challenge to the session, and saves a new session of express-session. Of more than 8 challenges, the oldest is evicted.
   *
   * @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) when the request has no session
   * @throws whatever the session's store fails with
   */
  async issue(req: object, challenge: StoredChallenge): Promise<void> {
    warnAboutOtherProcesses()
    const session = requireSession(req)
    const kept = { ...challenge, serial: this.#consumed.nextSerial() }
    this.#write(session, [...this.#pending(session), kept].slice(-MAX_PENDING_CHALLENGES))
    await saveNewSession(session)
  }

  /**
   * Takes a challenge out of the session, and saves a session that is kept in a store.
   *
   * @param state - the challenge's handle, or undefined for the latest of this purpose
   * @returns the challenge, or undefined if there is none
   * @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) when the request has no session
   * @throws whatever the session's store fails with
   */
  async consume(
    req: object,
    state: string | undefined,
    purpose: string,
  ): Promise<StoredChallenge | undefined> {
    const session = requireSession(req)
    const pending = this.#pending(session)
    const taken =
      state === undefined
        ? pending.findLast((challenge) => (challenge.purpose ?? purpose) === purpose)
        : pending.find((challenge) => challenge.state === state)
    if (!taken) return undefined
    this.#consumed.consume(taken.state, taken.serial, taken.expiresAt ?? Date.now() + UNKNOWN_LIFETIME)
    const others = pending.filter((challenge) => challenge.state !== taken.state)
    this.#write(session, others)
    if (others.length > 0) wrapRegenerate(req, session, () => this.#carryOver(session))
    await saveStoredSession(session)
    return taken as StoredChallenge
  }

  /** Passport replaces the session at login. The challenges of the browser's other tabs move to the new session. */
  #carryOver(session: Session): (newSession: Session) => void {
    const pending = this.#pending(session)
    return (newSession) => this.#write(newSession, pending)
  }

  /** The session's challenges that were not consumed, oldest first. */
  #pending(session: Session): KeptChallenge[] {
    const stored = session[this.#key]
    if (!Array.isArray(stored)) return []
    const challenges: KeptChallenge[] = stored.filter(isStoredChallenge)
    return challenges.filter(({ state, serial }) => !this.#consumed.isConsumed(state, serial))
  }

  /** Assigns a new value: @fastify/secure-session loses deletions and nested changes. */
  #write(session: Session, challenges: KeptChallenge[]): void {
    session[this.#key] = challenges.length > 0 ? challenges : undefined
  }
}
