import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe } from 'vitest'

/** Wycheproof and ed25519-speccheck are not ours to pass on: they lie in a folder beside the repository. */
const FOLDER = resolve(process.env.ATTACK_VECTORS ?? '../shared/vectors')

/** Like `describe`, with what a file of recorded cases holds. Without the file it says so, and in CI it fails. */
export function describeRecorded(name: string, file: string, tests: (cases: unknown) => void): void {
  const path = resolve(FOLDER, file)
  if (existsSync(path)) {
    return void describe(name, () => tests(JSON.parse(readFileSync(path, 'utf8'))))
  }
  const message = `NOT TESTED: ${name}. ${file} is not in ${FOLDER}: name the folder that holds it in ATTACK_VECTORS.`
  if (process.env.CI) throw new Error(message)
  console.warn(`\n${'!'.repeat(80)}\n${message}\n${'!'.repeat(80)}\n`)
  describe.skip(`${name} (${file} is missing)`, () => undefined)
}
