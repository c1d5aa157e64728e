// The application's users, as the README's recipes expect them.
const users = [
  { id: 1, name: 'Alice', accounts: ['alice.near'] },
  { id: 2, name: 'Bob', accounts: ['bob.near'] },
]

export const findById = async (id) => users.find((user) => user.id === id)
export const findByAccount = async (accountId) => users.find(({ accounts }) => accounts.includes(accountId))

export async function link(id, accountId) {
  const user = await findById(id)
  user.accounts.push(accountId)
  return user
}
