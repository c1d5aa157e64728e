import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)

interface Entry {
  integrity?: string
  resolved?: string
  link?: boolean
  inBundle?: boolean
}
interface Lock {
  packages: Record<string, Entry>
}

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'passport-near-lock-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

async function check(path: string): Promise<{ passes: boolean; said: string }> {
  return run(process.execPath, ['test/package/check-lock.mjs', path]).then(
    ({ stdout }) => ({ passes: true, said: stdout }),
    (error: unknown) => ({ passes: false, said: (error as { stderr: string }).stderr }),
  )
}

/** Checks a copy of the project's lock with one difference. */
async function checkChanged(change: (lock: Lock) => void): Promise<{ passes: boolean; said: string }> {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock
  change(lock)
  const path = join(directory, 'package-lock.json')
  writeFileSync(path, JSON.stringify(lock))
  return check(path)
}

const borsh = (lock: Lock): Entry => lock.packages['node_modules/borsh']!

describe('the lock', () => {
  it.each(['package-lock.json', 'test/wallets/package-lock.json'])(
    'holds a SHA-512 integrity for every package: %s',
    async (path) => {
      expect(await check(path)).toMatchObject({ passes: true })
    },
  )

  it.each<[string, string, (lock: Lock) => void]>([
    [
      'a package without integrity',
      'node_modules/borsh has no integrity',
      (lock) => delete borsh(lock).integrity,
    ],
    [
      'a package with a SHA-1 integrity only',
      'node_modules/borsh has no SHA-512 integrity',
      (lock) => (borsh(lock).integrity = 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk='),
    ],
    [
      'a package from another host than the registry',
      'node_modules/borsh is not resolved from https://registry.npmjs.org/',
      (lock) => (borsh(lock).resolved = 'https://registry.npmjs.org.example.com/borsh/-/borsh-2.0.0.tgz'),
    ],
    ['a lock that holds no packages', 'the lock holds no packages', (lock) => (lock.packages = {})],
  ])('fails the check with %s', async (_, message, change) => {
    const { passes, said } = await checkChanged(change)
    expect(passes).toBe(false)
    expect(said).toContain(message)
    expect(said.trim().split('\n')).toHaveLength(1)
  })

  it('passes the check with links, bundled packages and packages from the registry', async () => {
    const { passes } = await checkChanged((lock) => {
      lock.packages['node_modules/linked'] = { link: true, resolved: 'example/express' }
      lock.packages['node_modules/borsh/node_modules/bundled'] = { inBundle: true }
      borsh(lock).resolved = 'https://registry.npmjs.org/borsh/-/borsh-2.0.0.tgz'
    })
    expect(passes).toBe(true)
  })
})
