import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const hashPassword = promisify(scrypt)

const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS users (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     username text UNIQUE,
     password_salt text,
     password_hash text,
     created_at timestamptz NOT NULL DEFAULT now()
   )`,
  `CREATE TABLE IF NOT EXISTS near_accounts (
     network text NOT NULL,
     account_id text NOT NULL,
     user_id bigint NOT NULL REFERENCES users (id),
     linked_at timestamptz NOT NULL DEFAULT now(),
     last_login_at timestamptz,
     PRIMARY KEY (network, account_id)
   )`,
]

/** Any number that nothing else in the database uses. */
const SCHEMA_LOCK = 20251121

/** The site's users: each signs in with any of their NEAR accounts, or with a password. */
export class Users {
  #database

  constructor(database) {
    this.#database = database
  }

  /** Creates the tables, and a user with a password to try the other way in. */
  async prepare() {
    await this.#database.transaction(async (query) => {
      // Of several processes that start at once one creates the tables: IF NOT EXISTS alone lets them collide.
      await query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK])
      for (const statement of SCHEMA) await query(statement)
    })
    if (!(await this.#byUsername('demo'))) await this.createWithPassword('demo', 'near-demo')
  }

  /** The user with the NEAR accounts that are linked, or undefined. */
  async find(id) {
    const [user] = await this.#database.query('SELECT id, username, created_at FROM users WHERE id = $1', [
      id,
    ])
    if (!user) return undefined
    const accounts = await this.#database.query(
      'SELECT network, account_id, linked_at, last_login_at FROM near_accounts WHERE user_id = $1 ORDER BY linked_at, account_id',
      [id],
    )
    return { id: String(user.id), username: user.username, createdAt: user.created_at, accounts }
  }

  /** The user whose NEAR account this is; a new one at the account's first login. */
  async findOrCreateByNear({ network, accountId }) {
    const id = (await this.#login(network, accountId)) ?? (await this.#createWithNear(network, accountId))
    return this.find(id)
  }

  /**
   * Links a NEAR account to a user.
   *
   * @returns whether it is linked now: false if it belongs to another user
   */
  async link(userId, { network, accountId }) {
    await this.#database.query(
      'INSERT INTO near_accounts (network, account_id, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [network, accountId, userId],
    )
    const [account] = await this.#database.query(
      'SELECT user_id FROM near_accounts WHERE network = $1 AND account_id = $2',
      [network, accountId],
    )
    return String(account.user_id) === String(userId)
  }

  async createWithPassword(username, password) {
    const salt = randomBytes(16).toString('hex')
    const hash = (await hashPassword(password, salt, 32)).toString('hex')
    await this.#database.query(
      'INSERT INTO users (username, password_salt, password_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [username, salt, hash],
    )
  }

  /** The user with this name and password, or undefined. */
  async findByPassword(username, password) {
    if (![username, password].every(isText)) return undefined
    const user = await this.#byUsername(username)
    // Where there is no such user the time is spent as well: it must not tell whether a name is taken.
    const given = await hashPassword(password, user?.password_salt ?? 'no such user', 32)
    const known = Buffer.from(user?.password_hash ?? '00'.repeat(32), 'hex')
    return timingSafeEqual(given, known) ? this.find(user.id) : undefined
  }

  async #byUsername(username) {
    const [user] = await this.#database.query(
      'SELECT id, password_salt, password_hash FROM users WHERE username = $1',
      [username],
    )
    return user
  }

  /** @returns the user's id, or undefined at an account's first login */
  async #login(network, accountId) {
    const [account] = await this.#database.query(
      'UPDATE near_accounts SET last_login_at = now() WHERE network = $1 AND account_id = $2 RETURNING user_id',
      [network, accountId],
    )
    return account?.user_id
  }

  /** Of several first logins at once one creates the user; the others find it. */
  async #createWithNear(network, accountId) {
    try {
      return await this.#database.transaction(async (query) => {
        const [user] = await query('INSERT INTO users DEFAULT VALUES RETURNING id')
        await query(
          'INSERT INTO near_accounts (network, account_id, user_id, last_login_at) VALUES ($1, $2, $3, now())',
          [network, accountId, user.id],
        )
        return user.id
      })
    } catch (error) {
      if (error.code !== UNIQUE_VIOLATION) throw error
      return this.#login(network, accountId)
    }
  }
}

/** Whether PostgreSQL can take a value for a text. */
function isText(value) {
  return typeof value === 'string' && !value.includes('\0')
}

/** @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
const UNIQUE_VIOLATION = '23505'
