import { hashPassword, isPasswordOf } from './passwords.mjs'
import { createTables } from './schema.mjs'

/** @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
const UNIQUE_VIOLATION = '23505'

/** The site's users. A user signs in with any of their NEAR accounts, or with a password. */
export class Users {
  #database

  constructor(database) {
    this.#database = database
  }

  createTables() {
    return createTables(this.#database)
  }

  /** The user with their NEAR accounts, or undefined. */
  async find(id) {
    const [user] = await this.#database.query(
      'SELECT id, username, password_hash IS NOT NULL AS has_password, created_at FROM users WHERE id = $1',
      [id],
    )
    if (!user) return undefined
    const accounts = await this.#database.query(
      'SELECT network, account_id, linked_at, last_login_at FROM near_accounts WHERE user_id = $1 ORDER BY linked_at, account_id',
      [id],
    )
    return {
      id: String(user.id),
      displayName: user.username ?? accounts[0]?.account_id ?? `User ${user.id}`,
      hasPassword: user.has_password,
      createdAt: user.created_at,
      accounts,
    }
  }

  /** The user of this NEAR account; a new user at the account's first login. */
  async findOrCreateByNear({ network, accountId }) {
    const id = (await this.#login(network, accountId)) ?? (await this.#createWithNear(network, accountId))
    return this.find(id)
  }

  /**
   * Links a NEAR account to a user.
   *
   * @returns {Promise<boolean>} false if the account belongs to another user
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
    return String(account?.user_id) === String(userId)
  }

  /**
   * Unlinks a NEAR account from a user who keeps another way to sign in.
   *
   * @returns {Promise<'unlinked' | 'not-linked' | 'last-way-in'>}
   */
  async unlink(userId, { network, accountId }) {
    if (![network, accountId].every(isText)) return 'not-linked'
    return this.#database.transaction(async (query) => {
      // The row lock makes concurrent calls wait: otherwise two of them count two accounts and remove one each.
      const [user] = await query('SELECT password_hash FROM users WHERE id = $1 FOR UPDATE', [userId])
      const accounts = await query('SELECT network, account_id FROM near_accounts WHERE user_id = $1', [
        userId,
      ])
      const isLinked = accounts.some((row) => row.network === network && row.account_id === accountId)
      if (!isLinked) return 'not-linked'
      if (accounts.length === 1 && !user.password_hash) return 'last-way-in'
      await query('DELETE FROM near_accounts WHERE user_id = $1 AND network = $2 AND account_id = $3', [
        userId,
        network,
        accountId,
      ])
      return 'unlinked'
    })
  }

  /** The user's pretend payments, the latest first. */
  payments(userId) {
    return this.#database.query(
      'SELECT amount, receiver, confirmed_by FROM payments WHERE user_id = $1 ORDER BY id DESC LIMIT 5',
      [userId],
    )
  }

  addPayment(userId, { amount, receiver, accountId }) {
    return this.#database.query(
      'INSERT INTO payments (user_id, amount, receiver, confirmed_by) VALUES ($1, $2, $3, $4)',
      [userId, amount, receiver, accountId],
    )
  }

  /** Creates a user, unless the user name exists. */
  async createWithPassword(username, password) {
    const { salt, hash } = await hashPassword(password)
    await this.#database.query(
      'INSERT INTO users (username, password_salt, password_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [username, salt, hash],
    )
  }

  /** The user with this name and password, or undefined. */
  async findByPassword(username, password) {
    if (![username, password].every(isText)) return undefined
    const [user] = await this.#database.query(
      'SELECT id, password_salt, password_hash FROM users WHERE username = $1',
      [username],
    )
    return (await isPasswordOf(password, user)) ? this.find(user.id) : undefined
  }

  /** @returns the user's id, or undefined at an account's first login */
  async #login(network, accountId) {
    const [account] = await this.#database.query(
      'UPDATE near_accounts SET last_login_at = now() WHERE network = $1 AND account_id = $2 RETURNING user_id',
      [network, accountId],
    )
    return account?.user_id
  }

  /** Of several concurrent first logins one creates the user; the others find it. */
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

/** Whether PostgreSQL takes a value as a text. */
function isText(value) {
  return typeof value === 'string' && !value.includes('\0')
}
