/* Fails if docs/reference is not what `npm run docs` writes. Run by `npm run docs:check`. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const REFERENCE = 'docs/reference'
const fresh = mkdtempSync(join(tmpdir(), 'passport-near-reference-'))

/** The content of each file below a folder, by its path. */
function read(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name)
      return [path.slice(folder.length + 1), readFileSync(path, 'utf8')]
    }),
  )
}

try {
  execFileSync('npx', ['typedoc', '--out', fresh], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [expected, committed] = [read(fresh), read(REFERENCE)]
  const names = [...new Set([...expected.keys(), ...committed.keys()])]
  const outdated = names.filter((name) => expected.get(name) !== committed.get(name))
  if (outdated.length > 0) {
    console.error(`docs/reference is outdated. Run "npm run docs" and commit: ${outdated.join(', ')}`)
    process.exitCode = 1
  }
} finally {
  rmSync(fresh, { recursive: true, force: true })
}
