import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import type { Cleanup } from './app'
import { freePort } from './free-port'
import { describeWith, findProgram } from './programs'
import { until } from './until'

const redis = {
  path: findProgram(process.env.REDIS_SERVER, 'redis-server'),
  howToGetIt:
    'No redis-server was found: install it (apt-get install redis-server), or name it in REDIS_SERVER.',
}
const valkey = {
  path: findProgram(process.env.VALKEY_SERVER, 'valkey-server'),
  howToGetIt: 'No valkey-server was found: install it, or name it in VALKEY_SERVER.',
  optional: true,
}

/** Like `describe`, for tests that start a redis-server. Without one it prints a warning; in CI it fails. */
export const describeWithRedis = (name: string, tests: () => void): void => describeWith(redis, name, tests)

/** The same for a valkey-server, which is optional on a machine. */
export const describeWithValkey = (name: string, tests: () => void): void => describeWith(valkey, name, tests)

export interface RedisOptions {
  program?: 'redis' | 'valkey'
  args?: string[]
}

/** A Redis server on a free port of 127.0.0.1, without persistence. */
export class RedisServer {
  readonly port: number
  readonly url: string
  readonly #options: RedisOptions
  readonly #directory: string
  #child: ChildProcess | undefined

  private constructor(port: number, directory: string, options: RedisOptions) {
    this.port = port
    this.url = `redis://127.0.0.1:${port}`
    this.#directory = directory
    this.#options = options
  }

  static async start(cleanup: Cleanup, options: RedisOptions = {}): Promise<RedisServer> {
    const directory = await mkdtemp(join(tmpdir(), 'passport-near-redis-'))
    const server = new RedisServer(await freePort(), directory, options)
    cleanup.add(async () => {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    })
    await server.start()
    return server
  }

  /** Starts the server again on the same port. */
  async start(): Promise<void> {
    const { program = 'redis', args = [] } = this.#options
    const fixed = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#directory]
    const child = spawn(
      (program === 'redis' ? redis : valkey).path!,
      [...fixed, '--save', '', '--appendonly', 'no', ...args],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    this.#child = child
    await new Promise<void>((resolve, reject) => {
      let said = ''
      child.once('exit', () => reject(new Error(`The server did not start: ${said}`)))
      child.once('error', reject)
      child.stdout.on('data', (chunk: Buffer) => {
        if (said.length < 10_000) said += chunk.toString()
        if (said.includes('Ready to accept connections')) resolve()
      })
    })
  }

  /** Ends the server like a crash; its data are lost. */
  async stop(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** The server keeps its connections and does not reply, until {@link thaw}. */
  freeze(): void {
    this.#child!.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child!.kill('SIGCONT')
  }

  /** Runs one command. */
  async command(...args: string[]): Promise<unknown> {
    const client = createClient({ url: this.url })
    await client.connect()
    try {
      return await client.sendCommand(args)
    } finally {
      client.destroy()
    }
  }
}

/** A Redis Cluster of three nodes without replicas. */
export async function startRedisCluster(
  cleanup: Cleanup,
  options: RedisOptions = {},
): Promise<{ nodes: RedisServer[]; urls: string[] }> {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '5000', ...(options.args ?? [])]
  const nodes = await Promise.all(
    // The bus listens on a separate port: by default 10000 above, which may be an invalid port.
    [1, 2, 3].map(async () =>
      RedisServer.start(cleanup, { ...options, args: [...args, '--cluster-port', `${await freePort()}`] }),
    ),
  )
  const share = Math.ceil(16384 / nodes.length)
  for (const [index, node] of nodes.entries()) {
    const [from, to] = [index * share, Math.min((index + 1) * share, 16384) - 1]
    await node.command('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to)).catch(async () => {
      const slots = Array.from({ length: to - from + 1 }, (_, slot) => String(from + slot))
      await node.command('CLUSTER', 'ADDSLOTS', ...slots)
    })
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
  }
  const [first] = nodes
  const bus = /@(\d+)/.exec(String(await first!.command('CLUSTER', 'NODES')))![1]!
  for (const node of nodes.slice(1))
    await node.command('CLUSTER', 'MEET', '127.0.0.1', String(first!.port), bus)
  await clusterIsHealthy(nodes)
  return { nodes, urls: nodes.map(({ url }) => url) }
}

/** Waits until each node of a cluster reports that the cluster is up and that no node fails. */
export async function clusterIsHealthy(nodes: readonly RedisServer[]): Promise<void> {
  for (const node of nodes) {
    let state = ''
    await until(
      async () => {
        const info = String(await node.command('CLUSTER', 'INFO'))
        state = info + String(await node.command('CLUSTER', 'NODES'))
        return (
          info.includes('cluster_state:ok') &&
          info.includes(`cluster_known_nodes:${nodes.length}`) &&
          !/\bfail\b|fail\?|handshake|disconnected/.test(state.slice(info.length))
        )
      },
      { patience: 60_000, saying: () => `the cluster is not healthy: ${state}` },
    )
  }
}
