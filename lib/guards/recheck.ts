import { createHash } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import { checkAccessKey } from '../access-keys/check'
import type { TimedAccessKeySource } from '../access-keys/source'
import { NearServiceError, rejection, type NearAuthErrorCode, type NearLoginRejected } from '../errors'
import type { AuthorizationResolver } from '../nep641/resolve'
import type { LoginRecord } from './login-record'

/*
 * Problem: many sessions of one key come due at once, and a dead chain must not hold up each page.
 * Mechanism: one question for each key at a time, whose answer counts for a second, or whose failure for a pause.
 * Threat: an outage that is taken for a yes or for a no.
 */

/** The `node:diagnostics_channel` on which each question is published. @internal */
export const REVALIDATION_CHANNEL = 'passport-near:revalidation'

/** The result of one question to the chain about a session's login: nothing personal, no URL. */
export interface RevalidationEvent {
  /** The strategy's name. */
  readonly strategy: string
  /** `error`: the chain could not tell. */
  readonly outcome: 'valid' | 'revoked' | 'error'
  /** Why the login is revoked, or the code of the error; undefined for `valid`. */
  readonly code: NearAuthErrorCode | undefined
  /** The RPC endpoint that decided: its place in the option `rpc`, from 1; undefined if none did. */
  readonly endpoint: number | undefined
}

const revalidations = channel(REVALIDATION_CHANNEL)

/**
 * How long an answer counts for the other sessions of its key, in milliseconds: sessions that come due in the same second ask once.
 */
const ANSWER_LIFETIME = 1000

/** How long an unanswered question is not asked again, in milliseconds. */
const PAUSE = 30_000
const UNAVAILABLE = 'ERR_NEAR_RPC_UNAVAILABLE'
const ASKED = { detail: 'This key was asked about a moment ago' }

/** @internal The options of the strategy that the question depends on. */
export interface RecheckOptions {
  readonly name: string
  readonly accessKeys: TimedAccessKeySource
  readonly allowImplicit: boolean
  readonly authorizations: AuthorizationResolver | undefined
}

/** Whether a login still holds: true, or why not. @internal */
export type Answer = true | NearLoginRejected

/** An answer of the chain, and when it came, in milliseconds since 1970. @internal */
export interface DatedAnswer {
  readonly answer: Answer
  readonly at: number
}

/** Without an answer: the chain could not tell. */
type Outcome = DatedAnswer | { readonly answer?: never; readonly at: number }

/** Asks the chain again what it was asked at the login. @internal */
export class Recheck {
  readonly #options: RecheckOptions
  readonly #pending = new Map<string, Promise<DatedAnswer>>()
  /** In the order in which they came. */
  readonly #recent = new Map<string, Outcome>()

  constructor(options: RecheckOptions) {
    this.#options = options
  }

  /**
   * Asks whether a login still holds. Sessions of one account and key share a question while it is under way, and its answer for a
   * second. A question without an answer is not asked again for 30 seconds.
   *
   * @param every - the interval of the guard, in milliseconds: a shorter one shortens both times
   * @throws {NearServiceError} `ERR_NEAR_RPC_UNAVAILABLE` (503) when the chain cannot tell, or could not a moment ago
   */
  async ask(record: LoginRecord, every: number): Promise<DatedAnswer> {
    const key = questionOf(record)
    const recent = this.#recent.get(key)
    const age = recent && Date.now() - recent.at
    if (recent && age! >= 0) {
      // The error itself would be 3 kB for each key, while the chain is down.
      if (!recent.answer && age! < Math.min(every, PAUSE)) throw new NearServiceError(UNAVAILABLE, ASKED)
      // An answer that the session knows already tells it nothing new.
      const isNews = recent.at > record.checkedAt
      if (recent.answer && isNews && age! < Math.min(every, ANSWER_LIFETIME)) return recent
    }
    return this.#pending.get(key) ?? this.#start(key, record)
  }

  #start(key: string, record: LoginRecord): Promise<DatedAnswer> {
    const answer = this.#ask(key, record).finally(() => this.#pending.delete(key))
    this.#pending.set(key, answer)
    return answer
  }

  async #ask(key: string, record: LoginRecord): Promise<DatedAnswer> {
    try {
      const { result, endpoint } = await this.#question(record)
      const outcome = { answer: result, at: Date.now() }
      this.#remember(key, outcome)
      const isValid = result === true
      this.#publish(isValid ? 'valid' : 'revoked', isValid ? undefined : result.code, endpoint)
      return outcome
    } catch (error) {
      const isOutage = error instanceof NearServiceError
      if (isOutage) this.#remember(key, { at: Date.now() })
      this.#publish('error', isOutage ? error.code : undefined, undefined)
      throw error
    }
  }

  async #question(record: LoginRecord): Promise<{ result: Answer; endpoint: number | undefined }> {
    const { accountId, publicKey } = record
    const { accessKeys, allowImplicit, authorizations } = this.#options
    if (publicKey !== undefined) return checkAccessKey(accessKeys, { accountId, publicKey, allowImplicit })
    const authorization = record.authorization!
    const expect = record.payload!
    // Without the option, a login by a contract is no login of this strategy any more.
    if (!authorizations) return { result: rejection('ERR_NEAR_AUTHORIZATION_INVALID'), endpoint: undefined }
    const { result, endpoint } = await authorizations.resolve({ accountId, authorization, expect })
    if (result === 'limit') {
      const detail = 'The authorization involves more than the option walletContracts allows'
      throw new NearServiceError(UNAVAILABLE, { detail })
    }
    const holds = result !== 'invalid' && result.payload === expect
    return { result: holds || rejection('ERR_NEAR_AUTHORIZATION_INVALID'), endpoint }
  }

  #remember(key: string, outcome: Outcome): void {
    for (const [other, { at }] of this.#recent) {
      if (outcome.at - at < PAUSE) break
      this.#recent.delete(other)
    }
    this.#recent.delete(key)
    this.#recent.set(key, outcome)
  }

  #publish(
    outcome: RevalidationEvent['outcome'],
    code: NearAuthErrorCode | undefined,
    endpoint: number | undefined,
  ): void {
    if (!revalidations.hasSubscribers) return
    revalidations.publish({
      strategy: this.#options.name,
      outcome,
      code,
      endpoint,
    } satisfies RevalidationEvent)
  }
}

/** What is asked: of a wallet contract, the authorization, which can be 16 kB. */
function questionOf({ accountId, publicKey, authorization }: LoginRecord): string {
  if (publicKey !== undefined) return `${accountId} ${publicKey}`
  return `${accountId} ${createHash('sha256').update(authorization!).digest('base64url')}`
}
