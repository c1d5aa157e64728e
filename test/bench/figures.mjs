// What the benchmarks have in common: the middle of a list, and where figures are kept.
import { mkdirSync, writeFileSync } from 'node:fs'

export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}

export const median = (values) => percentile(values, 0.5)

/** Writes docs/bench/<name>.json. */
export function keep(name, figures) {
  mkdirSync('docs/bench', { recursive: true })
  writeFileSync(`docs/bench/${name}.json`, `${JSON.stringify(figures, undefined, 2)}\n`)
  console.log(`\nKept in docs/bench/${name}.json. npm run bench:report puts it into docs/benchmarks.md.`)
}
