import { createChallenge, type Challenge, type ChallengeDraft } from './challenges/challenge'
import { issueChallenge, type ChallengeStore } from './challenges/challenge-store'
import { loginPayload } from './nep641/payload'
import type { AuthorizationResolver } from './nep641/resolve'
import type { Network } from './rpc/options'

/** The options of the strategy that a challenge depends on. @internal */
export interface DrawOptions {
  readonly recipient: string
  readonly callbackUrl: string | undefined
  readonly store: ChallengeStore
  readonly network: Network
  readonly authorizations: AuthorizationResolver | undefined
}

/**
 * Creates a challenge to sign in, to link or to confirm, and keeps it in the store.
 *
 * @returns the challenge as the browser gets it
 * @throws {NearServiceError} `ERR_NEAR_SESSION_UNAVAILABLE` (500) or `ERR_NEAR_STORE_FAILED` (503)
 * @internal
 */
export async function drawChallenge(
  { recipient, callbackUrl, store, network, authorizations }: DrawOptions,
  req: object,
  draft: Omit<ChallengeDraft, 'callbackUrl'>,
): Promise<Challenge> {
  const challenge = createChallenge({ callbackUrl, ...draft })
  const state = await issueChallenge(store, req, challenge)
  const { message, nonce } = challenge
  return {
    message,
    recipient,
    nonce,
    state,
    ...(callbackUrl !== undefined && { callbackUrl }),
    ...(authorizations && { payload: loginPayload(recipient, challenge), chainId: network }),
  }
}
