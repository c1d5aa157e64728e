// Uses a strategy as Passport does, and checks its outcomes against its contract.
import { setImmediate } from 'node:timers/promises'
import { NearLoginRejected, NearServiceError } from 'passport-near'

const LIMIT = 10_000

const STATUS = {
  ERR_NEAR_CREDENTIALS_MISSING: 400,
  ERR_NEAR_CREDENTIALS_INVALID: 400,
  ERR_NEAR_WALLET_REFUSED: 401,
  ERR_NEAR_CHALLENGE_MISSING: 401,
  ERR_NEAR_CHALLENGE_EXPIRED: 401,
  ERR_NEAR_SIGNATURE_INVALID: 401,
  ERR_NEAR_ACCESS_KEY_NOT_FOUND: 401,
  ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS: 401,
  ERR_NEAR_AUTHORIZATION_INVALID: 401,
  ERR_NEAR_AUTHORIZATION_LIMIT: 401,
  ERR_NEAR_SESSION_UNAVAILABLE: 500,
  ERR_NEAR_STORE_FAILED: 503,
  ERR_NEAR_RPC_UNAVAILABLE: 503,
}

/** Outcomes after the first, whenever they arrived. */
export const late = []

export class Violation extends Error {}

/** @returns {Promise<string>} the class of the one outcome: `success`, or status and code */
export async function outcomeOf(strategy, req) {
  const outcomes = []
  let timer
  const first = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Violation('no outcome: the login hangs')), LIMIT)
    const settle = (action, details) => {
      outcomes.push(action)
      if (outcomes.length > 1) late.push(outcomes)
      resolve({ action, ...details })
    }
    const instance = Object.create(strategy)
    instance.success = (user, info) => settle('success', { user, info })
    instance.fail = (info, status) => settle('fail', { info, status })
    instance.error = (error) => settle('error', { error })
    instance.authenticate(req)
  })
  try {
    const outcome = await first
    await setImmediate()
    if (outcomes.length !== 1) throw new Violation(`a second outcome: ${outcomes.join(', ')}`)
    return classOf(outcome)
  } finally {
    clearTimeout(timer)
  }
}

function classOf({ action, info, status, error }) {
  if (action === 'success') return 'success'
  if (action === 'fail') {
    if (STATUS[info?.code] !== status || status >= 500)
      throw new Violation(`an unknown rejection: ${status} ${info?.code}`)
    if (info.message !== new NearLoginRejected(info.code).message)
      throw new Violation(`a custom message: ${info.message}`)
    return `${status} ${info.code}`
  }
  if (!(error instanceof NearServiceError))
    throw new Violation('an error that is not of the strategy', { cause: error })
  return `${error.status} ${error.code}`
}

/** @throws {Violation} for an outcome that is not in the allowed list */
export function expectOneOf(outcome, allowed) {
  if (!allowed.includes(outcome))
    throw new Violation(`${outcome}, where one of these fits: ${allowed.join(', ')}`)
  return outcome
}
