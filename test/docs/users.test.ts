import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { describeWithPostgres, startPostgres } from '../support/postgres'
import { blockUnder } from './support/blocks'

interface Functions {
  schema: string
  findOrCreate: (
    db: Pick<pg.Pool, 'query'>,
    profile: { accountId: string; network: string },
  ) => Promise<{ id: string; name: string }>
  unlink: (pool: pg.Pool, userId: string, accountId: string) => Promise<boolean>
}

/** The pages' own code. */
// eslint-disable-next-line @typescript-eslint/no-implied-eval -- unchanged from the page
const load = new Function(`${blockUnder('docs/users.md', 'Tables')}
${blockUnder('docs/users.md', 'Find or create')}
${blockUnder('docs/linking.md', 'Unlinking, and the last way in', 1)}
return { schema, findOrCreate, unlink }`) as () => Functions
const { schema, findOrCreate, unlink } = load()

describeWithPostgres('the statements for users, on PostgreSQL', () => {
  const cleanup = new Cleanup()
  let pool: pg.Pool
  beforeAll(async () => {
    const { url } = await startPostgres(cleanup)
    pool = new pg.Pool({ connectionString: url })
    cleanup.add(() => pool.end())
    await pool.query(schema)
  })
  beforeEach(() => pool.query('TRUNCATE users, near_accounts').then(() => undefined))
  afterAll(() => cleanup.run())

  const alice = { accountId: 'alice.near', network: 'mainnet' }
  const users = async (): Promise<unknown[]> => (await pool.query('SELECT * FROM users')).rows as unknown[]

  it('create one user for an account, whatever the number of tabs', async () => {
    const created = await Promise.all(Array.from({ length: 10 }, () => findOrCreate(pool, alice)))
    expect(new Set(created.map(({ id }) => id)).size).toBe(1)
    expect(created[0]).toMatchObject({ name: 'alice.near' })
    expect(await users()).toHaveLength(1)
    const testnet = await findOrCreate(pool, { ...alice, network: 'testnet' })
    expect(testnet.id).not.toBe(created[0]!.id)
  })

  it('find the user if another tab inserts it between lookup and insert', async () => {
    let lookups = 0
    const late = {
      async query(text: string, values: unknown[]) {
        const found = await pool.query(text, values)
        if (text.startsWith('SELECT') && ++lookups === 1) await findOrCreate(pool, alice)
        return found
      },
    } as Pick<pg.Pool, 'query'>
    expect(await findOrCreate(late, alice)).toMatchObject({ name: 'alice.near' })
    expect(lookups).toBe(2)
    expect(await users()).toHaveLength(1)
  })

  it('pass on an error that does not concern a second account', async () => {
    const wrong = { accountId: 'alice.near', network: null as never }
    await expect(findOrCreate(pool, wrong)).rejects.toMatchObject({ code: '23502' })
    expect(await users()).toHaveLength(0)
  })

  it('unlink an account, but the last one only of a user with a password', async () => {
    const { id } = await findOrCreate(pool, alice)
    await pool.query(`INSERT INTO near_accounts (account_id, user_id) VALUES ('second.near', $1)`, [id])
    expect(await unlink(pool, id, 'alice.near')).toBe(true)
    expect(await unlink(pool, id, 'second.near')).toBe(false)
    await pool.query(`UPDATE users SET password_hash = 'x'`)
    expect(await unlink(pool, id, 'second.near')).toBe(true)
  })

  it('keep one of two accounts that are unlinked at the same time', async () => {
    for (let round = 0; round < 10; round++) {
      const { id } = await findOrCreate(pool, alice)
      await pool.query(
        `INSERT INTO near_accounts (account_id, user_id) VALUES ('second.near', $1) ON CONFLICT DO NOTHING`,
        [id],
      )
      const unlinked = await Promise.all(['alice.near', 'second.near'].map((each) => unlink(pool, id, each)))
      expect(unlinked.filter(Boolean)).toHaveLength(1)
      await pool.query('TRUNCATE users, near_accounts')
    }
  })
})
