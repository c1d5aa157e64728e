import { NearServiceError } from '../errors'
import { setTimeoutAfterIo } from '../timeout'

/*
 * Problem: session libraries differ in when they save, and Passport replaces the session at login.
 * Mechanism: a session is saved before the browser or the network is answered; `regenerate` is wrapped to carry data over.
 * Threat: a challenge that the browser has and no session, or that works again after a crash.
 */

/** The most challenges that one browser session holds, one for each tab. The oldest is evicted. */
export const MAX_PENDING_CHALLENGES = 8

/** The content of `req.session`: the application's data, and ours beside it. */
export type Session = Record<string, unknown>

/** The request's session, or undefined if there is none. */
export function getSession(req: object): Session | undefined {
  const { session } = req as { session?: unknown }
  return typeof session === 'object' && session !== null ? (session as Session) : undefined
}

/** @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) when the request has no session */
export function requireSession(req: object): Session {
  const session = getSession(req)
  if (session) return session
  throw new NearServiceError('ERR_NEAR_SESSION_UNAVAILABLE')
}

/**
 * The session's id, as express-session, @fastify/session and koa-session with a store have it.
 *
 * A field of the session's content is the application's, such as a user's id, and identifies no browser.
 */
export function getSessionId(req: object): unknown {
  const { sessionID } = req as { sessionID?: unknown }
  if (sessionID !== undefined) return sessionID
  const session = getSession(req)
  if (!session) return undefined
  const name = ['sessionId', 'externalKey'].find((each) => each in session && !Object.hasOwn(session, each))
  return name && session[name]
}

/** How long an application's session store may take to save a session, in milliseconds. */
const SAVE_TIMEOUT = 5000

/**
 * Saves a new session of express-session before the browser gets the challenge. express-session saves while the response is being
 * sent, so a failed save cannot change the response. Saving first turns that into a 503, and the response into one packet.
 *
 * A session that the browser already has is not saved here: express-session would write it twice. Other middleware saves before it responds.
 *
 * @throws whatever the application's session store fails with, or an error when it times out
 */
export function saveNewSession(session: Session): Promise<void> | undefined {
  return isExpressSession(session) && !isKnownToBrowser(session) ? save(session) : undefined
}

/**
 * Saves a session that is kept in a store, after a challenge was taken out of it. The process may end during the key check;
 * without this, the challenge would work again after the restart. A session that is a cookie cannot be saved before the response.
 *
 * @throws whatever the application's session store fails with, or an error when it times out
 */
export function saveStoredSession(session: Session): Promise<void> | undefined {
  const isCookie = 'externalKey' in session && session.externalKey === undefined // koa-session without a store
  return typeof session.regenerate === 'function' && !isCookie ? save(session) : undefined
}

function save(session: Session): Promise<void> | undefined {
  const { save } = session
  if (typeof save !== 'function') return undefined
  return new Promise((resolve, reject) => {
    const clear = setTimeoutAfterIo(
      () => reject(new Error(`The session was not saved within ${SAVE_TIMEOUT} ms`)),
      SAVE_TIMEOUT,
    )
    try {
      save.call(session, (error?: Error | null) => {
        clear()
        if (error) reject(error)
        else resolve()
      })
    } catch (error) {
      clear()
      throw error
    }
  })
}

type Save = (callback?: (error?: unknown) => void) => unknown

/**
 * Adds data to the session that Passport makes for a login. Passport writes the user into it and saves it.
 *
 * @param beforeFirstSave - called before the first save
 */
export function wrapSave(session: Session, beforeFirstSave: () => void): void {
  if (typeof session.save !== 'function') return
  const save = session.save as Save
  const write = isExpressSession(session) ? skipUnchanged(session, save) : save
  let isFirst = true
  const wrapped: Save = (callback) => {
    if (isFirst) beforeFirstSave()
    isFirst = false
    return write.call(session, callback)
  }
  replaceMethod(session, 'save', wrapped)
}

/**
 * Leaves out the saves of a new session of express-session that would write what the store already has.
 *
 * Passport saves the session at login. express-session takes it for unsaved, because its id is new, and saves it again before it sends
 * the response's last byte. That costs a write to the store and a second packet.
 */
function skipUnchanged(session: ExpressSession, save: Save): Save {
  let saved: string | undefined
  let latest: object | undefined
  return (callback) => {
    const content = contentOf(session)
    if (content === saved) {
      callback?.()
      return session
    }
    // While a write is pending, and after one that was overtaken by another, the store's content is unknown.
    saved = undefined
    const write = (latest = {})
    return save.call(session, (error) => {
      if (!error && write === latest) saved = content
      callback?.(error)
    })
  }
}

/** The content to compare, without the time at which the cookie expires: express-session sets that time anew with each request. */
function contentOf(session: ExpressSession): string {
  const content = JSON.stringify(session)
  const expires = session.cookie?.expires
  return expires instanceof Date ? content.replace(JSON.stringify(expires), '') : content
}

/** Replaces a method of a session. Not enumerable, so that it is neither saved nor copied with the session's content. */
function replaceMethod(session: Session, name: string, value: (...args: never[]) => unknown): void {
  Reflect.defineProperty(session, name, { value, configurable: true, writable: true, enumerable: false })
}

/** Among the sessions with a `save` method, only express-session's have their request as an own property. */
type ExpressSession = Session & {
  id: string
  req: { headers?: { cookie?: string } }
  cookie?: { expires?: unknown }
}

function isExpressSession(session: Session): session is ExpressSession {
  return Object.hasOwn(session, 'req') && typeof session.id === 'string'
}

/** Whether the session's id came with the request. The id of a new session is random. */
function isKnownToBrowser({ id, req }: ExpressSession): boolean {
  return req.headers?.cookie?.includes(id) ?? false
}

/**
 * Carries data over when a request's session is replaced: with a callback (express-session), with a promise (@fastify/session) or
 * synchronously (@fastify/secure-session). A session without `regenerate`, or whose `regenerate` cannot be replaced, is left alone.
 *
 * @param beforeRegenerate - called when the replacement starts; its result is called with the new session
 */
export function wrapRegenerate(
  req: object,
  session: Session,
  beforeRegenerate: () => (newSession: Session) => void,
): void {
  if (typeof session.regenerate !== 'function') return
  const regenerate = session.regenerate as (...args: unknown[]) => unknown

  const wrapped = (...args: unknown[]): unknown => {
    const afterRegenerate = beforeRegenerate()
    const carryOver = (): void => {
      const newSession = getSession(req)
      if (newSession) afterRegenerate(newSession)
    }
    const callback = args.at(-1)
    if (typeof callback === 'function') {
      return regenerate.call(session, ...args.slice(0, -1), (...outcome: unknown[]) => {
        carryOver()
        ;(callback as (...outcome: unknown[]) => void)(...outcome)
      })
    }
    const replaced = regenerate.apply(session, args)
    if (isPromise(replaced)) {
      return replaced.then((value) => {
        carryOver()
        return value
      })
    }
    carryOver()
    return replaced
  }
  replaceMethod(session, 'regenerate', wrapped)
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | null | undefined)?.then === 'function'
}
