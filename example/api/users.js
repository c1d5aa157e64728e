// Users in memory, for the example only. Replace this file with queries to your database.
import { randomUUID } from 'node:crypto'

/** @typedef {{ id: string, accounts: string[] }} User */
/** @type {Map<string, User>} */
const byAccount = new Map()

/** @type {(id: string) => Promise<User | undefined>} */
export const findById = async (id) => [...byAccount.values()].find((user) => user.id === id)

/** @type {(accountId: string) => Promise<User>} */
export async function findOrCreate(accountId) {
  return byAccount.get(accountId) ?? add({ id: randomUUID(), accounts: [] }, accountId)
}

/** @type {(user: User, accountId: string) => Promise<User | false>} `false` if another user has the account. */
export async function link(user, accountId) {
  const owner = byAccount.get(accountId)
  return owner ? owner.id === user.id && owner : add(user, accountId)
}

/** @type {(user: User, accountId: string) => User} */
function add(user, accountId) {
  user.accounts.push(accountId)
  byAccount.set(accountId, user)
  return user
}
