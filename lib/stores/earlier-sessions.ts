import { createHash, randomBytes } from 'node:crypto'
import type { Session } from './browser-session'

/** So many replaced sessions are remembered; each may still hold a challenge of another tab. */
const MAX_EARLIER = 8

/** What a session remembers of those that it replaced. */
interface Memory {
  /** Part of this session's name: so a session whose id stays the same at login has another name after it. */
  readonly salt?: string
  /** The replaced sessions that may hold open challenges, the latest first, and until when, in milliseconds since 1970. */
  readonly earlier?: readonly (readonly [name: string, until: number])[]
}

/** The names under which a browser's challenges may be kept outside of its session. */
export interface SessionNames {
  readonly own: string
  /** Those of the sessions that this one replaced, the latest first. */
  readonly earlier: readonly string[]
}

/**
 * Names a browser's session by a hash of its id, so that whoever reads the names has nobody's session; and remembers in the
 * session itself which sessions it replaced when its user signed in, because challenges of other tabs were issued to those.
 *
 * @param property - of the session, where it is remembered
 */
export class EarlierSessions {
  readonly #property: string

  constructor(property: string) {
    this.#property = property
  }

  /** @param session - undefined where the session's id is known to somebody else and nothing can be remembered */
  names(id: string, session: Session | undefined): SessionNames {
    const { salt = '', earlier } = this.#read(session)
    const own = createHash('sha256').update(`${salt} ${id}`).digest().toString('base64url', 0, 16)
    return { own, earlier: earlier.filter(([, until]) => until > Date.now()).map(([name]) => name) }
  }

  /** Makes a session that was empty one that is saved and has a cookie; one that has our property is left as it is. */
  touch(session: Session): void {
    if (session[this.#property] === undefined) session[this.#property] = {}
  }

  /**
   * Remembers, as a session is about to be replaced, which names its challenges are kept under.
   *
   * @param names - that still hold challenges, the latest first
   * @param until - when these are too old to be answered
   * @returns a function that is to be called with the new session
   */
  replace(session: Session, names: readonly string[], until: number): (newSession: Session) => void {
    const known = new Map(this.#read(session).earlier)
    const memory: Memory = {
      salt: randomBytes(12).toString('base64url'),
      earlier: names.slice(0, MAX_EARLIER).map((name) => [name, known.get(name) ?? until]),
    }
    // Some sessions stay the same object, and with keepSessionInfo Passport copies the old one's fields over the new one's.
    session[this.#property] = memory
    return (newSession) => (newSession[this.#property] = memory)
  }

  #read(session: Session | undefined): { salt: string | undefined; earlier: [string, number][] } {
    const { salt, earlier } = Object(session?.[this.#property]) as Partial<Record<keyof Memory, unknown>>
    return {
      salt: typeof salt === 'string' ? salt : undefined,
      earlier: Array.isArray(earlier) ? earlier.filter(isEarlier) : [],
    }
  }
}

function isEarlier(value: unknown): value is [string, number] {
  return Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'number'
}
