import type { ReturnedChallenge } from '../challenges/challenge'
import type { AuthorizationCredentials } from '../credentials'
import type { LoginTrace } from '../diagnostics'
import { rejection, type NearLoginRejected } from '../errors'
import { loginPayload } from '../nep641/payload'
import type { AuthorizationResolver } from '../nep641/resolve'

/** The options of the strategy that this proof depends on. @internal */
export interface AuthorizationProofOptions {
  readonly recipient: string
  readonly authorizations: AuthorizationResolver | undefined
}

/** An account that is proven by what it authorizes. */
export interface AuthorizationProof {
  readonly accountId: string
  readonly via: 'access-key' | 'contract'
  /** `<type>:<base58>`, where an access key decided. */
  readonly publicKey?: string
  /** What was asked: the same question can be asked again. */
  readonly authorization: string
  readonly payload: string
}

/**
 * Proves an account: the account authorizes the payload of this challenge, at a final block of now. No local check comes before the
 * network: a contract decides what an authorization looks like.
 *
 * @returns the proof, or why the login is rejected (401)
 * @throws {NearServiceError} `ERR_NEAR_RPC_UNAVAILABLE` (503)
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0641.md NEP-641}
 * @internal
 */
export async function proveByAuthorization(
  { recipient, authorizations }: AuthorizationProofOptions,
  challenge: ReturnedChallenge,
  { accountId, authorization }: AuthorizationCredentials,
  trace: LoginTrace | undefined,
): Promise<AuthorizationProof | NearLoginRejected> {
  trace?.begin('authorization')
  const payload = loginPayload(recipient, challenge)
  const { result, endpoint } = await authorizations!.resolve({ accountId, authorization, expect: payload })
  if (trace) trace.endpoint = endpoint
  if (result === 'limit') return rejection('ERR_NEAR_AUTHORIZATION_LIMIT')
  if (result === 'invalid' || result.payload !== payload) return rejection('ERR_NEAR_AUTHORIZATION_INVALID')
  const { via, publicKey } = result
  return { accountId, via, ...(publicKey !== undefined && { publicKey }), authorization, payload }
}
