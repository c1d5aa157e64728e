import { NearServiceError, type NearLoginRejected } from './errors'

/** What a request comes to; exactly one of these is told to Passport. */
export type Outcome = LoginOutcome | { readonly action: 'redirect'; readonly url: string }

export type LoginOutcome =
  | { readonly action: 'success'; readonly user: object; readonly info: object | undefined }
  | {
      readonly action: 'fail'
      readonly info: object | undefined
      readonly status: number
      readonly code?: string
    }
  | { readonly action: 'error'; readonly error: unknown }

/** A refusal, as Passport hears of it. */
export function failure({ code, message, status }: NearLoginRejected): LoginOutcome {
  return { action: 'fail', info: { code, message }, status, code }
}

/** The code of a refusal or an error of ours; undefined for the application's. */
export function codeOf(outcome: LoginOutcome): string | undefined {
  if (outcome.action === 'error')
    return outcome.error instanceof NearServiceError ? outcome.error.code : undefined
  if (outcome.action === 'success') return undefined
  return outcome.code
}
