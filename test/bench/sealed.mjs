/*
 * What a flood costs a site without cookies: challenges that nobody answers, and logins with invented states. Needs redis-server.
 * Run by `npm run build && node --expose-gc test/bench/sealed.mjs [challenges] [logins]`.
 */
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { NearStrategy, SealedChallengeStore } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import { createClient } from 'redis'

const [challenges = 1_000_000, logins = 100_000] = process.argv.slice(2).map(Number)

const codeVerifier = randomBytes(32).toString('base64url')
const query = { codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url') }

const probe = createServer().listen(0, '127.0.0.1')
await once(probe, 'listening')
const { port } = probe.address()
await new Promise((resolve) => probe.close(resolve))
const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''])
for await (const text of server.stdout) if (String(text).includes('Ready to accept')) break
server.stdout.resume()
const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect()
const network = await TestNetwork.start()

const near = new NearStrategy(
  {
    recipient: 'app.example.com',
    rpc: network.rpcUrl,
    store: new SealedChallengeStore({ secret: randomBytes(32), client }),
  },
  (profile, done) => done(null, profile),
)

/** Logs in as Passport does. */
const login = (body) =>
  new Promise((resolve, reject) => {
    const success = () => resolve('success')
    const fail = ({ code }) => resolve(code)
    Object.assign(Object.create(near), { success, fail, error: reject }).authenticate({ body })
  })

const heap = () => {
  for (let round = 0; round < 4; round++) globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1e6
}
const redis = async () => {
  const commands = /total_commands_processed:(\d+)/.exec(await client.info('stats'))[1]
  return { keys: await client.dbSize(), commands: Number(commands) }
}
const microseconds = (began, count) => (((performance.now() - began) * 1000) / count).toFixed(1)

const alice = await network.createAccount('alice.test')
for (let count = 0; count < 1000; count++) await near.challenge({ query })
const before = { heap: heap(), ...(await redis()) }
let began = performance.now()
for (let count = 0; count < challenges; count++) await near.challenge({ query })
console.log(
  `${challenges} challenges: heap ${before.heap.toFixed(1)} MB before, ${heap().toFixed(1)} MB after; ` +
    `${microseconds(began, challenges)} µs each`,
)

const { state, ...signed } = await alice.signMessage(await near.challenge({ query }))
const states = Array.from({ length: 100 }, () => randomBytes(state.length * 0.75).toString('base64url'))
began = performance.now()
for (let count = 0; count < logins; count++) {
  const code = await login({ ...signed, state: states[count % states.length], codeVerifier })
  if (code !== 'ERR_NEAR_CHALLENGE_MISSING') throw new Error(code)
}
const took = microseconds(began, logins)
const after = await redis()
// The reading of the figures is two commands itself.
console.log(
  `${logins} logins with invented states: ${after.commands - before.commands - 2} Redis commands, ${after.keys} keys, ` +
    `${network.requestCount} RPC requests; heap ${heap().toFixed(1)} MB; ${took} µs each`,
)
console.log(`An honest login after that: ${await login({ ...signed, state, codeVerifier })}`)

client.destroy()
await network.stop()
server.kill()
