// The login page of a site with near-connect, whose wallets the tests serve.
import * as hotLabs from '@hot-labs/near-connect'
import * as fastNear from '@fastnear/near-connect'
import { signInOnClick } from './page.js'

const query = new URLSearchParams(location.search)
const { NearConnector } = query.get('connector') === '@fastnear/near-connect' ? fastNear : hotLabs

/** The site's client for WalletConnect and Unity. */
async function walletConnect() {
  const { default: SignClient } = await import('@walletconnect/sign-client')
  return SignClient.init({
    projectId: 'the-tests',
    logger: 'silent',
    relayUrl: 'wss://relay.walletconnect.com',
  })
}

const connector = new NearConnector({
  network: 'mainnet',
  autoConnect: false,
  cspNonce: document.querySelector('script').nonce,
  ...(query.get('wallet') === 'wallet-connect' && { walletConnect: walletConnect() }),
})
signInOnClick(connector, connector)
