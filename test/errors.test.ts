import { readFileSync } from 'node:fs'
import {
  NearAuthError,
  NearLoginRejected,
  NearServiceError,
  type RejectionCode,
  type ServiceErrorCode,
} from 'passport-near'
import { describe, expect, it } from 'vitest'
import { toError } from '../lib/errors'

const REJECTIONS: Record<RejectionCode, [status: number, says: RegExp]> = {
  ERR_NEAR_CREDENTIALS_MISSING: [400, /send accountId, publicKey and signature.*parse the body/],
  ERR_NEAR_CREDENTIALS_INVALID: [400, /accountId, publicKey, signature and state must be strings/],
  ERR_NEAR_WALLET_REFUSED: [401, /wallet did not sign.*Sign in again/],
  ERR_NEAR_CHALLENGE_MISSING: [401, /no open challenge.*already used, has expired.*Request a new challenge/],
  ERR_NEAR_CHALLENGE_EXPIRED: [401, /expired.*Request a new challenge/],
  ERR_NEAR_SIGNATURE_INVALID: [401, /signature does not match/],
  ERR_NEAR_ACCESS_KEY_NOT_FOUND: [401, /account does not exist on this network, or the signing key/],
  ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS: [401, /function-call key.*full-access key/],
  ERR_NEAR_SIGN_IN_REQUIRED: [401, /Only a user who is signed in can link.*Sign in first/],
  ERR_NEAR_AUTHORIZATION_INVALID: [401, /contract did not authorize/],
  ERR_NEAR_AUTHORIZATION_LIMIT: [401, /more accounts, levels or bytes.*walletContracts/],
  ERR_NEAR_LOGIN_TOO_OLD: [401, /needs a recent login. Sign in again/],
  ERR_NEAR_CONFIRMATION_MISMATCH: [401, /not the message of this action. Confirm the action again/],
  ERR_NEAR_ACCOUNT_MISMATCH: [403, /Another account signed/],
  ERR_NEAR_CODE_CHALLENGE_INVALID: [400, /send codeChallenge.*43 characters/],
}

const SERVICE_ERRORS: Record<ServiceErrorCode, [status: number, says: RegExp]> = {
  ERR_NEAR_SESSION_UNAVAILABLE: [500, /Did you forget to use express-session middleware\?/],
  ERR_NEAR_STORE_FAILED: [503, /challenge store failed.*Try again later/],
  ERR_NEAR_RPC_UNAVAILABLE: [503, /No NEAR RPC endpoint.*Try again later/],
}

const cause = new Error('the cause')
const all = [
  ...Object.entries(REJECTIONS).map(([code, expected]) => ({
    error: new NearLoginRejected(code as RejectionCode, { cause }),
    type: 'NearLoginRejected',
    code,
    expected,
  })),
  ...Object.entries(SERVICE_ERRORS).map(([code, expected]) => ({
    error: new NearServiceError(code as ServiceErrorCode, { cause }),
    type: 'NearServiceError',
    code,
    expected,
  })),
]

describe('an error', () => {
  it.each(all)(
    '$code has its status, and a message that names the next step',
    ({ error, type, code, expected }) => {
      const [status, says] = expected
      expect(error).toBeInstanceOf(NearAuthError)
      expect(error).toMatchObject({ name: type, code, status, cause })
      expect(error.message).toMatch(says)
    },
  )

  it('is in the README with its code and its status', () => {
    const readme = readFileSync('README.md', 'utf8')
    const rows = [...readme.matchAll(/^\| `(ERR_NEAR_\w+)` +\| (\d+) +\|/gm)].map(([, code, status]) => [
      code,
      Number(status),
    ])
    expect(rows).toEqual(all.map(({ code, expected: [status] }) => [code, status]))
  })
})

describe('a value that an application throws', () => {
  it.each([new Error('x'), { status: 500 }])('is passed on unchanged if it is an object', (thrown) => {
    expect(toError(thrown, 'verify')).toBe(thrown)
  })

  it.each([
    ['a string', 'a string'],
    ['', 'verify threw a value that is not an Error'],
    [null, 'verify threw a value that is not an Error'],
    [undefined, 'verify threw a value that is not an Error'],
    [42, 'verify threw a value that is not an Error'],
  ])('becomes an Error with it as the cause if it is %j', (thrown, message) => {
    const error = toError(thrown, 'verify') as Error
    expect(error).toBeInstanceOf(Error)
    expect(error.message).toBe(message)
    expect(error).toHaveProperty('cause', thrown)
  })
})
