import { DEFAULT_CHALLENGE_MAX_AGE, type ChallengeStore, type StoredChallenge } from '../challenge'
import { NearServiceError } from '../errors'
import { describeValue, MAX_DELAY } from '../option-checks'
import { within, type Cancellation } from '../patience'
import {
  findSession,
  findSessionId,
  MAX_OPEN_CHALLENGES,
  saveNewSession,
  type Session,
} from './browser-session'
import { EarlierSessions, type SessionNames } from './earlier-sessions'
import { scriptRunner, type RedisClient, type RedisScript, type RunScript } from './redis-client'
import { beginning, CONSUME, ISSUE, pack, readReply } from './redis-scripts'
import { onRegenerate } from './regenerate'

/** So many commands may wait for an answer: where Redis gives none, clients keep them in memory without end. */
const MAX_UNANSWERED = 10_000

/** How a {@link RedisChallengeStore} keeps its challenges. */
export interface RedisChallengeStoreOptions<Request extends object = object> {
  /** What the keys in Redis begin with; default `near:challenge:`. Two strategies in one application use two. */
  prefix?: string
  /** How long Redis may take for one operation, in milliseconds; default 2000. */
  timeout?: number
  /**
   * Where the session's id is, if not where express-session, @fastify/session or koa-session have it. It must be something
   * that nobody else's browser can have, such as an id in a signed cookie.
   */
  sessionId?: (req: Request) => string | undefined
}

/** A browser's session, and the names under which its challenges are kept. */
interface Browser {
  readonly session: Session | undefined
  readonly names: SessionNames
}

/**
 * Keeps challenges in Redis, Redis Cluster or Valkey, so that each is used exactly once by any number of processes.
 *
 * There is one key for each browser session, with at most 8 challenges, which expires when the latest of them is too
 * old. It is named by a hash of the session's id: whoever reads Redis has nobody's session. When Passport replaces the session
 * at login, the challenges of the browser's other tabs stay where they are and the new session remembers where that is.
 *
 * @see ChallengeStore
 */
export class RedisChallengeStore<Request extends object = object> implements ChallengeStore {
  readonly #run: RunScript
  readonly #prefix: string
  readonly #timeout: number
  readonly #sessionId: (req: object) => unknown
  readonly #earlier: EarlierSessions
  #maxAge: number | undefined
  #unanswered = 0

  /**
   * @param client - of the package `redis` (5 or later) or `ioredis`; connecting and closing it is the application's
   * @throws {TypeError} when it is no such client, or an option is wrong
   */
  constructor(client: RedisClient, options: RedisChallengeStoreOptions<Request> = {}) {
    this.#run = scriptRunner(client)
    const { prefix, timeout, sessionId } = checkOptions(options)
    this.#prefix = prefix
    this.#timeout = timeout
    this.#sessionId = sessionId
    this.#earlier = new EarlierSessions(`${prefix}session`)
  }

  keepFor(maxAge: number): void {
    this.#maxAge = Math.max(this.#maxAge ?? 0, maxAge)
  }

  /**
   * Remembers a challenge, and sees to it that the session is saved and the browser gets its cookie.
   *
   * @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) when the session's id is not known,
   *   `ERR_NEAR_STORE_FAILED` (503) when Redis does not do it in time
   */
  async issue(req: object, challenge: StoredChallenge): Promise<void> {
    const { session, names } = this.#browser(req)
    const timeToLive = String(Math.ceil(this.#lifetime))
    await this.#withinTime(() =>
      this.#command(ISSUE, names.own, [pack(challenge), String(MAX_OPEN_CHALLENGES), timeToLive]),
    )
    if (!session) return
    this.#earlier.touch(session)
    await saveNewSession(session)
  }

  /**
   * Takes a challenge out of Redis, so that it can be used once.
   *
   * @param state - the challenge's handle, or undefined for the latest
   * @returns the challenge, or undefined if there is none
   * @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) when the session's id is not known,
   *   `ERR_NEAR_STORE_FAILED` (503) when Redis does not do it in time
   */
  async consume(req: object, state: string | undefined): Promise<StoredChallenge | undefined> {
    const { session, names } = this.#browser(req)
    const wanted = state === undefined ? [] : [beginning(state)]
    const all = [names.own, ...names.earlier]
    const taken = await this.#withinTime(async (cancellation) => {
      for (const name of all) {
        if (cancellation.isCancelled) return undefined
        const reply = await this.#command(CONSUME, name, wanted)
        if (reply) return { name, ...readReply(reply) }
      }
      return undefined
    })
    if (!taken) return undefined
    if (session) {
      const holding = all.filter((name) => name !== taken.name || taken.left > 0)
      onRegenerate(req, session, () => this.#earlier.replace(session, holding, Date.now() + this.#lifetime))
    }
    return taken.name === names.own ? taken.challenge : { ...taken.challenge, issuedBeforeLogin: true }
  }

  get #lifetime(): number {
    return this.#maxAge ?? DEFAULT_CHALLENGE_MAX_AGE
  }

  #browser(req: object): Browser {
    const id = this.#sessionId(req)
    if (typeof id !== 'string' || id === '') throw new NearServiceError('ERR_NEAR_SESSION_UNAVAILABLE')
    const session = findSession(req)
    return { session, names: this.#earlier.names(id, session) }
  }

  async #command(script: RedisScript, name: string, args: readonly string[]): Promise<unknown> {
    if (this.#unanswered >= MAX_UNANSWERED) throw new Error('Too many commands wait for an answer of Redis')
    this.#unanswered++
    try {
      return await this.#run(script, this.#prefix + name, args)
    } finally {
      this.#unanswered--
    }
  }

  async #withinTime<Result>(work: (cancellation: Cancellation) => Promise<Result>): Promise<Result> {
    try {
      return await within(this.#timeout, `Redis did not answer within ${this.#timeout} ms`, work)
    } catch (cause) {
      throw new NearServiceError('ERR_NEAR_STORE_FAILED', { cause })
    }
  }
}

/** Every option, so that a mistyped one is not passed over in silence. */
const KNOWN_OPTIONS: Record<keyof RedisChallengeStoreOptions, true> = {
  prefix: true,
  timeout: true,
  sessionId: true,
}

function checkOptions<Request extends object>(
  options: RedisChallengeStoreOptions<Request>,
): {
  prefix: string
  timeout: number
  sessionId: (req: object) => unknown
} {
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw new TypeError(`RedisChallengeStore: options must be an object, got ${describeValue(options)}`)
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(KNOWN_OPTIONS, name))
  if (unknown !== undefined) {
    throw new TypeError(
      `RedisChallengeStore: option "${unknown}" is not known; expected one of ${Object.keys(KNOWN_OPTIONS).join(', ')}`,
    )
  }
  const { prefix = 'near:challenge:', timeout = 2000, sessionId = findSessionId } = options
  if (typeof prefix !== 'string' || prefix === '') wrong('prefix', 'a non-empty string', prefix)
  if (typeof timeout !== 'number' || !(timeout > 0 && timeout <= MAX_DELAY)) {
    wrong('timeout', `a number of milliseconds from 1 to ${MAX_DELAY}`, timeout)
  }
  if (typeof sessionId !== 'function') wrong('sessionId', 'a function (req) => string', sessionId)
  return { prefix, timeout, sessionId: sessionId as (req: object) => unknown }
}

function wrong(name: string, expected: string, value: unknown): never {
  throw new TypeError(
    `RedisChallengeStore: option "${name}" must be ${expected}, got ${describeValue(value)}`,
  )
}
