import { createHash } from 'node:crypto'
import { describeValue } from '../validate'

/** What is used of the clients of the package `redis` (node-redis 5 and later): one server, a pool, a cluster. */
export interface NodeRedisClient {
  /** Runs a script by its text. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  /** Runs a script that the server has, by its hash. */
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** What is used of the clients of the package `ioredis`: one server, a cluster. */
export interface IoRedisClient {
  /** Runs a script by its text. */
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  /** Runs a script that the server has, by its hash. */
  evalsha(sha: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
}

/** A client of `redis` (node-redis 5 and later) or `ioredis`, for one server or a cluster, as the application made it. */
export type RedisClient = NodeRedisClient | IoRedisClient

/** @internal A Lua script, which Redis runs as one command: no other comes between its parts. */
export class RedisScript {
  readonly text: string
  readonly sha: string

  constructor(text: string) {
    this.text = text
    this.sha = createHash('sha1').update(text).digest('hex')
  }
}

/** @internal Runs a script on the server that has the key; the script's `KEYS[1]` and `ARGV`. */
export type RunScript = (script: RedisScript, key: string, args: readonly string[]) => Promise<unknown>

/**
 * Runs scripts with whichever client it is. A server that does not have a script yet, such as one that was restarted, is
 * sent its text.
 *
 * @throws {TypeError} when it is neither client
 * @internal
 */
export function scriptRunner(client: RedisClient): RunScript {
  const { byHash, byText } = callsOf(client)
  return async (script, key, args) => {
    try {
      return await byHash(script.sha, key, args)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return byText(script.text, key, args)
    }
  }
}

type Call = (script: string, key: string, args: readonly string[]) => Promise<unknown>

function callsOf(client: RedisClient): { byHash: Call; byText: Call } {
  if (has(client, 'eval') && has(client, 'evalSha')) {
    const nodeRedis = client as NodeRedisClient
    return {
      byHash: (sha, key, args) => nodeRedis.evalSha(sha, { keys: [key], arguments: [...args] }),
      byText: (text, key, args) => nodeRedis.eval(text, { keys: [key], arguments: [...args] }),
    }
  }
  if (has(client, 'eval') && has(client, 'evalsha')) {
    const ioRedis = client as IoRedisClient
    return {
      byHash: (sha, key, args) => ioRedis.evalsha(sha, 1, key, ...args),
      byText: (text, key, args) => ioRedis.eval(text, 1, key, ...args),
    }
  }
  // Nothing of a string: it is probably a URL, with a password in it.
  const got = typeof client === 'string' ? 'a string' : describeValue(client)
  throw new TypeError(
    `RedisChallengeStore: the first argument must be a client of the package "redis" (5 or later) or "ioredis"; got ${got}`,
  )
}

function has(client: unknown, method: string): boolean {
  return typeof (client as Record<string, unknown> | null | undefined)?.[method] === 'function'
}
