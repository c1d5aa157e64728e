import type * as server from 'passport-near'
import type * as client from 'passport-near/client'
import type * as testing from 'passport-near/testing'

/** True if two types are equal. */
export type Same<A, B> = [A, B] extends [B, A] ? true : false
/** The options that do not accept `undefined`, with `exactOptionalPropertyTypes`. */
type NotUndefined<Options> = {
  [Name in keyof Options]-?: object extends Pick<Options, Name>
    ? Record<Name, undefined> extends Pick<Options, Name>
      ? never
      : Name
    : never
}[keyof Options]

/** Each optional option accepts `undefined`, such as `process.env.CALLBACK_URL`. */
export const notUndefined: [
  NotUndefined<server.NearStrategyOptions>,
  NotUndefined<server.CallbackPageOptions>,
  NotUndefined<server.CallbackPageTexts>,
  NotUndefined<server.LoginHandlerOptions>,
  NotUndefined<server.RedisChallengeStoreOptions>,
  NotUndefined<server.SessionChallengeStoreOptions>,
  NotUndefined<Exclude<server.RpcEndpoint, string | URL>>,
  NotUndefined<server.StoredChallenge>,
  NotUndefined<server.Nep413Payload>,
  NotUndefined<client.ResumeOptions>,
  NotUndefined<client.SignInOptions>,
  NotUndefined<client.ConfirmOptions>,
  NotUndefined<client.MessageToSign>,
  NotUndefined<testing.ChallengeStoreContract>,
  NotUndefined<testing.MessageToSign>,
  NotUndefined<testing.SignMessageOptions>,
  NotUndefined<testing.TestKeyOptions>,
  NotUndefined<testing.TestNetworkOptions>,
][] = []
export const none: never[] = notUndefined.flat()

/** The client repeats the server's codes, because it imports nothing. */
export const sameCodes: Same<client.NearAuthErrorCode, server.NearAuthErrorCode> = true

/** The codes that an editor suggests: those of the strategy, although a site may send others. */
type Suggested<Code> = Code extends string ? (string extends Code ? never : Code) : never
export const suggested: Same<Suggested<client.FailedSignIn['code']>, server.NearAuthErrorCode> = true

export const info: server.RejectionInfo = { code: 'ERR_NEAR_WALLET_REFUSED', message: 'Declined' }

/** A site has codes as well. */
export function explain({ code, message }: client.FailedSignIn): string {
  if (code === 'ERR_NEAR_WALLET_REFUSED') return 'Declined'
  return code === 'TOO_MANY_REQUESTS' ? 'Later' : message
}
