import { NearServiceError } from '../errors'
import { within } from '../patience'

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

/** How long an application's session store may take to save a session, in milliseconds. */
const SAVE_TIMEOUT = 5000
const NOT_SAVED = `The session was not saved within ${SAVE_TIMEOUT} ms`

/**
 * Saves a new session of express-session before the browser is told what is in it. By itself express-session sends the answer
 * but for its last byte, then saves, and cannot take the answer back when that fails; besides, one packet costs the server
 * less than two. A session that the browser knows is left to it: it would be written twice, to say that it is still in use.
 *
 * Other middleware saves before it answers.
 *
 * @throws what the application's session store fails with, or that it did not answer in time
 */
export async function saveNewSession(session: Session): Promise<void> {
  const { save } = session
  if (typeof save !== 'function' || !isExpressSession(session) || isKnownToBrowser(session)) return
  await within(
    SAVE_TIMEOUT,
    NOT_SAVED,
    () =>
      new Promise<void>((resolve, reject) => {
        save.call(session, (error?: Error | null) => (error ? reject(error) : resolve()))
      }),
  )
}

/** Of those that can be saved only express-session's has its request as a property of its own. */
type ExpressSession = Session & { id: string; req: { headers?: { cookie?: string } } }

function isExpressSession(session: Session): session is ExpressSession {
  return Object.hasOwn(session, 'req') && typeof session.id === 'string'
}

/** Whether the session's id came with the request: a new session's is random. */
function isKnownToBrowser({ id, req }: ExpressSession): boolean {
  return req.headers?.cookie?.includes(id) ?? false
}

/** The session's id, where express-session, @fastify/session and koa-session with a store have it. */
export function findSessionId(req: object): unknown {
  const { sessionID } = req as { sessionID?: unknown }
  const session = findSession(req)
  return sessionID ?? session?.sessionId ?? session?.externalKey ?? session?.id
}
