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

/** The session's id, where express-session, @fastify/session and koa-session with a store have it. */
export function findSessionId(req: object): unknown {
  const { sessionID } = req as { sessionID?: unknown }
  const session = findSession(req)
  return sessionID ?? session?.sessionId ?? session?.externalKey ?? session?.id
}
