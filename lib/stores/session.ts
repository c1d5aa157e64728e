import { isStoredChallenge, type ChallengeStore, type StoredChallenge } from '../challenge'
import { MAX_OPEN_CHALLENGES, saveNewSession, sessionOf, type Session } from './browser-session'
import { onRegenerate } from './regenerate'
import { SpentChallenges } from './spent'

/** How long a spent challenge is remembered where no strategy says how long challenges live: one day. */
const DEFAULT_MAX_AGE = 24 * 60 * 60 * 1000

/** As it is kept in the session. */
type KeptChallenge = StoredChallenge & { serial?: unknown }

/** Where in the session a {@link SessionChallengeStore} keeps its challenges. */
export interface SessionChallengeStoreOptions {
  /** The session's property that holds the challenges; default `near:challenges`. Two stores in one app use two. */
  key?: string
}

/**
 * Keeps challenges in `req.session`, whatever session middleware made it.
 *
 * A challenge is used exactly once within one process: a session is read whole and written whole, so parallel requests
 * all see the challenge and a slow one may write it back. A record of the spent ones settles both. Across several
 * processes a session store cannot promise that; use a store that takes challenges out atomically.
 */
export class SessionChallengeStore implements ChallengeStore {
  readonly #key: string
  readonly #spent = new SpentChallenges()
  #maxAge: number | undefined

  constructor({ key = 'near:challenges' }: SessionChallengeStoreOptions = {}) {
    if (typeof key !== 'string' || key === '') {
      throw new TypeError('SessionChallengeStore: option "key" must be a non-empty string')
    }
    this.#key = key
  }

  /**
   * Says how long challenges live; spent ones are remembered for the longest of all that were named.
   *
   * @param maxAge - in milliseconds
   */
  keepFor(maxAge: number): void {
    this.#maxAge = Math.max(this.#maxAge ?? 0, maxAge)
  }

  /**
   * Remembers a challenge; of more than 8 the oldest gives way. A new session of express-session is saved at once.
   *
   * @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) when the request has no session; whatever the
   *   session's store fails with
   */
  async issue(req: object, challenge: StoredChallenge): Promise<void> {
    const session = sessionOf(req)
    const kept = { ...challenge, serial: this.#spent.nextSerial() }
    this.#write(session, [...this.#open(session), kept].slice(-MAX_OPEN_CHALLENGES))
    await saveNewSession(session)
  }

  /**
   * Takes a challenge out of the session, so that it can be used once.
   *
   * @param state - the challenge's handle, or undefined for the latest
   * @returns the challenge, or undefined if there is none
   * @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) when the request has no session
   */
  async consume(req: object, state: string | undefined): Promise<StoredChallenge | undefined> {
    const session = sessionOf(req)
    const open = this.#open(session)
    const taken = state === undefined ? open.at(-1) : open.find((challenge) => challenge.state === state)
    if (!taken) return undefined
    this.#spent.add(taken.state, taken.serial, this.#maxAge ?? DEFAULT_MAX_AGE)
    const others = open.filter((challenge) => challenge.state !== taken.state)
    this.#write(session, others)
    if (others.length > 0) onRegenerate(req, session, () => this.#moveOtherTabs(session))
    return taken
  }

  /**
   * Passport replaces the session at login, and with it the challenges of the browser's other tabs would be gone. They
   * move to the new session, marked: whoever planted the old session knows them, and must not link anything to the user.
   */
  #moveOtherTabs(session: Session): (newSession: Session) => void {
    const moved = this.#open(session).map((challenge) => ({ ...challenge, issuedBeforeLogin: true }))
    this.#write(session, moved) // with keepSessionInfo, Passport copies the old session's fields over the new one's
    return (newSession) => this.#write(newSession, moved)
  }

  /** The session's challenges that have not been spent, oldest first. */
  #open(session: Session): KeptChallenge[] {
    const stored = session[this.#key]
    if (!Array.isArray(stored)) return []
    const challenges: KeptChallenge[] = stored.filter(isStoredChallenge)
    return challenges.filter(({ state, serial }) => !this.#spent.has(state, serial))
  }

  /** Assigns a whole new value: @fastify/secure-session loses deletions and nested changes. */
  #write(session: Session, challenges: StoredChallenge[]): void {
    session[this.#key] = challenges.length > 0 ? challenges : undefined
  }
}
