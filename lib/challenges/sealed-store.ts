import { NearLoginRejected } from '../errors'
import { describeValue, invalidOption, validateDuration, validateOptions } from '../validate'
import { ChallengeTooLongError, type StoredChallenge } from './challenge'
import type { ChallengeStore } from './challenge-store'
import { hasCodeVerifier, readCodeChallenge } from './code-challenge'
import { keySetter, type RedisSetClient } from './redis-client'
import { RedisLimits } from './redis-limits'
import { steadyNow, steadyReplayCache } from './replay-cache'
import { Seal } from './seal'

/*
 * Problem: apps, pages of other origins, agents and serverless functions have no cookie, and so no session.
 * Mechanism: the challenge travels as its own handle, sealed; the client that asked is known by PKCE; only its use is remembered.
 * Threat: a replay; an answer stolen or planted; a flood of challenges or of made-up handles.
 */

const OWNER = 'SealedChallengeStore'

/** The longest handle: a login's `state` is no longer. */
const MAX_HANDLE_LENGTH = 2048
const MIN_SECRET_LENGTH = 32

/** A secret of at least 32 bytes, such as `openssl rand -base64 32` prints. */
export type ChallengeSecret = string | Uint8Array

/** Options of a {@link SealedChallengeStore}. */
export interface SealedChallengeStoreOptions {
  /**
   * Seals the challenges. At least 32 bytes, the same in all processes. Of several, the first seals and all open, so that a secret can
   * be replaced: `[new, old]`. A secret that is undefined, such as a variable of the environment that is not set, is a TypeError.
   */
  secret: ChallengeSecret | readonly ChallengeSecret[] | undefined
  /**
   * A client of `redis` (5 or later) or `ioredis` that remembers the used challenges for all processes. Without it, each process
   * remembers its own, and a challenge can be used once in each.
   *
   * @defaultValue none
   */
  client?: RedisSetClient | undefined
  /**
   * The beginning of each key in Redis.
   *
   * @defaultValue `near:used-challenge:`
   */
  prefix?: string | undefined
  /**
   * Time limit for Redis (in milliseconds).
   *
   * @defaultValue `2000` (2 seconds)
   */
  timeout?: number | undefined
}

/** What is sealed. The purpose is authenticated with it. */
type Content = readonly [
  nonce: string,
  message: string,
  callbackUrl: string | null,
  issuedAt: number,
  expiresAt: number,
  issuedTo: string | null,
  codeChallenge: string,
  serial: string,
  /** By the clock of the process that issued it. */
  steadyIssuedAt: number,
]

/** Uses a challenge up. False if it was used before. */
type UseOnce = (content: Content) => Promise<boolean> | boolean

/**
 * Keeps no challenge at all, for clients without cookies: the challenge travels sealed, as `state`. The request for a challenge brings
 * a code challenge, and the login its code verifier (PKCE, RFC 7636), so that no other client can use the answer.
 *
 * A used challenge is remembered until it expires: one bit in this process, or one key in Redis, with one command for each login. An
 * open challenge costs nothing. `walletUrl` and `callbackPage` cannot be used: they cannot carry a code verifier.
 *
 * @example
 * ```js
 * const store = new SealedChallengeStore({ secret: process.env.CHALLENGE_SECRET, client })
 * const near = new NearStrategy({ recipient: 'app.example.com', store }, verify)
 * app.post('/auth/near', passport.authenticate('near', { session: false }), (req, res) => res.json(tokensFor(req.user)))
 * ```
 */
export class SealedChallengeStore implements ChallengeStore {
  readonly #seal: Seal
  readonly #useOnce: UseOnce
  readonly #used = steadyReplayCache()

  /** @throws {TypeError} when an option is wrong */
  constructor(options: SealedChallengeStoreOptions) {
    validateOptions<SealedChallengeStoreOptions>(OWNER, options, {
      secret: true,
      client: true,
      prefix: true,
      timeout: true,
    })
    const { secret, client, prefix = 'near:used-challenge:', timeout = 2000 } = options
    if (typeof prefix !== 'string' || prefix === '') {
      invalidOption(OWNER, 'prefix', 'a non-empty string', describeValue(prefix))
    }
    const limits = new RedisLimits(validateDuration(OWNER, 'timeout', timeout))
    this.#seal = new Seal(readSecrets(secret))
    this.#useOnce = client === undefined ? this.#useInProcess : useInRedis(client, prefix, limits)
  }

  /**
   * Seals a challenge for the client whose code challenge is in the query or the body of the request.
   *
   * @returns the sealed challenge, to be sent as `state`
   * @throws {NearLoginRejected} `ERR_NEAR_CODE_CHALLENGE_INVALID` (400) when the code challenge is missing or malformed
   * @throws {TypeError} when message and callback URL do not fit
   */
  async issue(req: object, challenge: StoredChallenge): Promise<string> {
    const codeChallenge = readCodeChallenge(req)
    if (codeChallenge === undefined) throw new NearLoginRejected('ERR_NEAR_CODE_CHALLENGE_INVALID')
    return this.#sealChallenge(challenge, codeChallenge, this.#used.nextSerial())
  }

