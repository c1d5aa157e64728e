import { createHash, randomBytes } from 'node:crypto'
import type { Session } from './session'

/*
 * Problem: challenges that are kept outside of the session need a key, and Passport replaces the session at login.
 * Mechanism: a key is a hash of the session's id. A session remembers the key of the session that it replaced.
 * Threat: a reader of the store who learns session ids; a planted session whose holder knows its id.
 */

/** The data that a session keeps about its keys. */
interface KeyRecord {
  /** Part of this session's key: a session whose id stays the same at login gets another key. */
  readonly salt?: string
  /** The key of the replaced session, and until when its challenges can be answered, in milliseconds since 1970. */
  readonly previous?: readonly [key: string, expiresAt: number]
}

/** The keys that may hold a browser's challenges. */
export interface Keys {
  readonly own: string
  /** The key of the session that this one replaced: challenges of the browser's other tabs were issued there. */
  readonly previous: string | undefined
}

/** The keys of a session's challenges outside of the session. */
export class SessionKeys {
  readonly #property: string

  /** @param property - the session's property that holds the record */
  constructor(property: string) {
    this.#property = property
  }

  /** @param session - undefined if the application knows the session's id and has no session */
  keysFor(id: string, session: Session | undefined): Keys {
    const { salt = '', previous } = this.#read(session)
    const own = createHash('sha256').update(`${salt} ${id}`).digest().toString('base64url', 0, 16)
    const isValid = previous && previous[1] > Date.now()
    return { own, previous: isValid ? previous[0] : undefined }
  }

  /** Leaves a property in an empty session, so that the session is saved and gets a cookie. */
  initialize(session: Session): void {
    if (session[this.#property] === undefined) session[this.#property] = {}
  }

  /**
   * Remembers a key when the session is about to be replaced.
   *
   * @param key - that still holds challenges, or undefined
   * @param expiresAt - of these challenges, in milliseconds since 1970
   * @returns a function to be called with the new session
   */
  rotate(session: Session, key: string | undefined, expiresAt: number): (newSession: Session) => void {
    const record: KeyRecord = {
      salt: randomBytes(12).toString('base64url'),
      ...(key !== undefined && { previous: [key, expiresAt] }),
    }
    // Some sessions stay the same object, and keepSessionInfo copies the old session's fields to the new one.
    session[this.#property] = record
    return (newSession) => (newSession[this.#property] = record)
  }

  #read(session: Session | undefined): KeyRecord {
    const { salt, previous } = Object(session?.[this.#property]) as Partial<Record<keyof KeyRecord, unknown>>
    return {
      ...(typeof salt === 'string' && { salt }),
      ...(isPrevious(previous) && { previous }),
    }
  }
}

function isPrevious(value: unknown): value is [string, number] {
  return Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'number'
}
