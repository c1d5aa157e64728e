import { createHash } from 'node:crypto'
import { describeValue } from '../validate'

/** The methods used of a client of the package `redis` (node-redis 5 and later), for one server, a pool or a cluster. */
export interface NodeRedisClient {
  /** Runs a script by its text. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  /** Runs a script that the server has, by its hash. */
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** The methods used of a client of the package `ioredis`, for one server or a cluster. */
export interface IoRedisClient {
  /** Runs a script by its text. */
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  /** Runs a script that the server has, by its hash. */
  evalsha(sha: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
}

/** A client of `redis` (node-redis 5 and later) or `ioredis`. The application creates, connects and closes the client. */
export type RedisClient = NodeRedisClient | IoRedisClient

/** A Lua script. Redis runs a script as one command, so that no other command comes in between. @internal */
export class RedisScript {
  readonly text: string
  readonly sha: string

  constructor(text: string) {
    this.text = text
    this.sha = createHash('sha1').update(text).digest('hex')
  }
}

/** Runs a script with `KEYS[1]` and `ARGV`, on the server that holds the key. @internal */
export type RunScript = (script: RedisScript, key: string, args: readonly string[]) => Promise<unknown>

/**
 * Runs scripts with either client. A server that does not have the script, such as a restarted one, gets its text.
 *
 * @throws {TypeError} when the argument is neither client
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
  throw new TypeError(
    `RedisChallengeStore: the first argument must be ${CLIENTS}; got ${describeClient(client)}`,
  )
}

const CLIENTS = 'a client of the package "redis" (5 or later) or "ioredis"'

/** A string is not shown: it is probably a URL with a password. */
const describeClient = (client: unknown): string =>
  typeof client === 'string' ? 'a string' : describeValue(client)

function has(client: unknown, method: string): boolean {
  return typeof (client as Record<string, unknown> | null | undefined)?.[method] === 'function'
}

/** The methods used of a client of the package `redis` (node-redis 5 and later) that can set a key once. */
export interface NodeRedisSetClient {
  /** Distinguishes this client from a client of `ioredis`. */
  evalSha: unknown
  /** Sets a key. */
  set(key: string, value: string, options: { NX: true; PX: number }): Promise<unknown>
}

/** The methods used of a client of the package `ioredis` that can set a key once. */
export interface IoRedisSetClient {
  /** Distinguishes this client from a client of `redis`. */
  evalsha: unknown
  /** Sets a key. */
  set(key: string, value: string, px: 'PX', milliseconds: number, nx: 'NX'): Promise<unknown>
}

/** A client of `redis` or `ioredis` for a {@link SealedChallengeStore}. The application creates, connects and closes the client. */
export type RedisSetClient = NodeRedisSetClient | IoRedisSetClient

/**
 * Returns a function that sets a key for some milliseconds if it does not exist, with one command.
 *
 * @returns whether the key did not exist
 * @throws {TypeError} when the argument is neither client
 * @internal
 */
export function keySetter(client: RedisSetClient): (key: string, lifetime: number) => Promise<boolean> {
  const set = setCall(client)
  return async (key, lifetime) => {
    const reply = await set(key, lifetime)
    if (reply === null) return false
    // A client may be configured to return text as a Buffer.
    if (reply === 'OK' || (Buffer.isBuffer(reply) && reply.toString() === 'OK')) return true
    throw new Error('Redis sent an unknown reply to SET')
  }
}

function setCall(client: RedisSetClient): (key: string, lifetime: number) => Promise<unknown> {
  if (has(client, 'set') && has(client, 'evalSha')) {
    const nodeRedis = client as NodeRedisSetClient
    return (key, lifetime) => nodeRedis.set(key, '1', { NX: true, PX: lifetime })
  }
  if (has(client, 'set') && has(client, 'evalsha')) {
    const ioRedis = client as IoRedisSetClient
    return (key, lifetime) => ioRedis.set(key, '1', 'PX', lifetime, 'NX')
  }
  throw new TypeError(
    `SealedChallengeStore: option "client" must be ${CLIENTS}; got ${describeClient(client)}`,
  )
}
