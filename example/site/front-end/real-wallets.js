// The sign-in page on the real chain: people choose among the wallets of near-connect.
import { NearConnector } from '@hot-labs/near-connect'
import { wireButton } from './sign-in.js'

const script = document.querySelector('script[data-network]')
const { network } = script.dataset

wireButton(new NearConnector({ network, cspNonce: script.nonce, autoConnect: false }))
