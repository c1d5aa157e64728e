import { serializedUser } from '../challenges/current-user'
import { getSession, getSessionId, wrapRegenerate, wrapSave, type Session } from '../challenges/session'
import type { AuthorizationResolver } from '../nep641/resolve'
import { viaOf } from '../profile'
import type { AuthorizationProof } from '../proofs/authorization'
import type { AccountProof } from '../proofs/prove'
import type { Network } from '../rpc/options'

/*
 * Problem: after the login, the session knows the user, and not the key that signed in.
 * Mechanism: the key and the times are kept in the session that Passport makes for the login, with the user whose login it was.
 * Threat: a session that another user took over; a session library that keeps its content at login and logout.
 */

/** A login of this strategy, as the session remembers it. Times are in milliseconds since 1970. */
export interface NearLogin {
  accountId: string
  /** The full-access key that signed, `<type>:<base58>`; absent where a wallet contract decided. */
  publicKey?: string
  /** What decided; only of a strategy that accepts wallet contracts. */
  via?: 'access-key' | 'contract'
  network: Network
  loggedInAt: number
  /** When the chain last said yes. */
  checkedAt: number
}

/** The record as the session holds it. @internal */
export interface LoginRecord extends Readonly<NearLogin> {
  /** What a wallet contract was asked, and what it had to authorize: the same question can be asked again. */
  readonly authorization?: string
  readonly payload?: string
  /** Passport's serialised user. */
  readonly user: string
}

/** A cookie holds 4,096 bytes, a third of which is lost to base64. The rest is for the user and open challenges. */
const MAX_BYTES_IN_COOKIE = 2048

/** @internal The options of the strategy that its record depends on. */
export interface RecordOptions {
  readonly name: string
  readonly network: Network
  readonly authorizations: AuthorizationResolver | undefined
}

/** Reads and writes the record of one strategy. @internal */
export class LoginRecords {
  readonly #property: string
  readonly #options: RecordOptions

  constructor(options: RecordOptions) {
    this.#property = `${options.name}:login`
    this.#options = options
  }

  /**
   * Leaves a record in the session that Passport makes for a login: `regenerate` replaces the session, then Passport writes the user
   * and calls `save`. Without both calls, nothing is left: `session: false`, `passport.authorize`, @fastify/secure-session.
   */
  leave(req: object, proof: AccountProof): void {
    const session = getSession(req)
    if (!session) return
    const now = Date.now()
    wrapRegenerate(req, session, () => (newSession) => {
      wrapSave(newSession, () => this.#note(newSession, proof, now))
    })
  }

  #note(session: Session, proof: AccountProof, now: number): void {
    const user = serializedUser({ session })
    if (user === undefined) return
    const { accountId, publicKey } = proof
    const via = viaOf(proof, this.#options)
    const record: LoginRecord = {
      accountId,
      ...(publicKey !== undefined && { publicKey }),
      ...(via !== undefined && { via }),
      network: this.#options.network,
      loggedInAt: now,
      checkedAt: now,
      // A key can be asked about without the authorization.
      ...('authorization' in proof && via === 'contract' && contractQuestion(proof)),
      user,
    }
    const fits = publicKey !== undefined || isOnServer(session) || byteLength(record) <= MAX_BYTES_IN_COOKIE
    session[this.#property] = fits ? record : undefined
  }

  /** The record of the user who is signed in; undefined if there is none, or if it is another user's. */
  read(req: object): LoginRecord | undefined {
    const record = getSession(req)?.[this.#property]
    if (!isLoginRecord(record)) return undefined
    return record.user === serializedUser(req) ? record : undefined
  }

  /** What the application may see of the record. */
  login(req: object): NearLogin | undefined {
    const record = this.read(req)
    if (!record) return undefined
    const { user: _user, authorization: _authorization, payload: _payload, ...login } = record
    return login
  }

  /** Notes when the chain said yes, unless the record was replaced in the meantime. */
  renew(req: object, record: LoginRecord, checkedAt: number): void {
    const session = getSession(req)
    if (session?.[this.#property] === record) {
      session[this.#property] = { ...record, checkedAt } satisfies LoginRecord
    }
  }

  /** Removes a record, of whatever user: some session libraries keep it at logout. */
  clear(req: object): void {
    const session = getSession(req)
    if (session?.[this.#property] !== undefined) session[this.#property] = undefined
  }
}

const contractQuestion = ({ authorization, payload }: AuthorizationProof) => ({ authorization, payload })

/** Whether the browser holds an id only. koa-session's session knows by its key. */
function isOnServer(session: Session): boolean {
  return typeof session.id === 'string' || getSessionId({ session }) !== undefined
}

function byteLength(record: LoginRecord): number {
  return Buffer.byteLength(JSON.stringify(record))
}

/** The session's content is the application's. */
function isLoginRecord(value: unknown): value is LoginRecord {
  if (typeof value !== 'object' || value === null) return false
  const fields = value as Partial<Record<keyof LoginRecord, unknown>>
  const { accountId, publicKey, authorization, payload, loggedInAt, checkedAt, user } = fields
  return (
    typeof accountId === 'string' &&
    (typeof publicKey === 'string' || (typeof authorization === 'string' && typeof payload === 'string')) &&
    Number.isFinite(loggedInAt) &&
    Number.isFinite(checkedAt) &&
    typeof user === 'string'
  )
}
