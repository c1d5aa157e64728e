// Two minutes of logins while the endpoints are killed, stalled, broken and restarted at random. A removed
// key must not sign in. A good key must not be rejected, or get a 503 while enough nodes respond. The
// process must not grow.
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { NearStrategy } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '120' }, rate: { type: 'string', default: '50' } },
})
const seconds = Number(values.seconds)
const rate = Number(values.rate)
const FAILURES = [
  'hang',
  'stall',
  'reset',
  'endless',
  'html',
  'garbage',
  'null',
  'wrong-id',
  'syncing',
  'http-429',
  'http-500',
]

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

/** Two wallets. The first key is on the account; the second key was removed from it. */
const wallets = await TestNetwork.start()
const good = await wallets.createAccount('good.test')
const removed = await wallets.createAccount('removed.test')

async function startNode(port) {
  const network = await TestNetwork.start({ port })
  // The accounts are set up without waiting, before any request gets a response.
  void network.createAccount('good.test', { publicKey: good.publicKey })
  void network.createAccount('removed.test')
  return network
}

const nodes = [await startNode(0), await startNode(0), await startNode(0)]
const ports = nodes.map(({ rpcUrl }) => Number(new URL(rpcUrl).port))
const rpc = nodes.map(({ rpcUrl }) => rpcUrl)

const nonce = Buffer.alloc(32, 1)
const payload = { message: 'm', recipient: 'r', nonce }
const store = {
  issue: async () => {},
  consume: async () => ({ state: 's', nonce: nonce.toString('base64'), message: 'm', issuedAt: Date.now() }),
}
const strategies = [1, 2].map(
  (quorum) =>
    new NearStrategy({ recipient: 'r', rpc, quorum, rpcTimeout: 2000, store }, (profile, done) =>
      done(null, profile),
    ),
)
const bodies = { good: await good.signMessage(payload), removed: await removed.signMessage(payload) }

/** The time since when each node has been responding, or Infinity while it does not respond. */
const healthySince = [0, 0, 0]

const counts = {}
function login(strategy, who) {
  const began = performance.now()
  return new Promise((resolve) => {
    const instance = Object.create(strategy)
    const settle = (outcome) => {
      const key = `${who}: ${outcome}`
      counts[key] = (counts[key] ?? 0) + 1
      resolve()
    }
    instance.success = () => settle('signed in')
    instance.fail = (info, status) => settle(`${status} ${info.code}`)
    instance.error = (error) => {
      const healthy = healthySince.filter((since) => since < began).length
      const avoidable = healthy >= 1 + strategies.indexOf(strategy) ? ' although enough nodes responded' : ''
      settle(`${error.status} ${error.code}${avoidable}`)
    }
    instance.authenticate({ body: bodies[who] })
  })
}

let running = true
async function trouble() {
  while (running) {
    await delay(200 + Math.random() * 1500)
    const index = Math.floor(Math.random() * nodes.length)
    const dice = Math.random()
    if (dice < 0.2) {
      healthySince[index] = Infinity
      await nodes[index].stop()
      await delay(Math.random() * 1500)
      nodes[index] = await startNode(ports[index])
      healthySince[index] = performance.now()
    } else if (dice < 0.6) {
      healthySince[index] = Infinity
      nodes[index].fail(FAILURES[Math.floor(Math.random() * FAILURES.length)])
    } else {
      nodes[index].recover()
      if (healthySince[index] === Infinity) healthySince[index] = performance.now()
    }
  }
}

async function drive(forSeconds) {
  const pending = new Set()
  const began = performance.now()
  for (let count = 0; count < forSeconds * rate; count++) {
    const wait = began + (count * 1000) / rate - performance.now()
    if (wait > 0) await delay(wait)
    const one = login(strategies[count % 2], count % 3 === 0 ? 'removed' : 'good').finally(() =>
      pending.delete(one),
    )
    pending.add(one)
  }
  await Promise.all(pending)
}

const memory = () => {
  collect()
  return process.memoryUsage().heapUsed / 1e6
}

const troubles = trouble()
await drive(Math.min(10, seconds / 2)) // warm up
const before = memory()
await drive(seconds)
const after = memory()
running = false
await troubles
for (const node of [...nodes, wallets]) await node.stop()

console.table(counts)
console.log(
  `heap: ${before.toFixed(1)} MB before, ${after.toFixed(1)} MB after ${seconds} s at ${rate} logins a second`,
)
const wrong = Object.keys(counts).filter((key) => /^removed: signed in|^good: 401|although/.test(key))
if (wrong.length > 0 || after - before > 5) {
  console.error(`FAILED: ${wrong.join(', ') || 'the process grew'}`)
  process.exitCode = 1
}
