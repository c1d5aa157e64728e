import type { AuthorizationResolver } from './nep641/resolve'
import type { AccessKeyProof } from './proofs/access-key'
import type { AuthorizationProof } from './proofs/authorization'
import type { Network } from './rpc/options'
import type { NearAccountProfile, NearProfile } from './verify'

/** What a login proved. @internal */
export type AccountProof = AccessKeyProof | AuthorizationProof

/** A profile of any strategy. @internal */
export type AnyProfile = NearProfile | NearAccountProfile

/** The profile that `verify` gets. Only a strategy that accepts wallet contracts says who decided. @internal */
export function toProfile(
  proof: AccountProof,
  { network, authorizations }: { network: Network; authorizations: AuthorizationResolver | undefined },
): AnyProfile {
  const { accountId, publicKey } = proof
  const account = { provider: 'near', id: accountId, displayName: accountId, accountId, network } as const
  if (publicKey === undefined) return { ...account, via: 'contract' }
  return authorizations ? { ...account, publicKey, via: 'access-key' } : { ...account, publicKey }
}
