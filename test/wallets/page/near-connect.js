// The login page of a site with near-connect, whose wallets the tests serve.
import * as hotLabs from '@hot-labs/near-connect'
import * as fastNear from '@fastnear/near-connect'
import { signInOnClick } from './page.js'

const query = new URLSearchParams(location.search)
const { NearConnector } = query.get('connector') === '@fastnear/near-connect' ? fastNear : hotLabs
const connector = new NearConnector({
  network: 'mainnet',
  autoConnect: false,
  cspNonce: document.querySelector('script').nonce,
  manifest: 'https://wallets.example.com/manifest.json',
})
signInOnClick(connector, connector)
