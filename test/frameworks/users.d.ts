export interface User {
  id: number
  name: string
  accounts: string[]
}
export function findById(id: number): Promise<User | undefined>
export function findByAccount(accountId: string): Promise<User | undefined>
export function link(id: number, accountId: string): Promise<User>
