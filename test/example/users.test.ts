import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEmbeddedDatabase } from '../../example/site/database/embedded.mjs'
import { openPostgres } from '../../example/site/database/postgres.mjs'
import { Users } from '../../example/site/users.mjs'
import { newAccountId } from '../support/accounts'
import { Cleanup } from '../support/app'
import { copyEmptyDatabase } from '../support/example'
import { describeWithPostgres, startPostgres } from '../support/postgres'

const cleanup = new Cleanup()
let database: Awaited<ReturnType<typeof openPostgres>>
let users: Users

/** Users in a database that is opened for these tests. */
function usersIn(open: () => Promise<typeof database>): void {
  beforeAll(async () => {
    database = await open()
    cleanup.add(() => database.close())
    users = new Users(database)
    await users.createTables()
    await users.createWithPassword('demo', 'near-demo')
  })
  afterAll(() => cleanup.run())
}

async function openEmbedded(): Promise<typeof database> {
  const directory = await mkdtemp(join(tmpdir(), 'passport-near-users-'))
  cleanup.add(() => rm(directory, { recursive: true, force: true }))
  await copyEmptyDatabase(directory)
  return openEmbeddedDatabase(directory)
}

const near = (accountId: string): { network: string; accountId: string } => ({
  network: 'testnet',
  accountId,
})

const behaveWell = (): void => {
  it('are one for 50 concurrent first logins of one account', async () => {
    const found = await Promise.all(
      Array.from({ length: 50 }, () => users.findOrCreateByNear(near('first.test'))),
    )
    expect(new Set(found.map((user) => user!.id)).size).toBe(1)
    const [row] = await database.query('SELECT count(*)::int AS count FROM users WHERE username IS NULL')
    expect(row).toEqual({ count: 1 })
  })

  it('keep an account of another user: linking reports the conflict', async () => {
    const first = await users.findOrCreateByNear(near('first.test'))
    const second = await users.findOrCreateByNear(near('second.test'))
    expect(await users.link(second!.id, near('first.test'))).toBe(false)
    expect(await users.link(second!.id, near('third.test'))).toBe(true)
    expect(await users.link(second!.id, near('third.test'))).toBe(true)
    expect((await users.findOrCreateByNear(near('third.test')))!.id).toBe(second!.id)
    expect((await users.find(first!.id))!.accounts).toHaveLength(1)
  })

  it('keep their last way to sign in, and can unlink the others', async () => {
    const [first, second] = [near(newAccountId('first')), near(newAccountId('second'))]
    const { id } = (await users.findOrCreateByNear(first))!
    expect(await users.unlink(id, first)).toBe('last-way-in')
    await users.link(id, second)
    expect(await users.unlink(id, near('other.test'))).toBe('not-linked')
    expect(await users.unlink(id, { ...first, network: 'mainnet' })).toBe('not-linked')
    for (const odd of ['\0', 5, null, undefined, [first.accountId], {}]) {
      expect(await users.unlink(id, near(odd as string))).toBe('not-linked')
    }
    expect(await users.unlink(id, first)).toBe('unlinked')
    expect((await users.find(id))!.accounts).toMatchObject([{ account_id: second.accountId }])
    expect(await users.unlink(id, second)).toBe('last-way-in')
    expect((await users.findOrCreateByNear(first))!.id).not.toBe(id)
  })

  it('with a password can unlink every account', async () => {
    const { id } = (await users.findByPassword('demo', 'near-demo'))!
    await users.link(id, near('demo-1.test'))
    expect(await users.unlink(id, near('demo-1.test'))).toBe('unlinked')
    expect((await users.find(id))!.accounts).toEqual([])
  })

  it('keep one account when the last two are unlinked at the same time', async () => {
    for (let round = 0; round < 10; round++) {
      const pair = [near(newAccountId('pair')), near(newAccountId('pair'))] as const
      const { id } = (await users.findOrCreateByNear(pair[0]))!
      await users.link(id, pair[1])
      const results = await Promise.all(pair.map((account) => users.unlink(id, account)))
      expect(results.sort()).toEqual(['last-way-in', 'unlinked'])
      expect((await users.find(id))!.accounts).toHaveLength(1)
    }
  })

  it('are separate by network: a name can exist on both', async () => {
    const test = await users.findOrCreateByNear({ network: 'testnet', accountId: 'same.near' })
    const main = await users.findOrCreateByNear({ network: 'mainnet', accountId: 'same.near' })
    expect(main!.id).not.toBe(test!.id)
  })

  it('are found by their own password, and by no other', async () => {
    expect((await users.findByPassword('demo', 'near-demo'))!.displayName).toBe('demo')
    expect(await users.findByPassword('demo', 'other')).toBeUndefined()
    expect(await users.findByPassword('nobody', 'near-demo')).toBeUndefined()
    for (const odd of ['\0', '', 5, null, undefined, ['demo'], {}]) {
      expect(await users.findByPassword(odd, 'near-demo')).toBeUndefined()
      expect(await users.findByPassword('demo', odd)).toBeUndefined()
    }
  })
}

describe("the example's users, in the embedded database", () => {
  usersIn(openEmbedded)
  behaveWell()
})

describeWithPostgres("the example's users, in a PostgreSQL server", () => {
  let url: string
  usersIn(async () => {
    ;({ url } = await startPostgres(cleanup))
    return openPostgres(url)
  })
  behaveWell()

  it('are one for 50 concurrent first logins of one account in five starting processes', async () => {
    const processes = await Promise.all(Array.from({ length: 5 }, () => openPostgres(url)))
    await processes[0]!.query('DROP TABLE payments, near_accounts, users')
    const all = processes.map((opened) => new Users(opened))
    await Promise.all(all.map((each) => each.createTables()))
    const found = await Promise.all(
      Array.from({ length: 50 }, (_, login) => all[login % 5]!.findOrCreateByNear(near('many.test'))),
    )
    expect(new Set(found.map((user) => user!.id)).size).toBe(1)
    const [row] = await database.query('SELECT count(*)::int AS count FROM users WHERE username IS NULL')
    expect(row).toEqual({ count: 1 })
    for (const opened of processes) await opened.close()
  })

  it('report a server that cannot be reached', async () => {
    await expect(openPostgres('postgresql://nobody@127.0.0.1:1/none')).rejects.toThrow(
      'DATABASE_URL must be the URL of a PostgreSQL database that responds; got ECONNREFUSED from it. Is PostgreSQL running?',
    )
  })
})

describe('the embedded database', () => {
  it('is in files that two processes cannot open at once', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'passport-near-users-'))
    await copyEmptyDatabase(directory)
    const opened = await openEmbeddedDatabase(directory)
    const code = `import('./example/site/database/embedded.mjs').then((m) => m.openEmbeddedDatabase(process.argv[1])).catch((e) => console.log(e.message))`
    const { stdout } = spawnSync(process.execPath, ['-e', code, directory], { encoding: 'utf8' })
    expect(stdout).toContain(`process ${process.pid} uses it`)
    await opened.close()
    await rm(directory, { recursive: true, force: true })
  })
})
