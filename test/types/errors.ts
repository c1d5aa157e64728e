import { NearAuthError, NearLoginRejected, NearServiceError } from 'passport-near'
import type { NearAuthErrorCode, RejectionCode, ServiceErrorCode } from 'passport-near'

/** Every code has its case, so the remaining type is `never`. */
export function explain(error: NearAuthError): string {
  switch (error.code) {
    case 'ERR_NEAR_CREDENTIALS_MISSING':
    case 'ERR_NEAR_CREDENTIALS_INVALID':
    case 'ERR_NEAR_WALLET_REFUSED':
    case 'ERR_NEAR_CHALLENGE_MISSING':
    case 'ERR_NEAR_CHALLENGE_EXPIRED':
    case 'ERR_NEAR_SIGNATURE_INVALID':
    case 'ERR_NEAR_ACCESS_KEY_NOT_FOUND':
    case 'ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS':
    case 'ERR_NEAR_SIGN_IN_REQUIRED':
    case 'ERR_NEAR_AUTHORIZATION_INVALID':
    case 'ERR_NEAR_AUTHORIZATION_LIMIT':
    case 'ERR_NEAR_LOGIN_TOO_OLD':
    case 'ERR_NEAR_CONFIRMATION_MISMATCH':
    case 'ERR_NEAR_ACCOUNT_MISMATCH':
    case 'ERR_NEAR_CODE_CHALLENGE_INVALID': {
      const refused: RejectionCode = error.code
      return refused
    }
    case 'ERR_NEAR_SESSION_UNAVAILABLE':
    case 'ERR_NEAR_STORE_FAILED':
    case 'ERR_NEAR_RPC_UNAVAILABLE': {
      const undecided: ServiceErrorCode = error.code
      return undecided
    }
    default: {
      const none: never = error.code
      return none
    }
  }
}

export function whoseFault(error: unknown): NearAuthErrorCode | undefined {
  if (error instanceof NearLoginRejected) {
    const code: RejectionCode = error.code
    return code
  }
  if (error instanceof NearServiceError) {
    // @ts-expect-error a service error has no code of a rejection
    const code: RejectionCode = error.code
    return code
  }
  if (error instanceof NearAuthError) {
    // @ts-expect-error an unknown code: narrowing by instanceof must not widen it to any
    if (error.code === 'ERR_NEAR_TYPO') return undefined
    const { status, code }: { status: number; code: NearAuthErrorCode } = error
    return status < 500 ? code : undefined
  }
  return undefined
}
