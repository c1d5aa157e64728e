import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe } from 'vitest'

/** The first program that can be run: absolute paths, or names on the PATH. */
export function findProgram(...candidates: (string | undefined)[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return candidates
    .flatMap((name) =>
      !name ? [] : name.includes('/') ? [name] : folders.map((folder) => join(folder, name)),
    )
    .find(isExecutable)
}

/** Like `describe`. Without the program it prints a warning; in CI it fails. */
export function describeWith(
  program: { path: string | undefined; howToGetIt: string; optional?: boolean },
  name: string,
  tests: () => void,
): void {
  if (program.path) return void describe(name, tests)
  const message = `NOT TESTED: ${name}. ${program.howToGetIt}`
  if (process.env.CI && !program.optional) throw new Error(message)
  console.warn(`\n${'!'.repeat(80)}\n${message}\n${'!'.repeat(80)}\n`)
  describe.skip(`${name} (program missing)`, tests)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
