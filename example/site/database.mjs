import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'

/** How long PostgreSQL may take to be reached, and for one statement, in milliseconds: no login hangs on it. */
const PATIENCE = 3000

/**
 * Opens a PostgreSQL server's database, which any number of processes share. It takes the same SQL as the embedded one.
 *
 * @param {string} url - such as postgresql://user:password@host:5432/database
 */
export async function openPostgres(url) {
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: PATIENCE,
    query_timeout: PATIENCE,
  })
  pool.on('error', () => undefined) // an idle connection was lost: the next query opens another
  const query = async (client, sql, values = []) => (await client.query(sql, values)).rows
  try {
    await pool.query('SELECT 1')
  } catch (error) {
    await pool.end()
    throw Object.assign(error, {
      explanation: `PostgreSQL cannot be used (${error.code ?? error.message}). Is it running, and is DATABASE_URL right?`,
    })
  }
  return {
    query: (sql, values) => query(pool, sql, values),

    async transaction(work) {
      const client = await pool.connect()
      let broken
      try {
        await client.query('BEGIN')
        const result = await work((sql, values) => query(client, sql, values))
        await client.query('COMMIT')
        return result
      } catch (error) {
        await client.query('ROLLBACK').catch((failure) => (broken = failure))
        throw error
      } finally {
        client.release(broken)
      }
    },

    close: () => pool.end(),
  }
}

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
