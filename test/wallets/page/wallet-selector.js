// The login page of a site with wallet-selector 10 and the one wallet that its address names.
import { setupWalletSelector } from '@near-wallet-selector/core'
import { modules } from './modules.js'
import { network, signInOnClick } from './page.js'

const id = new URLSearchParams(location.search).get('wallet')
const selector = await setupWalletSelector({ network, modules: [await modules[id]()] })
signInOnClick(await selector.wallet(id), selector)
