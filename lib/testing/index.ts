export { TestNetwork, type TestNetworkOptions } from './network'
export {
  TestAccount,
  type MessageToSign,
  type SignedMessage,
  type SignMessageOptions,
  type TestKeyOptions,
  type TestPermission,
} from './account'
export type { WalletContract, ResolveAuthOptions, WalletContractOptions } from './wallet-contract'
export type { WalletSchema } from './wallet-keys'
export type { AuthorizedLogin, ChallengeToAuthorize, SigningAccount } from './resolve-auth'
export type { ContractContext, ResolveAuthArgs, ViewFunction } from './contract'
export type { Failure } from './failures'
export {
  developmentWallet,
  type DevelopmentWallet,
  type DevelopmentWalletOptions,
} from './development-wallet/middleware'
export { challengeStoreContract, type ChallengeStoreContract } from './store-contract'
export type { SessionRequest } from './browser-session'
