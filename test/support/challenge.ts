import type { StoredChallenge } from 'passport-near'

export const PURPOSE = 'near/sign-in'

/** A challenge for a store, valid for five minutes. */
export function storedChallenge(state: string, given: Partial<StoredChallenge> = {}): StoredChallenge {
  const issuedAt = Date.now()
  return {
    state,
    nonce: Buffer.alloc(32, state).toString('base64'),
    message: 'm',
    issuedAt,
    expiresAt: issuedAt + 300_000,
    purpose: PURPOSE,
    issuedTo: null,
    ...given,
  }
}
