export interface User {
  id: number
  name: string
  accounts: string[]
  network: string
  hasPassword: boolean
  sessionVersion?: number
}
export function findById(id: number): Promise<User | undefined>
export function findByAccount(accountId: string): Promise<User | undefined>
export function findOrCreate(accountId: string, network?: string): Promise<User>
export function link(id: number, accountId: string): Promise<User | undefined>
export function unlink(id: number, accountId: string): Promise<User | undefined>
