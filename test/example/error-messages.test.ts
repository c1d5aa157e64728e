import { describe, expect, it } from 'vitest'
import { isProblem, messageFor } from '../../example/site/error-messages.mjs'

/** The codes of all outcomes of a login or a link in the example. */
const CODES = [
  'ERR_NEAR_CREDENTIALS_MISSING',
  'ERR_NEAR_CREDENTIALS_INVALID',
  'ERR_NEAR_WALLET_REFUSED',
  'ERR_NEAR_CHALLENGE_MISSING',
  'ERR_NEAR_CHALLENGE_EXPIRED',
  'ERR_NEAR_SIGNATURE_INVALID',
  'ERR_NEAR_ACCESS_KEY_NOT_FOUND',
  'ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS',
  'ERR_NEAR_SIGN_IN_REQUIRED',
  'ERR_NEAR_AUTHORIZATION_INVALID',
  'ERR_NEAR_AUTHORIZATION_LIMIT',
  'ERR_NEAR_LOGIN_TOO_OLD',
  'ERR_NEAR_CONFIRMATION_MISMATCH',
  'ERR_NEAR_ACCOUNT_MISMATCH',
  'ERR_NEAR_CODE_CHALLENGE_INVALID',
  'ERR_NEAR_SESSION_UNAVAILABLE',
  'ERR_NEAR_STORE_FAILED',
  'ERR_NEAR_RPC_UNAVAILABLE',
  'ACCOUNT_TAKEN',
  'ACCOUNT_NOT_LINKED',
  'LAST_WAY_IN',
  'TOO_MANY_REQUESTS',
  'SIGN_IN_FIRST',
  'REQUEST_INVALID',
  'SERVICE_UNAVAILABLE',
]

describe('the error messages of the example', () => {
  it.each(CODES)('%s names the next step', (code) => {
    expect(messageFor(code)).not.toBe(messageFor('UNKNOWN'))
    expect(messageFor(code)).toMatch(
      /try|wait|sign in|choose|use another|use a wallet|reload|link another|your account page/i,
    )
  })

  it('an unknown code gets a text of the site, and never the code', () => {
    for (const code of ['UNKNOWN', 'constructor', '__proto__', '', undefined])
      expect(messageFor(code)).toBe('Something went wrong on our side. Try again in a minute.')
  })

  it('declining is not shown as a problem', () => {
    expect(CODES.filter((code) => !isProblem(code))).toEqual(['ERR_NEAR_WALLET_REFUSED'])
  })
})
