import { checkAccessKey } from '../access-keys/check'
import type { TimedAccessKeySource } from '../access-keys/source'
import type { ReturnedChallenge } from '../challenges/challenge'
import type { SignatureCredentials } from '../credentials'
import type { LoginTrace } from '../diagnostics'
import { NearLoginRejected, rejection } from '../errors'
import { hashPayload } from '../nep413/payload'
import { verifyWithKey } from '../nep413/signature'

/** The options of the strategy that this proof depends on. @internal */
export interface AccessKeyProofOptions {
  readonly recipient: string
  readonly accessKeys: TimedAccessKeySource
  readonly allowImplicit: boolean
  readonly requireCallbackUrl: boolean
}

/** An account that is proven by one of its keys. */
export interface AccessKeyProof {
  readonly accountId: string
  /** `<type>:<base58>` */
  readonly publicKey: string
}

/**
 * Proves an account: the signature is for this challenge, and the key is a full-access key of the account now. The signature
 * is checked first, so that a login without a valid signature causes no network request.
 *
 * @returns the proof, or why the login is rejected (401)
 * @throws {NearServiceError} `ERR_NEAR_RPC_UNAVAILABLE` (503)
 * @internal
 */
export async function proveByAccessKey(
  options: AccessKeyProofOptions,
  challenge: ReturnedChallenge,
  credentials: SignatureCredentials,
  trace: LoginTrace | undefined,
): Promise<AccessKeyProof | NearLoginRejected> {
  trace?.begin('signature')
  if (!isSigned(options, challenge, credentials)) return rejection('ERR_NEAR_SIGNATURE_INVALID')

  trace?.begin('accessKey')
  const { accountId, publicKey } = credentials
  const { accessKeys, allowImplicit } = options
  const request = { accountId, publicKey: publicKey.text, allowImplicit }
  const { result, endpoint } = await checkAccessKey(accessKeys, request)
  if (trace) trace.endpoint = endpoint
  return result instanceof NearLoginRejected ? result : { accountId, publicKey: publicKey.text }
}

/** Some wallets sign the callback URL and some do not, whatever they were given: at most these two payloads. */
function isSigned(
  { recipient, requireCallbackUrl }: AccessKeyProofOptions,
  { message, nonce, callbackUrl }: ReturnedChallenge,
  { publicKey, signature }: SignatureCredentials,
): boolean {
  const payload = { message, nonce: Buffer.from(nonce, 'base64'), recipient }
  const candidates = [
    ...(callbackUrl ? [{ ...payload, callbackUrl }] : []),
    ...(requireCallbackUrl ? [] : [payload]),
  ]
  return candidates.some((candidate) => verifyWithKey(hashPayload(candidate), signature, publicKey))
}
