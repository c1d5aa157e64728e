import { NearServiceError } from '../errors'
import { describeValue, validateDuration, validateFunction, validateOptions } from '../validate'
import type { StoredChallenge } from './challenge'
import type { ChallengeStore } from './challenge-store'
import { scriptRunner, type RedisClient, type RedisScript, type RunScript } from './redis-client'
import { RedisLimits } from './redis-limits'
import { CONSUME, ISSUE, parseReply, serialize } from './redis-scripts'
import {
  getSession,
  getSessionId,
  MAX_PENDING_CHALLENGES,
  saveNewSession,
  wrapRegenerate,
  type Session,
} from './session'
import { SessionKeys, type Keys } from './session-keys'

/*
 * Problem: consecutive requests may reach different processes, and each copy of a login another one.
 * Mechanism: one Redis key for each browser session; a Lua script takes a challenge out in one command.
 * Threat: a replay in parallel; a Redis that fails, hangs or forgets; a reader of Redis.
 */

const OWNER = 'RedisChallengeStore'

/** Options of a {@link RedisChallengeStore}. */
export interface RedisChallengeStoreOptions<Request extends object = object> {
  /**
   * The beginning of each key in Redis.
   *
   * @defaultValue `near:challenge:`
   */
  prefix?: string | undefined
  /**
   * Time limit for one challenge or one login (in milliseconds).
   *
   * @defaultValue `2000` (2 seconds)
   */
  timeout?: number | undefined
  /**
   * The id of the browser's session, for a framework other than express-session, @fastify/session and koa-session with a store.
   * No other browser may know or set this id: a random id in a signed cookie is right, a user's id is not.
   */
  sessionId?: ((req: Request) => string | undefined) | undefined
}

/** A browser's session, and the keys of its challenges. */
interface Browser {
  readonly session: Session | undefined
  readonly keys: Keys
}

/**
 * Keeps challenges in Redis, Redis Cluster or Valkey. Each is used exactly once, across any number of processes.
 *
 * Each browser session has one key with at most 8 challenges, which expires with the latest of them. The key is a hash of the
 * session's id, so that a reader of Redis learns no session id. When Passport replaces the session at login, the challenges of the
 * browser's other tabs stay at the old key, and the new session remembers that key. A login costs at most 2 commands.
 *
 * @example
 * ```js
 * const client = createClient({ url: process.env.REDIS_URL, disableOfflineQueue: true }) // of the package redis
 * await client.connect()
 * new NearStrategy({ recipient: 'app.example.com', store: new RedisChallengeStore(client) }, verify)
 * ```
 */
export class RedisChallengeStore<Request extends object = object> implements ChallengeStore {
  readonly #run: RunScript
  readonly #prefix: string
  readonly #limits: RedisLimits
  readonly #sessionId: (req: object) => unknown
  readonly #keys: SessionKeys

  /**
   * @param client - of the package `redis` (5 or later) or `ioredis`. The application connects and closes the client.
   * @throws {TypeError} when the client is another, or an option is wrong
   */
  constructor(client: RedisClient, options: RedisChallengeStoreOptions<Request> = {}) {
    this.#run = scriptRunner(client)
    const { prefix, timeout, sessionId } = resolveOptions(options)
    this.#prefix = prefix
    this.#limits = new RedisLimits(timeout)
    this.#sessionId = sessionId
    this.#keys = new SessionKeys(`${prefix}session`)
  }

  /**
   * Remembers a challenge. The session is saved, so that the browser gets its cookie.
   *
   * @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) when the session has no id,
   *   `ERR_NEAR_STORE_FAILED` (503) when Redis fails or times out
   */
  async issue(req: object, challenge: StoredChallenge): Promise<void> {
    const { session, keys } = this.#browser(req)
    const lifetime = String(Math.max(1, Math.ceil(challenge.expiresAt - Date.now())))
    await this.#limits.withTimeout(() =>
      this.#command(ISSUE, keys.own, [serialize(challenge), String(MAX_PENDING_CHALLENGES), lifetime]),
    )
    if (!session) return
    this.#keys.initialize(session)
    await saveNewSession(session)
  }

  /**
   * Takes a challenge out of Redis.
   *
   * @param state - the challenge's handle, or undefined for the latest of this purpose
   * @returns the challenge, or undefined if there is none
   * @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) when the session has no id,
   *   `ERR_NEAR_STORE_FAILED` (503) when Redis fails or times out
   */
  async consume(
    req: object,
    state: string | undefined,
    purpose: string,
  ): Promise<StoredChallenge | undefined> {
    const { session, keys } = this.#browser(req)
    const args = [state ?? '', purpose]
    const controller = new AbortController()
    const { challenge, holder } = await this.#limits.withTimeout(async () => {
      const own = parseReply(await this.#command(CONSUME, keys.own, args))
      const holder = own.left > 0 ? keys.own : undefined
      if (own.challenge || keys.previous === undefined || controller.signal.aborted) {
        return { challenge: own.challenge, holder: holder ?? keys.previous }
      }
      const previous = parseReply(await this.#command(CONSUME, keys.previous, args))
      return {
        challenge: previous.challenge,
        holder: previous.left > 0 ? keys.previous : holder,
      }
    }, controller)
    if (!challenge) return undefined
    if (session) {
      const { issuedAt, expiresAt } = challenge
      const until = Date.now() + (expiresAt - issuedAt)
      wrapRegenerate(req, session, () => this.#keys.rotate(session, holder, until))
    }
    return challenge
  }

  #browser(req: object): Browser {
    const id = this.#sessionId(req)
    if (typeof id !== 'string' || id === '') throw new NearServiceError('ERR_NEAR_SESSION_UNAVAILABLE')
    const session = getSession(req)
    return { session, keys: this.#keys.keysFor(id, session) }
  }

  #command(script: RedisScript, key: string, args: readonly string[]): Promise<unknown> {
    return this.#limits.command(() => this.#run(script, this.#prefix + key, args))
  }
}

function resolveOptions<Request extends object>(
  options: RedisChallengeStoreOptions<Request>,
): {
  prefix: string
  timeout: number
  sessionId: (req: object) => unknown
} {
  validateOptions<RedisChallengeStoreOptions>(OWNER, options, {
    prefix: true,
    timeout: true,
    sessionId: true,
  })
  const { prefix = 'near:challenge:', timeout = 2000, sessionId = getSessionId } = options
  if (typeof prefix !== 'string' || prefix === '') {
    throw new TypeError(`${OWNER}: option "prefix" must be a non-empty string; got ${describeValue(prefix)}`)
  }
  return {
    prefix,
    timeout: validateDuration(OWNER, 'timeout', timeout),
    sessionId: validateFunction(OWNER, 'sessionId', sessionId, '(req) => string'),
  }
}
