// The tables of docs/benchmarks.md that have a script of their own, as Markdown.
import { existsSync, readFileSync } from 'node:fs'

const fixed = (value, digits = 2) => value.toFixed(digits)
const whole = (value) => Math.round(value).toLocaleString('en')
const line = (cells) => `| ${cells.join(' | ')} |`
const table = (header, rows) => [header, header.map(() => '---'), ...rows].map(line).join('\n')
const machineOf = ({ cores, processor, node }) => `${cores} × ${processor}, Node ${node.slice(1)}`
const read = (name) => JSON.parse(readFileSync(`docs/bench/${name}.json`, 'utf8'))

/** By the name of the script that measures them. */
export const tables = { distance, costs, processes }

function distance() {
  const { machine, roundTrip, rows, resumed, protocols } = read('distance')
  const cells = rows.map(({ name, runs, ms, roundTrips, p95, goal }) => [
    name,
    runs,
    `${ms} ms`,
    fixed(roundTrips),
    runs > 1 ? fixed(p95) : '',
    goal ?? '',
  ])
  return `${table(['a login', 'runs', 'median', 'in round trips', 'p95', 'at most'], cells)}

From the body to Passport's \`success\`, without Express, with endpoints behind ${protocols.join(', ')} and ${roundTrip} ms away (${machineOf(machine)}). A proxy delays each byte by half a round trip in each direction, and the first bytes of a connection by a whole one more, for TCP's handshake. Of the new connections after the first, ${whole(resumed * 100)} % resumed their TLS session. TLS 1.3 takes one round trip with and without that; it saves processor time. A silent endpoint costs the hedge delay of one second, until its circuit opens. A contract login asks once for the block and once for each level.`
}

function costs() {
  const { machine, rounds, count, operations, require, idleMegabytes, packages } = read('costs')
  const memory = existsSync('docs/bench/memory.json') ? read('memory').operations : {}
  const cells = Object.entries(operations).map(([name, operation]) => {
    const { cpuMs, ratio, least, greatest, calls, bytesSent, bytesReceived } = operation
    const { count: done, heapGrowthBytes } = memory[name] ?? {}
    return [
      name,
      `${whole(cpuMs * 1000)} µs`,
      `${fixed(ratio)} (${fixed(least)} to ${fixed(greatest)})`,
      fixed(calls, 0),
      whole(bytesSent),
      whole(bytesReceived),
      done ? `${fixed(heapGrowthBytes / 1e6)} MB after ${whole(done)}` : '',
    ]
  })
  const header = ['', 'CPU', 'of a key login', 'RPC calls', 'bytes to the endpoint', 'bytes back', 'heap']
  return `${table(header, cells)}

The challenge and what follows it, without Express and without the wallet's work; medians of ${rounds} interleaved rounds of ${whole(count)}, with spread (${machineOf(machine)}). Bytes are bodies. The heap is what stays; for revalidations, 30 seconds after the last one, because an answer is kept for at most 30 seconds. A process without any of them takes ${fixed(idleMegabytes['passport-near'] - idleMegabytes['passport-local'], 1)} MB more than with \`passport-local\`. \`require('passport-near')\` takes ${fixed(require['passport-near'] - require.passport, 1)} ms more than \`require('passport')\`. \`npm install passport-near\` adds ${packages} packages.`
}

function processes() {
  const { machine, rounds, connections, rows } = read('processes')
  const cells = rows.map((row) => [
    `\`${row.contender}\``,
    row.processes,
    `${whole(row.perSecond)} (${whole(row.least)} to ${whole(row.greatest)})`,
    fixed(row.ofOne),
    `${fixed(row.cpuMs)} ms`,
    fixed(row.cpuOfOne),
    `${fixed(row.redisCpuMs, 3)} ms`,
    fixed(row.busyCores, 1),
  ])
  const header = [
    '',
    'processes',
    'logins/s',
    'of one process',
    'CPU a login',
    'of one process',
    'CPU of Redis',
    'cores that the processes use',
  ]
  const withTwo = (name) => rows.find((row) => row.contender === name && row.processes === 2)
  const [local, near] = [withTwo('passport-local'), withTwo('passport-near')]
  const one = rows.find((row) => row.contender === 'passport-near' && row.processes === 1)
  return `${table(header, cells)}

Challenge and login over HTTP, ${connections} connections, Express 5 with express-session and connect-redis, \`RedisChallengeStore\`; medians of ${rounds} interleaved rounds, with spread (${machineOf(machine)}). The load, Redis and the stand-in node run on the same ${machine.cores} cores, so two processes cannot be twice as fast as one here: they get ${fixed(near.busyCores, 1)} cores, and one gets ${fixed(one.busyCores, 1)}. With two processes a login takes ${fixed(near.cpuOfOne)} of the processor time (\`passport-local\`: ${fixed(local.cpuOfOne)}), because all cores are busy then. On cores of their own, two would sign in ${fixed(2 / near.cpuOfOne, 1)} times as many as one (calculated). With two processes, \`passport-near\` signs in at ${fixed(near.perSecond / local.perSecond)} of the rate of \`passport-local\`.`
}
