/*
 * Removes the type declarations in dist/ that no public entry reaches: they describe internal files, and would be a fifth of the
 * package. Run by `npm run build`.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const ENTRIES = [
  'index.d.ts',
  'index.d.mts',
  'client/index.d.mts',
  'testing/index.d.ts',
  'testing/index.d.mts',
]
const IMPORT = /(?:from|import\()\s*['"](\.[^'"]*)['"]/g

const reached = new Set()

function visit(file) {
  if (reached.has(file) || !existsSync(file)) return
  reached.add(file)
  for (const [, specifier] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    const target = join(dirname(file), specifier.replace(/\.m?js$/, ''))
    for (const ending of ['.d.ts', '.d.mts', '/index.d.ts']) visit(target + ending)
  }
}

for (const entry of ENTRIES) visit(join('dist', entry))
for (const name of readdirSync('dist', { recursive: true })) {
  const file = join('dist', String(name))
  if (/\.d\.m?ts$/.test(file) && !reached.has(file)) rmSync(file)
}
