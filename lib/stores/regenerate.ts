import type { Session } from './browser-session'

/**
 * Lets something be carried over when a request's session is replaced: with a callback (express-session), with a
 * promise (@fastify/session) or at once (@fastify/secure-session). A session that cannot be replaced, or does not let itself
 * be watched, is left alone.
 *
 * @param leave - called as the replacing begins; what it returns is called with the new session
 */
export function onRegenerate(
  req: object,
  session: Session,
  leave: () => (newSession: Session) => void,
): void {
  if (typeof session.regenerate !== 'function') return
  const regenerate = session.regenerate as (...args: unknown[]) => unknown

  const watched = (...args: unknown[]): unknown => {
    const arrive = leave()
    const arriveInNewSession = (): void => {
      const { session: newSession } = req as { session?: Session | null }
      if (newSession) arrive(newSession)
    }
    const callback = args.at(-1)
    if (typeof callback === 'function') {
      return regenerate.call(session, ...args.slice(0, -1), (...outcome: unknown[]) => {
        arriveInNewSession()
        ;(callback as (...outcome: unknown[]) => void)(...outcome)
      })
    }
    const replaced = regenerate.apply(session, args)
    if (isPromise(replaced)) {
      return replaced.then((value) => {
        arriveInNewSession()
        return value
      })
    }
    arriveInNewSession()
    return replaced
  }
  // Not enumerable, so that it is neither saved nor copied with the session's content.
  Reflect.defineProperty(session, 'regenerate', {
    value: watched,
    configurable: true,
    writable: true,
    enumerable: false,
  })
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | null | undefined)?.then === 'function'
}
