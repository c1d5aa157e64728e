// Measures this project and others in one run, and writes the figures to docs/bench/results.json. The run
// takes twenty to twenty-five minutes. The contenders take turns, so that a slow minute of the machine affects all of
// them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pinLoad, run, startNode, startServer } from './http.mjs'
import { createWallet } from './login.mjs'
import { measureIdleMemory, measureRequire } from './startup.mjs'
import { measureMany, measureOpenChallenges, measureVerification, median } from './verification.mjs'

const isQuick = process.argv.includes('--quick')
const ROUNDS = isQuick ? 2 : 7
// A round of a load is several turns of one second: the speed of a shared machine changes within seconds.
const TURNS = isQuick ? 1 : 3
// The rates of the floor and of passport-near differ by a tenth. Two starts of the same server can differ by as much. So each round of
// logins starts all servers anew. On the slowest machine so far, V8 spent 6 % of passport-near's time and 3 % of the floor's on compiling
// functions in the seconds 9 to 12, and 1 % or less from the second 13 on (`--trace-opt`).
const LOGIN_WARM_UP_TURNS = isQuick ? 1 : 14
const LOGIN_TURNS = isQuick ? 1 : 4
const oneByOne = { kind: 'login', rate: 200, connections: 1, seconds: isQuick ? 1 : 2 }
/** What is measured beside the rate. */
const FIGURES = ['cpuMs', 'busy', 'rpcCalls', 'p999']

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')
const usedBytes = () => {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const results = {
  machine: { node: process.version, processor: cpus()[0]?.model, cores: cpus().length },
  rounds: ROUNDS,
  verification: await verification(),
  openChallenges: await openChallenges(),
  many: await measureMany(isQuick ? 30_000 : 1_000_000, usedBytes),
}
// From here on this process generates load.
results.machine.pinned = pinLoad()
Object.assign(results, await overHttp())

mkdirSync('docs/bench', { recursive: true })
const file = isQuick ? 'docs/bench/quick.json' : 'docs/bench/results.json'
writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`)
print(results)
console.log(`\nKept in ${file}. npm run bench:report puts it into the README.`)

async function verification() {
  const rounds = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await measureVerification(isQuick ? 200 : 700))
  return compare(rounds, 'node:crypto verify, key ready')
}

async function openChallenges() {
  const rounds = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await measureOpenChallenges(isQuick ? 300 : 3000))
  return compare(rounds, 'open challenges: 1')
}

async function overHttp() {
  const wallet = createWallet()
  const node = await startNode()
  const { rpcUrl } = await node.ask({ publicKey: wallet.publicKey })
  const names = ['passport-local', 'floor', 'passport-near', 'near-api-js', 'near-kit']
  let servers = {}
  try {
    return {
      logins: await logins(),
      rejections: await interleaved({
        'passport-local, wrong password': [servers['passport-local'], { kind: 'bad signature' }, 401],
        'passport-near, bad signature': [servers['passport-near'], { kind: 'bad signature' }, 401],
        'passport-near, consumed challenge': [servers['passport-near'], { kind: 'consumed challenge' }, 401],
        'near-api-js, bad signature': [servers['near-api-js'], { kind: 'bad signature' }, 401],
        'near-kit, bad signature': [servers['near-kit'], { kind: 'bad signature' }, 401],
      }),
      keys: await interleaved({
        '1 key on the account': [servers['passport-near'], { kind: 'login', accountId: 'one.test' }, 200],
        '100 keys': [servers['passport-near'], { kind: 'login', accountId: 'hundred.test' }, 200],
        '10,000 keys': [servers['passport-near'], { kind: 'login', accountId: 'many.test' }, 200],
      }),
      // The requests run one after the other, so that a login is measured and not a queue.
      eventLoop: await interleaved({
        'without logins': [servers['passport-near'], { ...oneByOne, path: '/nothing' }, 200],
        'with logins': [servers['passport-near'], oneByOne, 200],
      }),
      require: await measureRequire(['passport', 'passport-near'], isQuick ? 5 : 20),
      idleMegabytes: await measureIdleMemory(['passport-local', 'passport-near'], rpcUrl, isQuick ? 2 : 5),
    }
  } finally {
    await stopServers()
    await node.stop()
  }

  async function startServers() {
    await stopServers()
    for (const name of names) servers[name] = await startServer(name, rpcUrl)
  }

  async function stopServers() {
    for (const server of Object.values(servers)) await server.stop()
    servers = {}
  }

  async function takeTurn(loads) {
    const results = {}
    for (const [name, [server, load, expected]] of Object.entries(loads)) {
      const result = await run(server, node, wallet, { seconds: 1, ...load })
      for (const status of Object.keys(result.statuses)) {
        if (Number(status) !== expected) throw new Error(`${name}: responded with status ${status}`)
      }
      results[name] = result
    }
    return results
  }

  /** The servers of the last round go on running. */
  async function logins() {
    const rounds = []
    for (let round = 0; round < ROUNDS; round++) {
      await startServers()
      const loads = Object.fromEntries(names.map((name) => [name, [servers[name], { kind: 'login' }, 200]]))
      for (let turn = 0; turn < LOGIN_WARM_UP_TURNS; turn++) await takeTurn(loads)
      rounds.push(await takeRound(loads, LOGIN_TURNS))
    }
    const compared = compareRounds(rounds)
    compared['passport-near'].ofFloor = compare(rounds.map(ratesOf), 'floor')['passport-near']
    return compared
  }

  async function interleaved(loads) {
    await takeTurn(loads)
    const rounds = []
    for (let round = 0; round < ROUNDS; round++) rounds.push(await takeRound(loads, TURNS))
    return compareRounds(rounds)
  }

  /** Runs each load in turn, several times. */
  async function takeRound(loads, count) {
    const turns = []
    for (let turn = 0; turn < count; turn++) turns.push(await takeTurn(loads))
    return Object.fromEntries(Object.keys(loads).map((name) => [name, mean(turns.map((turn) => turn[name]))]))
  }
}

function ratesOf(round) {
  return Object.fromEntries(Object.entries(round).map(([name, { perSecond }]) => [name, perSecond]))
}

/** The first load is the base of the comparison. */
function compareRounds(rounds) {
  const [base] = Object.keys(rounds[0])
  const compared = compare(rounds.map(ratesOf), base)
  for (const [name, row] of Object.entries(compared)) {
    for (const figure of FIGURES) row[figure] = median(rounds.map((round) => round[name][figure]))
  }
  return compared
}

function mean(turns) {
  const of = (figure) => turns.reduce((sum, turn) => sum + turn[figure], 0) / turns.length
  return Object.fromEntries(['perSecond', ...FIGURES].map((figure) => [figure, of(figure)]))
}

/** The median of each load, and its ratio to the base, round by round: median, least and greatest. */
function compare(rounds, base) {
  return Object.fromEntries(
    Object.keys(rounds[0]).map((name) => {
      const ratios = rounds.map((round) => round[name] / round[base])
      return [
        name,
        {
          median: median(rounds.map((round) => round[name])),
          ratio: median(ratios),
          least: Math.min(...ratios),
          greatest: Math.max(...ratios),
        },
      ]
    }),
  )
}

function print(figures) {
  const round = (value, digits = 2) => Number(value.toFixed(digits))
  const table = (title, rows, unit) => {
    console.log(`\n${title}`)
    console.table(
      Object.fromEntries(
        Object.entries(rows).map(
          ([name, { median, ratio, least, greatest, cpuMs, busy, rpcCalls, p999 }]) => [
            name,
            {
              [unit]: round(median, 1),
              'of the first': round(ratio),
              spread: `${round(least)} to ${round(greatest)}`,
              ...(cpuMs !== undefined && {
                'server CPU each (ms)': round(cpuMs, 3),
                'server busy': round(busy),
                'RPC calls each': round(rpcCalls),
                'loop delay p99.9 (ms)': round(p999),
              }),
            },
          ],
        ),
      ),
    )
  }
  table('One verification, without a network', figures.verification, 'µs')
  table('A login by what is open in the session', figures.openChallenges, 'µs')
  table('Challenge and login over HTTP', figures.logins, 'logins/s')
  table('Rejections over HTTP', figures.rejections, 'rejections/s')
  table('Logins by the keys on the account', figures.keys, 'logins/s')
  table('The event loop at 100 logins a second', figures.eventLoop, 'logins/s')
  const { many, require, idleMegabytes } = figures
  console.log(
    `\n${many.count} logins in one process: ${round(many.firstMicroseconds, 1)} µs each at first, ` +
      `${round(many.lastMicroseconds, 1)} µs at last; heap changed by ${round(many.heapGrowthBytes / 1e6)} MB`,
  )
  console.log('require, median (ms):', require)
  console.log('Idle application, resident (MB):', idleMegabytes)
}
