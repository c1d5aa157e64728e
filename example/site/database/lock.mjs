import { readFile, rm, writeFile } from 'node:fs/promises'
import { StartupError } from '../startup-error.mjs'

/**
 * Locks the files of the embedded database for this process: two processes would destroy them. A lock whose process has
 * died is replaced.
 *
 * @param {string} file
 * @returns {Promise<() => Promise<void>>} unlocks
 */
export async function lock(file) {
  const owner = Number(await readFile(file, 'utf8').catch(() => ''))
  if (owner && owner !== process.pid && isRunning(owner)) {
    throw new StartupError(
      `DATA_DIR must be a folder that no other process uses; process ${owner} uses it. Stop that process, or choose another folder: DATA_DIR=another-folder npm start`,
    )
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
