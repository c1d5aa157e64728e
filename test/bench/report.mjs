// Writes the figures of docs/bench into docs/benchmarks.md, a sentence into README.md, and docs/bench/logins.svg.
import { readFileSync, writeFileSync } from 'node:fs'
import { tables } from './tables.mjs'

const { machine, rounds, verification, logins, rejections, keys, eventLoop, many, require, idleMegabytes } =
  JSON.parse(readFileSync('docs/bench/results.json', 'utf8'))

const fixed = (value, digits = 2) => value.toFixed(digits)
const spread = ({ ratio, least, greatest }) => `${fixed(ratio)} (${fixed(least)} to ${fixed(greatest)})`
const whole = (value) => Math.round(value).toLocaleString('en')

const VERIFIERS = {
  'passport-near': 'passport-near, body to accepted signature',
  'near-api-js': 'near-api-js verifyMessage',
  'near-kit': 'near-kit verifyNep413Signature',
}
const REJECTIONS = {
  'passport-local': 'passport-local, wrong password',
  'passport-near': 'passport-near, bad signature',
  'near-api-js': 'near-api-js, bad signature',
  'near-kit': 'near-kit, bad signature',
}

const rows = Object.entries(logins).map(([name, login]) => {
  const verified = verification[VERIFIERS[name]]
  const rejected = REJECTIONS[name] && rejections[REJECTIONS[name]]
  return [
    `\`${name}\``,
    whole(login.median),
    spread(login),
    `${fixed(login.cpuMs)} ms`,
    verified ? `${whole(verified.median)} µs, ${fixed(verified.ratio)}` : '',
    rejected ? `${whole(rejected.median)}, ${fixed(rejected.ratio)}` : '',
    rejected ? whole(rejected.rpcCalls) : '',
  ]
})
const header = [
  '',
  'logins/s',
  'of `passport-local`',
  'server CPU a login',
  'one verification, of bare `crypto.verify`',
  'rejections/s, of `passport-local`',
  'RPC calls for one',
]
const line = (cells) => `| ${cells.join(' | ')} |`
const table = [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')

const consumed = rejections['passport-near, consumed challenge']
const { ofFloor } = logins['passport-near']
const text = `${table}

Challenge and login together over HTTP, 16 connections, Express 5 with express-session, the server on one core${machine.pinned ? '' : ' (not pinned)'}, load and a stand-in node on the other;
medians of ${rounds} interleaved rounds, each of servers that were started anew and warmed up, ratios with their spread (${machine.cores} × ${machine.processor}, Node ${machine.node.slice(1)}). \`passport-local\` compares one string: it is the ceiling. The floor is the least that a login by signature and one request to the chain can cost: one hash, one verification with a key that is ready, one exchange on a kept connection, and no checks.

- \`passport-near\` signs in at ${spread(ofFloor)} of the rate of the floor.
- A consumed challenge is rejected ${whole(consumed.median)} times a second (${fixed(consumed.ratio)}), without an RPC call.
- Accounts with 100 and 10,000 keys sign in at ${fixed(keys['100 keys'].ratio)} and ${fixed(keys['10,000 keys'].ratio)} of the rate of one with a single key.
- The event loop's delay (p99.9) is ${fixed(eventLoop['with logins'].p999)} ms with 100 logins a second, one after the other, and ${fixed(eventLoop['without logins'].p999)} ms with as many requests that sign in no user.
- After ${whole(many.count)} logins in one process a login takes ${fixed(many.lastMicroseconds, 0)} µs, at first ${fixed(many.firstMicroseconds, 0)} µs; the heap has changed by ${fixed(many.heapGrowthBytes / 1e6)} MB.
- \`require('passport-near')\` takes ${fixed(require['passport-near'], 0)} ms, \`passport\` ${fixed(require.passport, 0)} ms; an idle application keeps ${fixed(idleMegabytes['passport-near'], 1)} MB, and ${fixed(idleMegabytes['passport-local'], 1)} MB with \`passport-local\`.`

const rate = (name) => whole(logins[name].median)
const times = (name) => fixed(logins['passport-near'].median / logins[name].median, 1)
// The ratios are those of docs/benchmarks.md, and not of the median rates: a slow minute affects a round and not its ratio.
const sentence = `\`passport-near\` signs in ${rate('passport-near')} people a second: ${fixed(ofFloor.ratio)} of the least that such a login can cost, ${fixed(logins['passport-near'].ratio)} of \`passport-local\`, ${times('near-api-js')} times \`near-api-js\` and ${times('near-kit')} times \`near-kit\` ([benchmarks](docs/benchmarks.md)).`

/** Replaces a part of a page. */
function rewrite(page, part, replacement) {
  const current = readFileSync(page, 'utf8')
  if (!part.test(current)) throw new Error(`${page} must have a part that matches ${part}`)
  writeFileSync(
    page,
    current.replace(part, () => replacement),
  )
}

/** Replaces what stands between two comments of docs/benchmarks.md. */
function fill(name, replacement) {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`]
  rewrite('docs/benchmarks.md', new RegExp(`${begin}[^]*${end}`), `${begin}\n\n${replacement}\n\n${end}`)
}

rewrite('README.md', /^`passport-near` signs in [^]*?\.md\)\)\.$/m, sentence)
fill('bench', text)
for (const [name, write] of Object.entries(tables)) fill(name, write())
writeFileSync('docs/bench/logins.svg', plot(logins))

/** One bar for each contender, as long as its rate. */
function plot(bars) {
  const [width, left, row] = [640, 130, 40]
  const names = Object.keys(bars)
  const longest = Math.max(...names.map((name) => bars[name].median))
  const scale = (value) => (value / longest) * (width - left - 110)
  const drawn = names.map((name, index) => {
    const y = 20 + index * row
    const length = fixed(scale(bars[name].median), 1)
    return `  <text x="${left - 10}" y="${y + 18}" text-anchor="end">${name}</text>
  <rect x="${left}" y="${y}" width="${length}" height="26" rx="3" class="${name === 'passport-near' ? 'own' : ''}" />
  <text x="${left + Number(length) + 8}" y="${y + 18}">${whole(bars[name].median)} / s</text>`
  })
  const height = 30 + names.length * row
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Logins a second on one core">
  <style>text { font: 14px system-ui, sans-serif; fill: #555 } rect { fill: #9aa5a0 } .own { fill: #0b6e55 } @media (prefers-color-scheme: dark) { text { fill: #bbb } }</style>
${drawn.join('\n')}
</svg>
`
}
