export { TestNetwork, type TestNetworkOptions } from './network'
export {
  TestAccount,
  type MessageToSign,
  type SignedMessage,
  type SignMessageOptions,
  type TestKeyOptions,
  type TestPermission,
} from './account'
export type { Failure } from './failures'
export {
  developmentWallet,
  type DevelopmentWallet,
  type DevelopmentWalletOptions,
} from './development-wallet/middleware'
export { challengeStoreContract, type ChallengeStoreContract } from './store-contract'
export type { SessionRequest } from './browser-session'
