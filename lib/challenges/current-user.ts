import { createHash } from 'node:crypto'
import { describeValue } from '../validate'
import { getSession } from './session'

/*
 * Problem: a challenge to link an account belongs to the user who drew it, not to the browser.
 * Mechanism: a hash of the signed-in user is kept with the challenge and compared when the challenge is consumed.
 * Threat: a tab of the previous user of a shared computer, whatever the session library keeps at login and logout.
 */

/**
 * The user who is signed in, as Passport serialised it into the session. Passport keeps `{ user }` under `passport`,
 * @fastify/passport the serialised user itself.
 */
export function serializedUser(req: object): string | undefined {
  const kept: unknown = getSession(req)?.passport
  const user = isPassportSession(kept) ? kept.user : kept
  return user === undefined || user === null || user === false ? undefined : JSON.stringify(user)
}

function isPassportSession(value: unknown): value is { user?: unknown } {
  return typeof value === 'object' && value !== null && Object.keys(value).every((key) => key === 'user')
}

/**
 * Hashes the user who is signed in, so that a challenge that is kept elsewhere shows nothing about the user.
 *
 * @param currentUser - the option of the strategy
 * @returns null if no user is signed in
 * @throws {TypeError} when the option returned anything but a string or undefined
 */
export function hashCurrentUser<Request extends object>(
  req: Request,
  currentUser: (req: Request) => unknown,
): string | null {
  const user = currentUser(req)
  if (user === undefined || user === null || user === '') return null
  if (typeof user !== 'string') {
    throw new TypeError(
      `NearStrategy: option "currentUser" must return a string, or undefined if no user is signed in; got ${describeValue(user)}`,
    )
  }
  return createHash('sha256').update(user).digest().toString('base64url', 0, 16)
}
