import { NearServiceError } from '../errors'

/** So many sign-ins can be under way in one browser session, one in each tab. The oldest gives way. */
export const MAX_OPEN_CHALLENGES = 8

/** What session middleware puts into `req.session`: the application's data, and ours beside it. */
export type Session = Record<string, unknown>

/** @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) when the request has no session */
export function sessionOf(req: object): Session {
  const session = findSession(req)
  if (session) return session
  throw new NearServiceError('ERR_NEAR_SESSION_UNAVAILABLE')
}

/** The request's session, or undefined where there is none. */
export function findSession(req: object): Session | undefined {
  const { session } = req as { session?: unknown }
  return typeof session === 'object' && session !== null ? (session as Session) : undefined
}

/** Whether nothing has been put into a session, so that, in all likelihood, it is a new one. */
export function isEmpty(session: Session): boolean {
  return Object.keys(session).every((property) => property === 'cookie')
}

/**
 * Saves a new session before the browser is told what is in it. By itself express-session sends the answer but for its last
 * byte, then saves, and cannot take the answer back when that fails; besides, one packet costs the server less than two.
 *
 * Others save before they answer: only express-session's have a `save` of their own. One that is known to the store already is
 * left to its middleware, which would write it a second time, to say that it is still in use.
 *
 * @throws what the application's session store fails with
 */
export async function saveNew(session: Session): Promise<void> {
  const { save } = session
  if (typeof save !== 'function' || !Object.hasOwn(session, 'save')) return
  await new Promise<void>((resolve, reject) => {
    const callback = (error?: Error | null): void => (error ? reject(error) : resolve())
    save.call(session, callback)
  })
}

/** The session's id, where express-session, @fastify/session and koa-session with a store have it. */
export function findSessionId(req: object): unknown {
  const { sessionID } = req as { sessionID?: unknown }
  const session = findSession(req)
  return sessionID ?? session?.sessionId ?? session?.externalKey ?? session?.id
}
