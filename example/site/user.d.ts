/** The value of `req.user`: a row of the table `users` with the linked NEAR accounts. */
declare namespace Express {
  interface User {
    id: string
    displayName: string
    hasPassword: boolean
    createdAt: Date
    accounts: { network: string; account_id: string; linked_at: Date; last_login_at: Date | null }[]
  }
}
