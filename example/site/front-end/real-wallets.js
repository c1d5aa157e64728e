// The page's script on a real network. The person chooses a wallet in near-connect.
import { NearConnector } from '@hot-labs/near-connect'
import { wireButton } from './sign-in.js'

const script = document.querySelector('script[data-network]')
const { network } = script.dataset

wireButton(new NearConnector({ network, cspNonce: script.nonce, autoConnect: false }))
