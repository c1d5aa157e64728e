import type { AuthorizationResolver } from './nep641/resolve'
import type { AccountProof } from './proofs/prove'
import type { Network } from './rpc/options'
import type { NearAccountProfile, NearProfile } from './verify'

/** A profile of any strategy. @internal */
export type AnyProfile = NearProfile | NearAccountProfile

/** What decided. Only a strategy that accepts wallet contracts says so. @internal */
export function viaOf(
  { publicKey }: AccountProof,
  { authorizations }: { authorizations: AuthorizationResolver | undefined },
): 'access-key' | 'contract' | undefined {
  if (!authorizations) return undefined
  return publicKey === undefined ? 'contract' : 'access-key'
}

/** The profile that `verify` gets. Only a strategy that accepts wallet contracts says who decided. @internal */
export function toProfile(
  proof: AccountProof,
  { network, authorizations }: { network: Network; authorizations: AuthorizationResolver | undefined },
): AnyProfile {
  const { accountId, publicKey } = proof
  const provider = 'near'
  const displayName = accountId
  if (publicKey === undefined)
    return { provider, id: accountId, displayName, accountId, network, via: 'contract' }
  const profile: NearProfile = { provider, id: accountId, displayName, accountId, publicKey, network }
  return authorizations ? { ...profile, via: 'access-key' } : profile
}
