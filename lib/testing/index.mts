export { challengeStoreContract, developmentWallet, TestAccount, TestNetwork } from './index.js'
export type * from './index.js'
