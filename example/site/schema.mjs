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
  `CREATE TABLE IF NOT EXISTS payments (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     user_id bigint NOT NULL REFERENCES users (id),
     amount text NOT NULL,
     receiver text NOT NULL,
     confirmed_by text NOT NULL,
     sent_at timestamptz NOT NULL DEFAULT now()
   )`,
]

/** Any number that nothing else in the database uses as an advisory lock. */
const SCHEMA_LOCK = 20251121

/** Creates the tables that are missing. */
export async function createTables(database) {
  await database.transaction(async (query) => {
    // Processes that start at the same time wait for each other: IF NOT EXISTS alone lets them collide.
    await query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK])
    for (const statement of SCHEMA) await query(statement)
  })
}
