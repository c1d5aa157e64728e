// A million fuzzed requests, or the number in --runs. The test fails for a second outcome, an outcome of the
// wrong class, a thrown error, a hanging request, or a growing process.
import { randomInt } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { late } from './outcomes.mjs'
import { targets } from './targets.mjs'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: `${randomInt(2 ** 30)}` },
  },
})
const runs = Number(values.runs)
const firstSeed = Number(values.seed)
const ROUNDS = 50
const MAX_GROWTH = 10 // MB
console.log(`${runs} requests; --seed ${firstSeed} repeats them`)

const unexpected = []
for (const event of ['unhandledRejection', 'uncaughtException', 'warning']) {
  process.on(event, (error) => unexpected.push(`${event}: ${error?.stack ?? error}`))
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
async function memory() {
  await setImmediate()
  collect()
  await setImmediate()
  collect()
  const { heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed / 1e6, rss: rss / 1e6 }
}

const fuzzers = []
for (const [name, { prepare, share }] of Object.entries(targets)) {
  fuzzers.push({ name, share, counts: {}, runs: 0, ms: 0, ...(await prepare()) })
}

let before
const began = performance.now()
for (let round = 0; round < ROUNDS; round++) {
  for (const fuzzer of fuzzers) {
    const numRuns = Math.round((runs / ROUNDS) * (fuzzer.share / 100))
    const property = fc.asyncProperty(fuzzer.arbitrary, async (input) => {
      const outcome = await fuzzer.run(input)
      fuzzer.counts[outcome] = (fuzzer.counts[outcome] ?? 0) + 1
      fuzzer.runs++
    })
    const started = performance.now()
    await fc.assert(property, { seed: firstSeed + round, numRuns })
    const again = await fuzzer.again()
    if (again !== 'success') throw new Error(`${fuzzer.name}: a good login after all requests is ${again}`)
    fuzzer.ms += performance.now() - started
  }
  if (round === ROUNDS / 10 - 1) before = await memory()
  if (round % 5 === 4) {
    const { heap, rss } = await memory()
    const done = fuzzers.reduce((sum, fuzzer) => sum + fuzzer.runs, 0)
    console.log(
      `${done} requests, ${((performance.now() - began) / 1000).toFixed(0)} s: heap ${heap.toFixed(1)} MB, resident ${rss.toFixed(0)} MB`,
    )
  }
}
const after = await memory()
for (const { stop } of fuzzers) await stop?.()

for (const { name, runs: count, ms, counts } of fuzzers) {
  console.log(`\n${name}: ${count} requests, ${Math.round(count / (ms / 1000))} a second`)
  console.table(Object.fromEntries(Object.entries(counts).sort(([, a], [, b]) => b - a)))
}
const growth = after.heap - before.heap
console.log(
  `heap: ${before.heap.toFixed(1)} MB after a tenth of the requests, ${after.heap.toFixed(1)} MB after all of them`,
)
if (unexpected.length > 0 || late.length > 0 || growth > MAX_GROWTH) {
  console.error(
    'FAILED:',
    [...unexpected, ...late.map(String), ...(growth > MAX_GROWTH ? ['the process grew'] : [])].join('\n'),
  )
  process.exitCode = 1
}
