import { NearConnector } from '@hot-labs/near-connect'
import { signInOnClick, walletUrl } from './page'

const connector = new NearConnector({
  network: 'testnet',
  autoConnect: false,
  manifest: `${walletUrl}/near-connect/manifest.json`,
})
if (location.search === '?wallet') {
  await connector.whenManifestLoaded
  signInOnClick(await connector.wallet('development-wallet'))
} else {
  signInOnClick(connector)
}
