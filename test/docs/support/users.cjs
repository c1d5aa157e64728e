// The application's users, in memory, with the interface that the pages use.
const users = []

const findById = async (id) => users.find((user) => user.id === id)
const findByAccount = async (accountId) => users.find(({ accounts }) => accounts.includes(accountId))

async function findOrCreate(accountId, network = 'mainnet') {
  const found = users.find((user) => user.network === network && user.accounts.includes(accountId))
  if (found) return found
  const user = { id: users.length + 1, name: accountId, accounts: [accountId], network, hasPassword: false }
  users.push(user)
  return user
}

async function link(id, accountId) {
  const owner = await findByAccount(accountId)
  if (owner && owner.id !== id) return undefined
  const user = await findById(id)
  if (!owner) user.accounts.push(accountId)
  return user
}

async function unlink(id, accountId) {
  const user = await findById(id)
  const left = user.accounts.filter((each) => each !== accountId)
  if (left.length === 0 && !user.hasPassword) return undefined
  user.accounts = left
  return user
}

module.exports = { findById, findByAccount, findOrCreate, link, unlink }
