// What a login by a wallet contract costs beside one with a key, and what 256 slow ones do to logins with keys. Takes a minute.
// Keeps the figures in docs/bench/contracts.json. The server has one core; load and a stand-in node have the other.
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { pinLoad, start } from './http.mjs'
import { createWallet, MESSAGE, RECIPIENT } from './login.mjs'
import { median } from './verification.mjs'

const roles = { node: runNode, server: runServer }
await (roles[process.argv[2]] ?? measure)()

async function measure() {
  const { default: autocannon } = await import('autocannon')
  const isQuick = process.argv.includes('--quick')
  const [rounds, seconds] = isQuick ? [2, 2] : [7, 4]
  pinLoad()
  const wallet = createWallet()
  const node = await start('./contracts.mjs', ['node'], { core: 1 })
  const [{ rpcUrl }] = await once(node.child, 'message')
  const server = await start('./contracts.mjs', ['server', rpcUrl], { core: 0 })
  const [{ url }] = await once(server.child, 'message')

  const bodies = {
    key: ({ nonce, state }) => ({
      accountId: 'one.test',
      publicKey: wallet.publicKey,
      signature: wallet.sign(nonce),
      state,
    }),
    contract: ({ payload, state }) => ({
      accountId: 'passkey.test',
      authorization: authorizationOf(payload),
      state,
    }),
    slow: ({ payload, state }) => ({
      accountId: 'slow.test',
      authorization: authorizationOf(payload),
      state,
    }),
  }
  const load = async (kind) => {
    const statuses = {}
    const challenge = {
      method: 'GET',
      path: '/challenge',
      onResponse(_status, body, context, headers) {
        context.challenge = JSON.parse(body)
        context.cookie = String(headers['Set-Cookie'] ?? headers['set-cookie']).split(';')[0]
      },
    }
    const login = {
      method: 'POST',
      path: '/login',
      setupRequest: (request, { cookie, challenge: asked }) => ({
        ...request,
        headers: { ...request.headers, 'content-type': 'application/json', cookie },
        body: JSON.stringify(bodies[kind](asked)),
      }),
      onResponse: (status) => void (statuses[status] = (statuses[status] ?? 0) + 1),
    }
    const before = { cpu: await server.ask('start'), node: await node.ask('count') }
    const began = performance.now()
    await autocannon({ url, connections: 16, duration: seconds, requests: [challenge, login] })
    const elapsed = (performance.now() - began) / 1000
    const after = { cpu: await server.ask('stop'), node: await node.ask('count') }
    const { 200: count = 0, ...others } = statuses
    if (Object.keys(others).length > 0) throw new Error(`${kind}: ${JSON.stringify(statuses)}`)
    const perLogin = (figure) => (after.node[figure] - before.node[figure]) / count
    return {
      perSecond: count / elapsed,
      cpuMs: (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 1000 / count,
      calls: perLogin('calls'),
      bytesSent: perLogin('received'),
      bytesReceived: perLogin('sent'),
    }
  }
  /** 256 logins whose contract takes longer than the measurement. */
  const flood = async () => {
    const visitors = Array.from({ length: 256 }, async () => {
      const response = await fetch(`${url}/challenge`)
      const [cookie] = response.headers.getSetCookie()
      const body = JSON.stringify(bodies.slow(await response.json()))
      const headers = { 'content-type': 'application/json', cookie: cookie.split(';')[0] }
      return { send: () => fetch(`${url}/login`, { method: 'POST', headers, body }) }
    })
    const logins = (await Promise.all(visitors)).map(({ send }) => send())
    return { ended: Promise.all(logins.map(async (login) => (await login).status)) }
  }

  const runs = { key: [], contract: [], flooded: [] }
  try {
    await load('key')
    for (let round = 0; round < rounds; round++) {
      runs.key.push(await load('key'))
      runs.contract.push(await load('contract'))
      const { ended } = await flood()
      runs.flooded.push(await load('key'))
      await ended
    }
  } finally {
    await server.stop()
    await node.stop()
  }
  const medians = (list) =>
    Object.fromEntries(
      Object.keys(list[0]).map((figure) => [
        figure,
        Number(median(list.map((each) => each[figure])).toFixed(3)),
      ]),
    )
  const ratios = runs.flooded.map(({ perSecond }, round) => perSecond / runs.key[round].perSecond)
  const results = {
    rounds,
    key: medians(runs.key),
    contract: medians(runs.contract),
    keyDuring256Slow: {
      perSecond: medians(runs.flooded).perSecond,
      cpuMs: medians(runs.flooded).cpuMs,
      ratio: Number(median(ratios).toFixed(3)),
      least: Number(Math.min(...ratios).toFixed(3)),
      greatest: Number(Math.max(...ratios).toFixed(3)),
    },
  }
  console.table({ 'login with a key': results.key, 'login by a contract': results.contract })
  console.log('logins with keys while 256 logins wait for a slow contract:', results.keyDuring256Slow)
  mkdirSync('docs/bench', { recursive: true })
  if (!isQuick) writeFileSync('docs/bench/contracts.json', `${JSON.stringify(results, undefined, 2)}\n`)
}

/** The size of a passkey's. */
function authorizationOf(payload) {
  const msg = { chain_id: 'mainnet', signer_id: 'passkey.test', timestamp: '2026-11-28T12:00:00Z', payload }
  return JSON.stringify({ signature: { msg, proof: 'x'.repeat(400) } })
}

/** A node that costs as little as it can: its contract returns the payload that the authorization names. */
async function runNode() {
  const count = { calls: 0, received: 0, sent: 0 }
  const hash = '7'.repeat(44)
  const answerTo = ({ method, params }) => {
    if (method === 'block') return { header: { hash, height: 7, timestamp_nanosec: `${Date.now()}000000` } }
    const at = { block_height: 7, block_hash: hash }
    if (params.request_type === 'view_access_key') return { nonce: 1, permission: 'FullAccess', ...at }
    const { authorization } = JSON.parse(Buffer.from(params.args_base64, 'base64'))
    const { payload } = JSON.parse(authorization).signature.msg
    return { result: [...Buffer.from(JSON.stringify({ payload }))], logs: [], ...at }
  }
  const server = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const asked = JSON.parse(body)
      const text = JSON.stringify({ jsonrpc: '2.0', id: asked.id, result: answerTo(asked) })
      count.calls++
      count.received += body.length
      count.sent += Buffer.byteLength(text)
      const isSlow = asked.params.account_id === 'slow.test'
      setTimeout(() => response.end(text), isSlow ? 8000 : 0)
    })
  }).listen(0, '127.0.0.1')
  server.keepAliveTimeout = 60_000
  await once(server, 'listening')
  process.on('message', () => process.send(count))
  process.send({ rpcUrl: `http://127.0.0.1:${server.address().port}` })
}

