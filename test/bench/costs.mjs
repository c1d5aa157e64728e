// What each operation costs beside a login by a key: processor time, requests to the chain, bytes, and what a million of them leave in
// memory. Keeps the figures in docs/bench/costs.json.
//
//    npm run bench:costs                  takes two minutes
//    npm run bench:costs -- --memory      a million of each, at most twenty minutes each; keeps docs/bench/memory.json
//
// The operations run without Express in a process on one core, and a stand-in node on the other.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { keep, median } from './figures.mjs'

const CHUNK = 500
const CONCURRENT = 16
const MILLION = 1_000_000

await (process.argv[2] === 'application' ? runApplication() : measure())

async function measure() {
  const { start } = await import('./http.mjs')
  const isQuick = process.argv.includes('--quick')
  const isMemory = process.argv.includes('--memory')
  const seconds = Number(/--seconds=(\d+)/.exec(process.argv.join(' '))?.[1] ?? (isQuick ? 3 : 1200))
  const node = await start('./contracts.mjs', ['node'], { core: 1 })
  const [{ rpcUrl }] = await once(node.child, 'message')
  const application = await start('./costs.mjs', ['application', rpcUrl], { core: 0 })
  const [names] = await once(application.child, 'message')
  const machine = { node: process.version, processor: cpus()[0]?.model, cores: cpus().length }
  try {
    if (isMemory) {
      const operations = {}
      for (const name of names) {
        operations[name] = await application.ask({
          name,
          count: MILLION,
          seconds,
          isMemory,
          pause: name === 'revalidation' && !isQuick ? 31_000 : 0,
        })
        console.log(name, operations[name])
      }
      if (!isQuick) keep('memory', { machine, operations })
      return
    }
    const [rounds, count] = isQuick ? [2, 1000] : [7, 2000]
    const runs = Object.fromEntries(names.map((name) => [name, []]))
    for (let round = -1; round < rounds; round++) {
      for (const name of names) {
        const before = await node.ask('count')
        const { cpuMs } = await application.ask({ name, count, seconds: 3600 })
        const after = await node.ask('count')
        const each = (figure) => (after[figure] - before[figure]) / count
        if (round >= 0)
          runs[name].push({
            cpuMs,
            calls: each('calls'),
            bytesSent: each('received'),
            bytesReceived: each('sent'),
          })
      }
    }
    const operations = Object.fromEntries(
      names.map((name) => [name, summarize(runs[name], runs['key login'])]),
    )
    console.table(operations)
    const loading = await measureLoading(rpcUrl, isQuick)
    console.log(loading)
    if (!isQuick) keep('costs', { machine, rounds, count, operations, ...loading })
  } finally {
    await application.stop()
    await node.stop()
  }
}

function summarize(runs, base) {
  const middle = (figure) => Number(median(runs.map((run) => run[figure])).toFixed(4))
  const ratios = runs.map(({ cpuMs }, round) => cpuMs / base[round].cpuMs)
  const [ratio, least, greatest] = [median(ratios), Math.min(...ratios), Math.max(...ratios)]
  return {
    cpuMs: middle('cpuMs'),
    ratio: Number(ratio.toFixed(2)),
    least: Number(least.toFixed(2)),
    greatest: Number(greatest.toFixed(2)),
    calls: middle('calls'),
    bytesSent: Math.round(middle('bytesSent')),
    bytesReceived: Math.round(middle('bytesReceived')),
  }
}

/** What the package adds to an application that is idle, and to `node_modules`. */
async function measureLoading(rpcUrl, isQuick) {
  const { measureIdleMemory, measureRequire } = await import('./startup.mjs')
  return {
    require: await measureRequire(['passport', 'passport-near'], isQuick ? 3 : 20),
    idleMegabytes: await measureIdleMemory(['passport-local', 'passport-near'], rpcUrl, isQuick ? 2 : 5),
    packages: countPackages(),
  }
}

/** The package and its dependencies, by the lock. */
function countPackages() {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  const found = new Set()
  const visit = (path) => {
    for (const name of Object.keys(packages[path].dependencies ?? {})) {
      const nested = `${path}/node_modules/${name}`
      const at = path && packages[nested] ? nested : `node_modules/${name}`
      if (found.has(at)) continue
      found.add(at)
      visit(at)
    }
  }
  visit('')
  return 1 + found.size
}

async function runApplication() {
  const { createOperations } = await import('./operations.mjs')
  const operations = createOperations(process.argv[3])
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc')
  const usedBytes = () => {
    for (let round = 0; round < 3; round++) collectGarbage()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const cpuSince = (before) => {
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  }

  /** @returns milliseconds of processor time, without the wallet's */
  async function runChunk({ draw, answer, finish }) {
    let before = process.cpuUsage()
    const drawn = []
    for (let number = 0; number < CHUNK; number++) drawn.push(await draw())
    let spent = cpuSince(before)
    if (!finish) return spent
    const answers = drawn.map(answer)
    before = process.cpuUsage()
    await Promise.all(
      Array.from({ length: CONCURRENT }, async () => {
        for (let next = answers.pop(); next; next = answers.pop()) await finish(next)
      }),
    )
    spent += cpuSince(before)
    return spent
  }

  /** A revalidation's answer is kept for up to 30 seconds, until the next question after that. */
  async function lastingBytes(operation, pause) {
    await delay(pause)
    await runChunk(operation)
    return usedBytes()
  }

  async function run({ name, count, seconds, isMemory, pause }) {
    const operation = operations[name]
    if (isMemory) for (let chunk = 0; chunk < 10; chunk++) await runChunk(operation)
    const before = isMemory && (await lastingBytes(operation, pause))
    const end = performance.now() + seconds * 1000
    let done = 0
    let spent = 0
    for (; done < count && performance.now() < end; done += CHUNK) spent += await runChunk(operation)
    const cpuMs = spent / done
    return isMemory
      ? { count: done, heapGrowthBytes: (await lastingBytes(operation, pause)) - before, cpuMs }
      : { cpuMs }
  }

  process.on('message', async (message) => process.send(await run(message)))
  process.send(Object.keys(operations))
}
