/*
 * What near.revalidate costs: 100,000 signed-in sessions with `every: 600000` on two processes. Run by
 * `npm run build && node test/bench/guards.mjs`. It prints the figures of docs/guards.md.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { NearStrategy } from 'passport-near'

const EVERY = 600_000
const SESSIONS = 50_000 // of each process
const SECONDS = 20
/** Each signed-in person opens a page once a minute. */
const PAGES_PER_SECOND = SESSIONS / 60
const KEY = 'ed25519:Gn5CchXEbBG3wpm2JSUFZYvHJvDnNbdQLYPgYYCPdTqk'

if (process.send) await runSite(process.argv[2])
else await measure()

/** One process of the site. */
async function runSite(rpc) {
  const near = new NearStrategy({ recipient: 'app.example.com', rpc }, () => undefined)
  const sessionOf = (account, age) => {
    const at = Date.now() - age
    const login = {
      accountId: account,
      publicKey: KEY,
      network: 'mainnet',
      loggedInAt: at,
      checkedAt: at,
      user: '1',
    }
    return { session: { passport: { user: 1 }, 'near:login': login } }
  }
  const id = process.pid
  const build = (accountOf, ageOf) =>
    Array.from({ length: SESSIONS }, (_, index) => sessionOf(accountOf(index), ageOf(index)))
  const check = (req) => near.checkSession(req).catch(({ code }) => code)
  const heap = () => {
    globalThis.gc()
    return process.memoryUsage().heapUsed
  }

  /** Visits sessions at the site's pace. */
  async function visit(sessions) {
    const before = heap()
    const cpu = process.cpuUsage()
    const start = performance.now()
    const delays = []
    const outcomes = []
    for (let page = 0; page < PAGES_PER_SECOND * SECONDS; page++) {
      const at = performance.now()
      const asked = check(sessions[page % SESSIONS]).then((outcome) => {
        outcomes.push(outcome)
        delays.push(performance.now() - at)
      })
      if (page % 50 !== 49) continue
      await delay(Math.max(0, start + (page / PAGES_PER_SECOND) * 1000 - performance.now()))
      await asked
    }
    const { user, system } = process.cpuUsage(cpu)
    delays.sort((a, b) => a - b)
    return {
      pages: delays.length,
      outcomes: count(outcomes),
      cpuPercent: Math.round((user + system) / 10 / (performance.now() - start)),
      p99Ms: Math.round(delays[Math.floor(delays.length * 0.99)]),
      heapMb: round((heap() - before) / 2 ** 20),
    }
  }

  // As a site that has run for a while: of the sessions that are visited once a minute, one in eleven is due.
  const names = (index) => `u${index}.${id}.near`
  process.send({
    steady: await visit(
      build(names, (index) => (index % 11 === 0 ? EVERY : (index / SESSIONS) * EVERY * 0.9)),
    ),
  })
  await once(process, 'message')

  // A burst: each session is due when it is visited, such as after a night.
  process.send({ burst: await visit(build(names, () => EVERY)) })
  await once(process, 'message')

  // The worst case: all of them in one moment, each of a key of its own.
  let sessions = build(
    (index) => `w${index}.${id}.near`,
    () => EVERY,
  )
  const before = heap()
  let from = performance.now()
  const outcomes = await Promise.all(sessions.map(check))
  const ms = Math.round(performance.now() - from)
  process.send({ moment: { ms, outcomes: count(outcomes), heapMb: round((heap() - before) / 2 ** 20) } })
  await once(process, 'message')

  // The same burst of 100 keys.
  sessions = build(
    (index) => `k${index % 100}.${id}.near`,
    () => EVERY,
  )
  from = performance.now()
  const shared = await Promise.all(sessions.map(check))
  process.send({ shared: { ms: Math.round(performance.now() - from), outcomes: count(shared) } })
  process.disconnect()
}

function count(values) {
  const counts = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

function round(value) {
  return Math.round(value * 10) / 10
}

/** The node, and the two processes. */
async function measure() {
  let calls = 0
  const node = createServer(async (req, res) => {
    let text = ''
    for await (const chunk of req) text += chunk
    calls++
    await delay(20)
    res.setHeader('content-type', 'application/json')
    res.end(
      JSON.stringify({
        jsonrpc: '2.0',
        id: JSON.parse(text).id,
        result: { permission: 'FullAccess', nonce: 1, block_height: 1, block_hash: KEY.slice(8) },
      }),
    )
  }).listen(0, '127.0.0.1')
  await once(node, 'listening')
  const rpc = `http://127.0.0.1:${node.address().port}`
  const sites = [0, 1].map(() => fork(fileURLToPath(import.meta.url), [rpc], { execArgv: ['--expose-gc'] }))
  for (const site of sites) site.once('exit', (code) => code && process.exit(code))
  let start = performance.now()
  for (const phase of ['steady', 'burst', 'moment', 'shared']) {
    const results = await Promise.all(sites.map(async (site) => (await once(site, 'message'))[0][phase]))
    const seconds = (performance.now() - start) / 1000
    console.log(
      phase,
      JSON.stringify({ calls, callsPerSecond: round(calls / seconds) }),
      JSON.stringify(results),
    )
    calls = 0
    start = performance.now()
    if (phase !== 'shared') for (const site of sites) site.send('next')
  }
  node.close()
}
