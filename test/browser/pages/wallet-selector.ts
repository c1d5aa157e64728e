import { setupWalletSelector } from '@near-wallet-selector/core'
import { setupMyNearWallet } from '@near-wallet-selector/my-near-wallet'
import { signInOnClick, walletUrl } from './page'

const selector = await setupWalletSelector({
  network: 'testnet',
  modules: [setupMyNearWallet({ walletUrl })],
})
signInOnClick(await selector.wallet('my-near-wallet'))
