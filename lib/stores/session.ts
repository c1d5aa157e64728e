import { isStoredChallenge, type ChallengeStore, type StoredChallenge } from '../challenge'
import { NearServiceError } from '../errors'

/** So many sign-ins can be under way in one browser session, one in each tab. The oldest gives way. */
const MAX_OPEN_CHALLENGES = 8

/** How long a spent challenge is remembered where the caller does not say how long challenges live: one day. */
const DEFAULT_MAX_AGE = 24 * 60 * 60 * 1000

type Session = Record<string, unknown>

export interface SessionChallengeStoreOptions {
  /** The session's property that holds the challenges; default `near:challenges`. Two strategies in one app use two. */
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
  /** State of each spent challenge, with the time when it may be forgotten; in the order of their being spent. */
  readonly #spent = new Map<string, number>()

  constructor({ key = 'near:challenges' }: SessionChallengeStoreOptions = {}) {
    if (typeof key !== 'string' || key === '') {
      throw new TypeError('SessionChallengeStore: option "key" must be a non-empty string')
    }
    this.#key = key
  }

  /** @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) when the request has no session */
  async issue(req: object, challenge: StoredChallenge): Promise<void> {
    this.#write(req, [...this.#open(req), challenge].slice(-MAX_OPEN_CHALLENGES))
  }

  /**
   * Takes a challenge out of the session, so that it can be used once.
   *
   * @param state - the challenge's handle, or undefined for the latest
   * @returns the challenge, or undefined if there is none
   * @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) when the request has no session
   */
  async consume(
    req: object,
    state: string | undefined,
    { maxAge }: { maxAge: number } = { maxAge: DEFAULT_MAX_AGE },
  ): Promise<StoredChallenge | undefined> {
    const open = this.#open(req)
    const taken = state === undefined ? open.at(-1) : open.find((challenge) => challenge.state === state)
    if (!taken) return undefined
    this.#remember(taken.state, maxAge)
    this.#write(
      req,
      open.filter((challenge) => challenge.state !== taken.state),
    )
    this.#surviveLogin(req)
    return taken
  }

  /** The session's challenges that have not been spent, oldest first. */
  #open(req: object): StoredChallenge[] {
    const stored = sessionOf(req)[this.#key]
    if (!Array.isArray(stored)) return []
    return stored.filter(isStoredChallenge).filter(({ state }) => !this.#spent.has(state))
  }

  /** Assigns a whole new value: @fastify/secure-session loses deletions and nested changes. */
  #write(req: object, challenges: StoredChallenge[]): void {
    sessionOf(req)[this.#key] = challenges.length > 0 ? challenges : undefined
  }

  #remember(state: string, maxAge: number): void {
    const now = Date.now()
    for (const [spent, forgetAt] of this.#spent) {
      if (forgetAt > now) break
      this.#spent.delete(spent)
    }
    this.#spent.set(state, now + maxAge)
  }

  /**
   * Passport replaces the session at login, and with it the challenges of the browser's other tabs would be gone: they
   * move to the new session, unless they have been spent by then.
   */
  #surviveLogin(req: object): void {
    const session = sessionOf(req)
    if (typeof session.regenerate !== 'function' || this.#open(req).length === 0) return
    const regenerate = session.regenerate as (...args: unknown[]) => unknown
    const moveAndRegenerate = (callback: unknown, ...rest: unknown[]): unknown => {
      if (typeof callback !== 'function') return regenerate.call(session, callback, ...rest)
      const open = this.#open(req)
      return regenerate.call(session, (error: unknown) => {
        if (!error) this.#write(req, open)
        callback.call(undefined, error)
      })
    }
    Object.defineProperty(session, 'regenerate', {
      value: moveAndRegenerate,
      configurable: true,
      writable: true,
      enumerable: false,
    })
  }
}

function sessionOf(req: object): Session {
  const session = (req as { session?: unknown }).session
  if (typeof session !== 'object' || session === null)
    throw new NearServiceError('ERR_NEAR_SESSION_UNAVAILABLE')
  return session as Session
}
