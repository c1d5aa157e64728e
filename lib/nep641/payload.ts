import { isSignableText } from '../validate'

/** The maximum size of an authorization, in bytes of UTF-8. Real ones have less than 1 kB. Each level of a path escapes the level below. */
export const MAX_AUTHORIZATION_BYTES = 16_384

/**
 * The text that an account authorizes to sign in: the standard's JsonPayload. The domain and the nonce bind it to this site and to
 * one challenge.
 *
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0641.md NEP-641}
 */
export function loginPayload(
  recipient: string,
  { message, nonce }: { readonly message: string; readonly nonce: string },
): string {
  const msg = `${message}\n\nNonce: ${nonce}`
  return JSON.stringify({ domain: recipient, action: 'Login', msg }, null, 2)
}

/** Whether a value can be an authorization: non-empty, valid UTF-8, and not too long. @internal */
export function isAuthorization(value: unknown): value is string {
  return isSignableText(value) && Buffer.byteLength(value) <= MAX_AUTHORIZATION_BYTES
}
