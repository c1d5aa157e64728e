// The login page of a site with wallet-selector 8, whose MyNearWallet replaces the page.
import { setupWalletSelector } from 'core-8'
import { setupMyNearWallet } from 'my-near-wallet-8'
import { network, signInOnClick } from './page.js'

const selector = await setupWalletSelector({ network, modules: [setupMyNearWallet()] })
signInOnClick(await selector.wallet('my-near-wallet'), selector)
