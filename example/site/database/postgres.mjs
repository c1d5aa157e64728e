import pg from 'pg'
import { ServiceUnavailable } from '../service-unavailable.mjs'
import { StartupError } from '../startup-error.mjs'

/** How long a connection may take to open, and one statement to run, in milliseconds. A login never waits longer. */
const TIMEOUT = 3000

/**
 * Opens a database of a PostgreSQL server, which any number of processes share. It takes the same SQL as the embedded one.
 *
 * @param {string} url - such as postgresql://user:password@host:5432/database
 */
export async function openPostgres(url) {
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: TIMEOUT,
    query_timeout: TIMEOUT,
  })
  // An idle connection was lost. The next query opens another one.
  pool.on('error', () => undefined)
  const query = async (client, sql, values = []) => {
    try {
      return (await client.query(sql, values)).rows
    } catch (error) {
      throw toUnavailable(error)
    }
  }
  try {
    await pool.query('SELECT 1')
  } catch (error) {
    await pool.end()
    throw new StartupError(
      `DATABASE_URL must be the URL of a PostgreSQL database that responds; got ${error.code ?? error.message} from it. Is PostgreSQL running?`,
      { cause: error },
    )
  }
  return {
    query: (sql, values) => query(pool, sql, values),

    async transaction(work) {
      const client = await pool.connect().catch((error) => {
        throw toUnavailable(error)
      })
      const run = (sql, values) => query(client, sql, values)
      let broken
      try {
        await run('BEGIN')
        const result = await work(run)
        await run('COMMIT')
        return result
      } catch (error) {
        if (error instanceof ServiceUnavailable) broken = error
        else await run('ROLLBACK').catch((failure) => (broken = failure))
        throw error
      } finally {
        // A broken connection is closed instead of going back to the pool. The server then rolls back.
        client.release(broken)
      }
    },

    close: () => pool.end(),
  }
}

/**
 * Classes of SQLSTATE that say that the server cannot serve now: connection, resources, operator, system; and a server
 * that is read-only after a failover.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const OUTAGES = /^(08|53|57|58)|^25006$/

/** Errors about a statement stay as they are: they are bugs of the site, and an outage must not hide them. */
function toUnavailable(error) {
  const isAboutStatement = error instanceof pg.DatabaseError && !OUTAGES.test(error.code ?? '')
  return isAboutStatement ? error : new ServiceUnavailable('PostgreSQL', reasonOf(error), { cause: error })
}

function reasonOf({ code, message }) {
  if (code) return code
  return /timeout/i.test(message) ? `no response within ${TIMEOUT} ms` : 'connection lost'
}
