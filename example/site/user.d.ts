/** What Passport puts into req.user: a row of the table users, with the NEAR accounts that are linked. */
declare namespace Express {
  interface User {
    id: string
    username: string | null
    createdAt: Date
    accounts: { network: string; account_id: string; linked_at: Date; last_login_at: Date | null }[]
  }
}
