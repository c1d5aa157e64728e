// How long a login waits for endpoints that are behind TLS and 80 milliseconds away, in round trips. Keeps the figures in
// docs/bench/distance.json. Takes about a minute.
//
//    npm run bench:distance
//
// The endpoints run in a process of their own, behind a proxy that delays bytes; the strategy runs in another one, which trusts
// the endpoints' certificate by NODE_EXTRA_CA_CERTS, as an application would.
import { execFileSync, fork } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { connect, createServer } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { keep, median, percentile } from './figures.mjs'

const ROUND_TRIP = 80
const roles = { endpoints: runEndpoints, logins: runLogins }
await (roles[process.argv[2]] ?? measure)()

async function measure() {
  const isQuick = process.argv.includes('--quick')
  const directory = mkdtempSync(join(tmpdir(), 'passport-near-distance-'))
  const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => join(directory, name))
  const file = fileURLToPath(import.meta.url)
  try {
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    const files = ['-keyout', key, '-out', certificate]
    execFileSync('openssl', ['req', '-x509', ...curve, ...subject, ...files], { stdio: 'ignore' })
    const endpoints = fork(file, ['endpoints', key, certificate])
    const [network] = await once(endpoints, 'message')
    const logins = fork(file, ['logins', isQuick ? 'quick' : 'full'], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate },
    })
    // The two processes talk by this one.
    endpoints.on('message', (message) => logins.send(message))
    logins.send(network)
    const results = await new Promise((resolve, reject) => {
      logins.on('message', (message) => (message.rows ? resolve(message) : endpoints.send(message)))
      logins.on('exit', (code) => reject(new Error(`The measuring process ended with code ${code}`)))
    }).finally(() => {
      logins.kill()
      endpoints.kill()
    })
    console.table(Object.fromEntries(results.rows.map(({ name, ...figures }) => [name, figures])))
    const machine = { node: process.version, processor: cpus()[0]?.model, cores: cpus().length }
    if (!isQuick) keep('distance', { machine, roundTrip: ROUND_TRIP, ...results })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Three nodes of one network, each behind TLS and a delaying proxy. */
async function runEndpoints() {
  const { TestNetwork } = await import('passport-near/testing')
  const [key, cert] = process.argv.slice(3).map((path) => readFileSync(path))
  const network = await TestNetwork.start()
  const agent = new http.Agent({ keepAlive: true })
  const tls = { connections: 0, resumed: 0, protocols: [] }
  const server = https.createServer({ key, cert }, (incoming, outgoing) => {
    const { method, headers } = incoming
    const forwarded = http.request(network.rpcUrl, { agent, method, headers }, (response) => {
      outgoing.writeHead(response.statusCode, response.headers)
      response.pipe(outgoing)
    })
    incoming.pipe(forwarded)
  })
  server.keepAliveTimeout = 0 // idle connections stay
  server.on('secureConnection', (socket) => {
    tls.connections++
    if (socket.isSessionReused()) tls.resumed++
    if (!tls.protocols.includes(socket.getProtocol())) tls.protocols.push(socket.getProtocol())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const names = ['first', 'second', 'new-0', 'new-1', 'new-2', 'new-3', 'new-4', 'silent']
  const proxies = {}
  for (const name of names)
    proxies[name] = await startProxy(name === 'silent' ? undefined : server.address().port)

  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const { default: bs58 } = await import('bs58')
  const alice = await network.createAccount('alice.test', { publicKey: `ed25519:${bs58.encode(raw)}` })
  const low = await network.createWalletContract('low.test')
  const top = await network.createWalletContract('top.test', { extensions: ['low.test'] })

  const actions = {
    /** What the wallets answer to challenges. */
    sign: async ({ challenges, kind }) =>
      Promise.all(
        challenges.map((challenge) => {
          if (kind === 'one level') return low.resolveAuth(challenge)
          return top.resolveAuth(challenge, { through: low })
        }),
      ),
    close: ({ name }) => proxies[name].close(),
    forget: ({ name }) => proxies[name].forget(),
    tls: () => tls,
  }
  process.on('message', async (message) =>
    process.send({ reply: (await actions[message.action](message)) ?? null }),
  )
  process.send({
    urls: Object.fromEntries(names.map((name) => [name, `https://127.0.0.1:${proxies[name].port}`])),
    alice: {
      accountId: alice.accountId,
      publicKey: alice.publicKey,
      privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }),
    },
  })
}

/**
 * A proxy that is half a round trip away, in each direction. A local connection opens at once, so the proxy holds the client's
 * first bytes for a whole round trip more: that is how long the client would have waited for SYN and SYN-ACK before it sent them.
 *
 * @param [target] - the port behind it; without one, the proxy accepts connections and is silent
 */
async function startProxy(target) {
  const open = new Set()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    client.on('error', () => client.destroy())
    if (target === undefined) return
    const node = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    node.on('error', () => client.destroy())
    const pair = { client, isForgotten: false }
    open.add(pair)
    client.on('close', () => open.delete(pair) && node.destroy())
    carry(client, node, pair, performance.now() + ROUND_TRIP)
    carry(node, client, pair, 0)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: server.address().port,
    /** Closes the connections, as an endpoint does with idle ones. */
    async close() {
      for (const { client } of open) client.end()
      while (open.size > 0) await delay(5)
    },
    /** Passes nothing on any more, as a firewall does that dropped the connections. */
    forget() {
      for (const pair of open) pair.isForgotten = true
    },
  }
}