  /**
   * Opens a challenge and uses it up, if the request's body has its code verifier. Without the verifier it stays unused.
   *
   * @param state - the sealed challenge
   * @returns the challenge, or undefined if it is not one of this store, is another client's, or was used before
   * @throws {NearServiceError} `ERR_NEAR_STORE_FAILED` (503) when Redis fails or times out
   */
  async consume(
    req: object,
    state: string | undefined,
    purpose: string,
  ): Promise<StoredChallenge | undefined> {
    const opened = state === undefined ? undefined : this.#seal.open(state, purpose)
    if (state === undefined || opened === undefined) return undefined
    const content = JSON.parse(opened) as Content
    const [nonce, message, callbackUrl, issuedAt, expiresAt, issuedTo, codeChallenge] = content
    if (!hasCodeVerifier(req, codeChallenge)) return undefined
    // An expired challenge is rejected as such, whether it was used or not.
    if (Date.now() <= expiresAt && !(await this.#useOnce(content))) return undefined
    const url = callbackUrl === null ? {} : { callbackUrl }
    return { state, nonce, message, ...url, issuedAt, expiresAt, purpose, issuedTo }
  }

  /**
   * Checks that a fixed message fits.
   *
   * @throws {TypeError} when it does not
   * @internal
   */
  requireFit(message: string, callbackUrl: string | undefined, purpose: string): void {
    const [nonce, now, issuedTo] = ['n'.repeat(44), Date.now(), 'u'.repeat(22)]
    const challenge = {
      state: '',
      nonce,
      message,
      callbackUrl,
      issuedAt: now,
      expiresAt: now,
      purpose,
      issuedTo,
    }
    this.#sealChallenge(challenge, 'c'.repeat(43), 's'.repeat(24))
  }

  #sealChallenge(challenge: StoredChallenge, codeChallenge: string, serial: string): string {
    const { nonce, message, callbackUrl = null, issuedAt, expiresAt, purpose, issuedTo } = challenge
    const content: Content = [
      nonce,
      message,
      callbackUrl,
      issuedAt,
      expiresAt,
      issuedTo,
      codeChallenge,
      serial,
      Math.floor(steadyNow()),
    ]
    const handle = this.#seal.seal(JSON.stringify(content), purpose)
    if (handle.length <= MAX_HANDLE_LENGTH) return handle
    throw new ChallengeTooLongError(
      `${OWNER}: message and callbackUrl are too long for a sealed challenge: together they must have at most some 1200 bytes; got ${Buffer.byteLength(message + (callbackUrl ?? ''))}`,
    )
  }

  /** A challenge of this process is timed by the steady clock, so that no clock that is set back outlives its record. */
  readonly #useInProcess: UseOnce = (content) => {
    const [nonce, , , issuedAt, expiresAt, , , serial, steadyIssuedAt] = content
    const isOwn = this.#used.isOwn(serial)
    const forgetAt = (isOwn ? steadyIssuedAt : steadyNow()) + (expiresAt - issuedAt)
    if (forgetAt <= steadyNow() || this.#used.isConsumed(nonce, serial)) return false
    this.#used.consume(nonce, serial, forgetAt)
    return true
  }
}

/** The key lives as long as a challenge, counted from its use: the clocks of two processes may differ by its age. */
function useInRedis(client: RedisSetClient, prefix: string, limits: RedisLimits): UseOnce {
  const setKey = keySetter(client)
  return ([nonce, , , issuedAt, expiresAt]) => {
    const id = Buffer.from(nonce, 'base64').toString('base64url', 0, 16)
    const lifetime = Math.max(1, Math.ceil(expiresAt - issuedAt))
    return limits.withTimeout(() => limits.command(() => setKey(prefix + id, lifetime)))
  }
}

function readSecrets(secret: unknown): Uint8Array[] {
  const expected = `a string or Buffer of at least ${MIN_SECRET_LENGTH} random bytes, or an array of these`
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  if (secrets.length === 0) invalidOption(OWNER, 'secret', expected, 'an array of 0')
  return secrets.map((each) => {
    const bytes = typeof each === 'string' ? Buffer.from(each) : each
    // A secret is never shown.
    if (!(bytes instanceof Uint8Array)) {
      return invalidOption(
        OWNER,
        'secret',
        expected,
        each === undefined ? 'undefined' : `a value of type ${typeof each}`,
      )
    }
    if (bytes.length < MIN_SECRET_LENGTH) invalidOption(OWNER, 'secret', expected, `${bytes.length} bytes`)
    if (bytes.every((byte) => byte === bytes[0])) {
      invalidOption(OWNER, 'secret', expected, 'one character, repeated')
    }
    return bytes
  })
}
