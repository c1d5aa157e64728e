import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify(scrypt)
const LENGTH = 32

/** @param {string} password */
export async function hashPassword(password) {
  const salt = randomBytes(16).toString('hex')
  return { salt, hash: await hexHash(password, salt) }
}

/**
 * Whether a password is the one of a user. Without a user it takes the same time, so that the response time does not tell
 * whether a user name exists.
 *
 * @param {string} password
 * @param {{ password_salt: string | null, password_hash: string | null } | undefined} user
 */
export async function isPasswordOf(password, user) {
  const given = await hexHash(password, user?.password_salt ?? 'no such user')
  const known = user?.password_hash ?? '00'.repeat(LENGTH)
  return timingSafeEqual(Buffer.from(given, 'hex'), Buffer.from(known, 'hex'))
}

async function hexHash(password, salt) {
  return (await derive(password, salt, LENGTH)).toString('hex')
}
