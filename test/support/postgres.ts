import { execFile, spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import type { Cleanup } from './app'
import { describeWith, findProgram } from './programs'
import { freePort } from './free-port'
import { until } from './until'

const run = promisify(execFile)

/** Debian installs each version's programs in a separate folder, outside the PATH. */
const DEBIAN = '/usr/lib/postgresql'
const folders = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
const initdb = findProgram(
  process.env.POSTGRES_BIN && join(process.env.POSTGRES_BIN, 'initdb'),
  'initdb',
  ...folders.map((version) => join(DEBIAN, version, 'bin/initdb')),
)

/**
 * Like `describe`, for tests that start PostgreSQL. Without PostgreSQL it prints a warning; in CI it fails.
 */
export const describeWithPostgres = (name: string, tests: () => void): void =>
  describeWith(
    {
      path: initdb,
      howToGetIt:
        'No PostgreSQL was found: install it (apt-get install postgresql), or name the folder of initdb and postgres in POSTGRES_BIN.',
    },
    name,
    tests,
  )

/** PostgreSQL refuses to run as root. It then runs as the user postgres or the user nobody. */
function unprivilegedUser(): Pick<SpawnOptions, 'uid' | 'gid'> {
  if (process.getuid?.() !== 0) return {}
  const users = readFileSync('/etc/passwd', 'utf8').split('\n')
  const user = users.find((line) => /^postgres:/.test(line)) ?? users.find((line) => /^nobody:/.test(line))
  const [, , uid, gid] = user!.split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

export interface PostgresServer {
  url: string
  /** Stops the server at once, like an administrator. Its data stay. */
  stop(): Promise<void>
  /** Starts the server again on the same port. */
  start(): Promise<void>
}

/** A PostgreSQL on a free port of 127.0.0.1, with an empty database that is deleted at the end. */
export async function startPostgres(cleanup: Cleanup): Promise<PostgresServer> {
  const directory = await mkdtemp(join(tmpdir(), 'passport-near-postgres-'))
  cleanup.add(() => rm(directory, { recursive: true, force: true }))
  const user = unprivilegedUser()
  if (user.uid !== undefined) chownSync(directory, user.uid, user.gid!)
  chmodSync(directory, 0o700)
  const options = { ...user, cwd: directory, env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } }
  const data = join(directory, 'data')
  await run(initdb!, ['-D', data, '-U', 'tests', '--auth=trust', '--no-sync', '-E', 'UTF8'], options)

  const port = await freePort()
  const url = `postgresql://tests@127.0.0.1:${port}/postgres`
  const settings = ['-c', 'fsync=off', '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=']
  let stop = async (): Promise<void> => undefined
  const start = async (): Promise<void> => {
    const program = initdb!.replace(/initdb$/, 'postgres')
    const child = spawn(program, ['-D', data, '-p', String(port), ...settings], {
      ...options,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)))
    const exited = once(child, 'exit')
    stop = async () => {
      child.kill('SIGQUIT')
      await exited
    }
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`PostgreSQL did not start: ${said}`)
      return accepts(url)
    })
  }
  cleanup.add(() => stop())
  await start()
  return { url, start, stop: () => stop() }
}

async function accepts(url: string): Promise<boolean> {
  const client = new pg.Client(url)
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}
