// Logins a second of one process and of two, with sessions and challenges in Redis, and passport-local on the same stores beside it.
// Needs redis-server. Keeps the figures in docs/bench/processes.json. Takes two minutes.
//
//    npm run bench:processes
//
// On a machine with two cores, the load, Redis and the stand-in node take a part of both: two processes cannot be twice as fast there.
// So the processor time of a login counts as well: what does not grow with a second process scales with the cores.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { createServer } from 'node:net'
import { keep, median } from './figures.mjs'

const CONNECTIONS = 16
const CONTENDERS = ['passport-local', 'passport-near']

await (process.argv[2] === 'site' ? runSite(...process.argv.slice(3)) : measure())

async function measure() {
  const [{ default: autocannon }, { start }, { createWallet }] = await Promise.all([
    import('autocannon'),
    import('./http.mjs'),
    import('./login.mjs'),
  ])
  const isQuick = process.argv.includes('--quick')
  const [rounds, seconds] = isQuick ? [2, 2] : [7, 4]
  const wallet = createWallet()
  const redis = await startRedis()
  const node = await start('./contracts.mjs', ['node'], {})
  const [{ rpcUrl }] = await once(node.child, 'message')
  const sites = {}
  for (const contender of CONTENDERS) {
    sites[contender] = [await startSite(contender), await startSite(contender)]
  }

  async function startSite(contender) {
    const site = await start('./processes.mjs', ['site', contender, String(redis.port), rpcUrl], {})
    const [{ url }] = await once(site.child, 'message')
    return { ...site, url }
  }

  /** Visitors of one process: each requests a challenge and responds to it, again and again. */
  async function visit(url, connections, statuses) {
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
      setupRequest: (request, { cookie, challenge: { nonce, state } }) => ({
        ...request,
        headers: { ...request.headers, 'content-type': 'application/json', cookie },
        body: JSON.stringify({
          accountId: 'one.test',
          publicKey: wallet.publicKey,
          signature: wallet.sign(nonce),
          state,
          password: 'correct',
        }),
      }),
      onResponse: (status) => void (statuses[status] = (statuses[status] ?? 0) + 1),
    }
    await autocannon({ url, connections, duration: seconds, requests: [challenge, login] })
  }

  async function load(contender, count) {
    const used = sites[contender].slice(0, count)
    const siteCpu = async () => {
      const all = await Promise.all(used.map((site) => site.ask('cpu')))
      return all.reduce((sum, { user, system }) => sum + user + system, 0) / 1000
    }
    await redis.command('FLUSHALL')
    const statuses = {}
    const before = { site: await siteCpu(), redis: await redis.cpu() }
    const began = performance.now()
    await Promise.all(used.map(({ url }) => visit(url, CONNECTIONS / count, statuses)))
    const elapsed = (performance.now() - began) / 1000
    const after = { site: await siteCpu(), redis: await redis.cpu() }
    const { 200: logins = 0, ...others } = statuses
    if (Object.keys(others).length > 0) throw new Error(`${contender}: ${JSON.stringify(statuses)}`)
    return {
      perSecond: logins / elapsed,
      cpuMs: (after.site - before.site) / logins,
      redisCpuMs: (after.redis - before.redis) / logins,
      busyCores: (after.site - before.site) / 1000 / elapsed,
    }
  }

  const loads = CONTENDERS.flatMap((contender) => [1, 2].map((count) => ({ contender, count, runs: [] })))
  try {
    for (let round = -1; round < rounds; round++) {
      for (const { contender, count, runs } of loads) {
        const figures = await load(contender, count)
        if (round >= 0) runs.push(figures)
      }
    }
  } finally {
    for (const site of Object.values(sites).flat()) await site.stop()
    await node.stop()
    await redis.stop()
  }

  const fixed = (value, digits) => Number(value.toFixed(digits))
  const rows = loads.map(({ contender, count, runs }) => {
    const one = loads.find((each) => each.contender === contender && each.count === 1).runs
    const of = (figure) => runs.map((run) => run[figure])
    const ratios = (figure) => runs.map((run, round) => run[figure] / one[round][figure])
    return {
      contender,
      processes: count,
      perSecond: Math.round(median(of('perSecond'))),
      least: Math.round(Math.min(...of('perSecond'))),
      greatest: Math.round(Math.max(...of('perSecond'))),
      ofOne: fixed(median(ratios('perSecond')), 2),
      cpuMs: fixed(median(of('cpuMs')), 3),
      cpuOfOne: fixed(median(ratios('cpuMs')), 2),
      redisCpuMs: fixed(median(of('redisCpuMs')), 3),
      busyCores: fixed(median(of('busyCores')), 2),
    }
  })
  console.table(rows)
  const machine = { node: process.version, processor: cpus()[0]?.model, cores: cpus().length }
  if (!isQuick) keep('processes', { machine, rounds, seconds, connections: CONNECTIONS, rows })
}

async function startRedis() {
  const { createClient } = await import('redis')
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const server = spawn(process.env.REDIS_SERVER ?? 'redis-server', options)
  for await (const text of server.stdout) if (String(text).includes('Ready to accept')) break
  server.stdout.resume()
  const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect()
  return {
    port,
    command: (...words) => client.sendCommand(words),
    /** @returns milliseconds of processor time */
    async cpu() {
      const used = [...(await client.info('cpu')).matchAll(/used_cpu_(?:user|sys):([\d.]+)/g)]
      return used.reduce((sum, [, text]) => sum + Number(text), 0) * 1000
    },
    async stop() {
      client.destroy()
      server.kill()
      await once(server, 'exit')
    },
  }
}

/** One process of the site: nothing is kept in it. */
async function runSite(contender, port, rpcUrl) {
  const { default: express } = await import('express')
  const { default: session } = await import('express-session')
  const { default: passport } = await import('passport')
  const { RedisStore } = await import('connect-redis')
  const { createClient } = await import('redis')
  const { MESSAGE, RECIPIENT } = await import('./login.mjs')
  const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect()
  let challenge
  if (contender === 'passport-near') {
    const { NearStrategy, RedisChallengeStore } = await import('passport-near')
    const store = new RedisChallengeStore(client)
    const near = new NearStrategy(
      { name: 'login', recipient: RECIPIENT, message: MESSAGE, rpc: rpcUrl, store },
      (profile, done) => done(null, { id: profile.accountId }),
    )
    passport.use(near)
    challenge = near.challengeHandler()
  } else {
    const { Strategy } = await import('passport-local')
    const fields = { usernameField: 'accountId', passwordField: 'password' }
    passport.use(
      'login',
      new Strategy(fields, (id, password, done) => done(null, password === 'correct' && { id })),
    )
    const { randomBytes } = await import('node:crypto')
    challenge = (req, res) => {
      req.session.nonce = randomBytes(32).toString('base64')
      res.json({ message: MESSAGE, recipient: RECIPIENT, nonce: req.session.nonce, state: 'none' })
    }
  }
  passport.serializeUser((user, done) => done(null, user.id))
  passport.deserializeUser((id, done) => done(null, { id }))
  const app = express()
  app.use(express.json())
  app.use(
    session({ store: new RedisStore({ client }), secret: 'bench', resave: false, saveUninitialized: false }),
  )
  app.use(passport.session())
  app.get('/challenge', challenge)
  app.post('/login', passport.authenticate('login'), (req, res) => res.json({ id: req.user.id }))
  process.on('message', () => process.send(process.cpuUsage()))
  const server = app.listen(0, '127.0.0.1', () =>
    process.send({ url: `http://127.0.0.1:${server.address().port}` }),
  )
}