async function runServer() {
  const { default: express } = await import('express')
  const { default: session } = await import('express-session')
  const { default: passport } = await import('passport')
  const { NearStrategy } = await import('passport-near')
  const near = new NearStrategy(
    { recipient: RECIPIENT, message: MESSAGE, rpc: process.argv[3], walletContracts: true, rpcTimeout: 7000 },
    (profile, done) => done(null, { id: profile.accountId }),
  )
  passport.use(near)
  passport.serializeUser((user, done) => done(null, user.id))
  passport.deserializeUser((id, done) => done(null, { id }))
  const app = express()
  app.use(express.json())
  const sessions = new session.MemoryStore()
  app.use(session({ store: sessions, secret: 'bench', resave: false, saveUninitialized: false }))
  app.use(passport.session())
  app.get('/challenge', near.challengeHandler())
  app.post('/login', passport.authenticate('near'), (req, res) => res.json(req.user))
  // Express would print the error of each slow login.
  // eslint-disable-next-line no-unused-vars -- Express knows an error handler by its four parameters
  app.use((error, _req, res, _next) => res.sendStatus(error.status ?? 500))
  process.on('message', () => process.send(process.cpuUsage()))
  const server = app.listen(0, '127.0.0.1', () =>
    process.send({ url: `http://127.0.0.1:${server.address().port}` }),
  )
}
