import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'

/**
 * Opens the embedded PostgreSQL, whose files survive a restart.
 *
 * @param {string} directory - where the files are
 */
export async function openDatabase(directory) {
  await mkdir(directory, { recursive: true })
  const unlock = await lock(join(directory, 'lock'))
  const postgres = await PGlite.create(join(directory, 'postgres'))
  return {
    /** Runs one statement; `$1`, `$2` stand for the values. */
    query: async (sql, values = []) => (await postgres.query(sql, values)).rows,

    /** Runs several statements as one: all of them count, or none. */
    transaction: (work) =>
      postgres.transaction((transaction) =>
        work(async (sql, values = []) => (await transaction.query(sql, values)).rows),
      ),

    async close() {
      await postgres.close()
      await unlock()
    },
  }
}

/** Two processes on the same files would destroy them. A lock whose process has died is taken over. */
async function lock(file) {
  const owner = Number(await readFile(file, 'utf8').catch(() => ''))
  if (owner && owner !== process.pid && isRunning(owner)) {
    const explanation = `Another process (${owner}) uses the example's database. Stop it, or choose another place: DATA_DIR=another-folder npm start`
    throw Object.assign(new Error('The database is in use'), { explanation })
  }
  await writeFile(file, String(process.pid))
  return () => rm(file, { force: true })
}

function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