/** Carries bytes, and the end of them, in their order. */
function carry(from, to, pair, openAt) {
  const queue = []
  const send = (deliver) => {
    queue.push(deliver)
    const at = Math.max(performance.now(), openAt) + ROUND_TRIP / 2
    setTimeout(() => {
      const next = queue.shift()
      if (!pair.isForgotten) next()
    }, at - performance.now())
  }
  from.on('data', (chunk) => send(() => to.write(chunk)))
  from.on('end', () => send(() => to.end()))
}

/** The application: a strategy without Express, so that only the wait for the endpoints is measured. */
async function runLogins() {
  const { createPrivateKey, sign } = await import('node:crypto')
  const { NearStrategy, hashPayload } = await import('passport-near')
  const isQuick = process.argv[3] === 'quick'
  const runs = isQuick ? 3 : 20
  const [{ urls, alice }] = await once(process, 'message')
  const { privateKey, ...signer } = alice
  const key = createPrivateKey(privateKey)
  const ask = async (message) => {
    process.send(message)
    return (await once(process, 'message'))[0].reply
  }

  const strategyFor = (rpc, options) =>
    new NearStrategy({ recipient: 'app.example.com', rpc, ...options }, (profile, done) =>
      done(null, profile),
    )
  const contracts = (rpc) => strategyFor(rpc, { walletContracts: true })

  /** A login as Passport runs it: @returns milliseconds from the body to `success` */
  async function login(strategy, kind = 'key') {
    const req = { session: {} }
    const challenge = await strategy.challenge(req)
    if (kind === 'key') {
      const hash = hashPayload({ ...challenge, nonce: Buffer.from(challenge.nonce, 'base64') })
      req.body = {
        ...signer,
        signature: sign(null, hash, key).toString('base64'),
        state: challenge.state,
      }
    } else [req.body] = await ask({ action: 'sign', challenges: [challenge], kind })
    const began = performance.now()
    await new Promise((resolve, reject) => {
      const instance = Object.create(strategy)
      instance.success = resolve
      instance.fail = ({ code }) => reject(new Error(code))
      instance.error = reject
      instance.authenticate(req)
    })
    return performance.now() - began
  }
  const repeat = async (count, run) => {
    const times = []
    for (let number = 0; number < count; number++) times.push(await run(number))
    return times
  }
  const close = async () => {
    await ask({ action: 'close', name: 'first' })
    await ask({ action: 'close', name: 'second' })
    await delay(ROUND_TRIP)
  }
  const rows = []
  const row = (name, times, goal) => {
    const inRoundTrips = (value) => Number((value / ROUND_TRIP).toFixed(2))
    rows.push({
      name,
      runs: times.length,
      ms: Math.round(median(times)),
      roundTrips: inRoundTrips(median(times)),
      p95: inRoundTrips(percentile(times, 0.95)),
      ...(goal && { goal }),
    })
  }

  const { first, second, silent } = urls
  const near = strategyFor(first)
  const fresh = Object.values(urls).slice(2, 7)
  const loginAtEach = () => repeat(fresh.length, (number) => login(strategyFor(fresh[number])))
  row('key, new connection, the first to the endpoint', await loginAtEach(), 3.2)
  // These connections stay idle until the end of the run.
  const idleSince = performance.now()
  await login(near)
  row('key, kept connection', await repeat(runs * 2, () => login(near)), 1.1)
  const before = await ask({ action: 'tls' })
  const renewed = await repeat(runs, async () => {
    await close()
    return login(near)
  })
  const after = await ask({ action: 'tls' })
  const resumed = (after.resumed - before.resumed) / (after.connections - before.connections)
  row('key, new connection, TLS resumed', renewed, 3.2)

  const both = strategyFor([first, second], { quorum: 2 })
  await login(both)
  row('key, quorum of 2, kept connections', await repeat(runs, () => login(both)))
  row(
    'key, quorum of 2, new connections',
    await repeat(runs, async () => {
      await close()
      return login(both)
    }),
  )

  // Ten applications at once, each with a kept connection to the second endpoint of its list.
  const waits = []
  const later = []
  const applications = Array.from({ length: isQuick ? 2 : 10 })
  await Promise.all(applications.map(() => login(near)))
  await Promise.all(
    applications.map(async () => {
      const strategy = strategyFor([silent, first])
      for (let number = 0; number < 3; number++) waits.push(await login(strategy))
      for (let number = 0; number < 3; number++) later.push(await login(strategy))
    }),
  )
  row('key, first endpoint silent, logins 1 to 3', waits)
  row('key, first endpoint silent, from login 4 on', later)

  for (const kind of ['one level', 'two levels']) {
    const strategy = contracts(first)
    await login(strategy, kind)
    row(`contract, ${kind}, kept connection`, await repeat(runs, () => login(strategy, kind)))
    row(
      `contract, ${kind}, new connection`,
      await repeat(isQuick ? 2 : 10, async () => {
        await close()
        return login(strategy, kind)
      }),
    )
  }

  // A connection counts as idle after a second.
  row(
    'key, kept connection that died silently',
    await repeat(isQuick ? 2 : 10, async () => {
      await login(near)
      await ask({ action: 'forget', name: 'first' })
      await delay(1100)
      return login(near)
    }),
  )
  const idle = Math.round((performance.now() - idleSince) / 1000)
  row(`key, connection that was idle for ${idle} s`, await loginAtEach(), 1.1)
  process.send({ rows, resumed, protocols: after.protocols })
}
