import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../example/database.mjs'
import { Users } from '../../example/users.mjs'

let directory: string
let database: Awaited<ReturnType<typeof openDatabase>>
let users: Users

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'passport-near-users-'))
  database = await openDatabase(directory)
  users = new Users(database)
  await users.prepare()
})
afterAll(async () => {
  await database.close()
  await rm(directory, { recursive: true, force: true })
})

const near = (accountId: string): { network: string; accountId: string } => ({
  network: 'testnet',
  accountId,
})

describe("the example's users", () => {
  it('are one for 50 first logins of one account at once', async () => {
    const found = await Promise.all(
      Array.from({ length: 50 }, () => users.findOrCreateByNear(near('first.test'))),
    )
    expect(new Set(found.map((user) => user!.id)).size).toBe(1)
    const [row] = await database.query('SELECT count(*)::int AS count FROM users WHERE username IS NULL')
    expect(row).toEqual({ count: 1 })
  })

  it('keep an account that another user has: linking says so', async () => {
    const first = await users.findOrCreateByNear(near('first.test'))
    const second = await users.findOrCreateByNear(near('second.test'))
    expect(await users.link(second!.id, near('first.test'))).toBe(false)
    expect(await users.link(second!.id, near('third.test'))).toBe(true)
    expect(await users.link(second!.id, near('third.test'))).toBe(true)
    expect((await users.findOrCreateByNear(near('third.test')))!.id).toBe(second!.id)
    expect((await users.find(first!.id))!.accounts).toHaveLength(1)
  })

  it('are told apart by network: a name can exist on both', async () => {
    const test = await users.findOrCreateByNear({ network: 'testnet', accountId: 'same.near' })
    const main = await users.findOrCreateByNear({ network: 'mainnet', accountId: 'same.near' })
    expect(main!.id).not.toBe(test!.id)
  })

  it('are found by their password, and only by theirs', async () => {
    expect((await users.findByPassword('demo', 'near-demo'))!.username).toBe('demo')
    expect(await users.findByPassword('demo', 'other')).toBeUndefined()
    expect(await users.findByPassword('nobody', 'near-demo')).toBeUndefined()
    for (const odd of ['\0', '', 5, null, undefined, ['demo'], {}]) {
      expect(await users.findByPassword(odd, 'near-demo')).toBeUndefined()
      expect(await users.findByPassword('demo', odd)).toBeUndefined()
    }
  })

  it('are in files that two processes cannot open at once', () => {
    const code = `import('./example/database.mjs').then((m) => m.openDatabase(process.argv[1])).catch((e) => console.log(e.explanation))`
    const { stdout } = spawnSync(process.execPath, ['-e', code, directory], { encoding: 'utf8' })
    expect(stdout).toContain(`Another process (${process.pid}) uses the example's database.`)
  })
})
