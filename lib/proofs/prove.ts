import type { ReturnedChallenge } from '../challenges/challenge'
import type { Credentials } from '../credentials'
import type { LoginTrace } from '../diagnostics'
import type { NearLoginRejected } from '../errors'
import { proveByAccessKey, type AccessKeyProof, type AccessKeyProofOptions } from './access-key'
import {
  proveByAuthorization,
  type AuthorizationProof,
  type AuthorizationProofOptions,
} from './authorization'

/** What a login or a confirmation proved. @internal */
export type AccountProof = AccessKeyProof | AuthorizationProof

/**
 * Proves an account, by the kind of proof that came.
 *
 * @returns the proof, or why it is rejected (401)
 * @throws {NearServiceError} `ERR_NEAR_RPC_UNAVAILABLE` (503)
 * @internal
 */
export function proveAccount(
  options: AccessKeyProofOptions & AuthorizationProofOptions,
  challenge: ReturnedChallenge,
  credentials: Credentials,
  trace: LoginTrace | undefined,
): Promise<AccountProof | NearLoginRejected> {
  return credentials.authorization === undefined
    ? proveByAccessKey(options, challenge, credentials, trace)
    : proveByAuthorization(options, challenge, credentials, trace)
}
