import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { StartupError } from '../startup-error.mjs'
import { lock } from './lock.mjs'

/**
 * Opens the embedded PostgreSQL. Its files survive a restart.
 *
 * @param {string} directory - the folder of the files
 */
export async function openEmbeddedDatabase(directory) {
  const unlock = await openFolder(directory)
  const postgres = await openFiles(directory).catch(async (error) => {
    await unlock()
    throw error
  })
  return {
    /** Runs one statement; `$1`, `$2` stand for the values. */
    query: async (sql, values = []) => (await postgres.query(sql, values)).rows,

    /** Runs several statements as one: either all of them take effect or none. */
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

async function openFolder(directory) {
  try {
    await mkdir(directory, { recursive: true })
    return await lock(join(directory, 'lock'))
  } catch (error) {
    if (error instanceof StartupError) throw error
    throw unusable(directory, 'a folder that this process can write to', error)
  }
}

async function openFiles(directory) {
  try {
    return await PGlite.create(join(directory, 'postgres'))
  } catch (error) {
    throw unusable(directory, 'an empty folder or one of this site', error)
  }
}

function unusable(directory, expected, error) {
  const message = `DATA_DIR must be ${expected}; got ${JSON.stringify(directory)} (${error.code ?? error.name})`
  return new StartupError(message, { cause: error })
}
