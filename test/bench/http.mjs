// Challenge and login over HTTP: the application on one core, the load generator and the stand-in node on
// the other.
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import autocannon from 'autocannon'

const CONNECTIONS = 16
const isPinned = availableParallelism() > 1 && hasTaskset()

/** Pins this process to the core of the load generator. Returns whether that worked. */
export function pinLoad() {
  if (isPinned) execFileSync('taskset', ['-a', '-p', '-c', '1', String(process.pid)], { stdio: 'ignore' })
  return isPinned
}

/**
 * Starts one of the processes beside this file, on one core or, without `core`, on any. `ask` sends the process a message and waits for
 * its reply.
 */
export async function start(file, args, { core }) {
  const pin = isPinned &&
    core !== undefined && { execPath: 'taskset', execArgv: ['-c', String(core), process.execPath] }
  const child = fork(new URL(file, import.meta.url).pathname, args, pin || {})
  return {
    child,
    async ask(message) {
      child.send(message)
      return (await once(child, 'message'))[0]
    },
    async stop() {
      child.kill()
      await once(child, 'exit')
    },
  }
}

export const startNode = () => start('./node.mjs', [], { core: 1 })

export async function startServer(contender, rpcUrl) {
  const server = await start('./server.mjs', [contender, rpcUrl], { core: 0 })
  const [{ url }] = await once(server.child, 'message')
  return { ...server, url }
}

/** The request after the challenge. */
const answers = {
  login: (wallet, { nonce, state }) => ({ signature: wallet.sign(nonce), state, password: 'correct' }),
  'bad signature': (wallet, { nonce, state }) => {
    const signature = Buffer.from(wallet.sign(nonce), 'base64')
    signature[0] ^= 1
    return { signature: signature.toString('base64'), state, password: 'wrong' }
  },
  'consumed challenge': (wallet, { nonce }) => ({
    signature: wallet.sign(nonce),
    state: 'was-taken-out-before',
    password: 'wrong',
  }),
}

/**
 * Runs visitors, one on each connection. Each requests a challenge and responds to it, repeatedly.
 * @param {object} load
 * @param {number} load.seconds
 * @param {keyof typeof answers} load.kind
 * @param {string} [load.accountId] - the account that the login names
 * @param {string} [load.path] - the login route, default `/login`
 * @param {number} [load.rate] - requests per second, default unlimited
 * @param {number} [load.connections] - default 16
 */
export async function run(
  server,
  node,
  wallet,
  { seconds, kind, accountId = 'one.test', path, rate, connections = CONNECTIONS },
) {
  const statuses = {}
  const challenge = {
    method: 'GET',
    path: path ?? '/challenge',
    onResponse(status, body, context, headers) {
      context.challenge = JSON.parse(body)
      context.cookie = String(headers['Set-Cookie'] ?? headers['set-cookie']).split(';')[0]
    },
  }
  const login = {
    method: 'POST',
    path: path ?? '/login',
    setupRequest: (request, context) => ({
      ...request,
      headers: { ...request.headers, 'content-type': 'application/json', cookie: context.cookie },
      body: JSON.stringify({
        accountId,
        publicKey: wallet.publicKey,
        ...answers[kind](wallet, context.challenge),
      }),
    }),
    onResponse(status) {
      statuses[status] = (statuses[status] ?? 0) + 1
    },
  }
  const { requestCount: callsBefore } = await node.ask({ count: true })
  const before = await server.ask('start')
  const began = performance.now()
  await autocannon({
    url: server.url,
    connections,
    duration: seconds,
    requests: [challenge, login],
    ...(rate && { overallRate: rate }),
  })
  const elapsed = (performance.now() - began) / 1000
  const after = await server.ask('stop')
  const { requestCount: callsAfter } = await node.ask({ count: true })
  const count = Object.values(statuses).reduce((sum, each) => sum + each, 0)
  const cpuMs = (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 1000
  return {
    perSecond: count / elapsed,
    statuses,
    cpuMs: cpuMs / count,
    busy: cpuMs / 1000 / elapsed,
    rpcCalls: (callsAfter - callsBefore) / count,
    p999: after.p999,
  }
}

function hasTaskset() {
  try {
    execFileSync('taskset', ['-p', String(process.pid)], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
