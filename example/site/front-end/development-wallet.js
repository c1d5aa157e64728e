// The page's script on the test network. The development wallet opens in a separate window.
import { wireButton, wirePayment } from './sign-in.js'

const { wallet } = document.querySelector('[data-wallet]').dataset

/** Shows the message in the wallet's window. The account signs it with its key. */
async function signMessage({ message, recipient, nonce, callbackUrl = location.href }) {
  const query = { message, recipient, nonce: btoa(String.fromCharCode(...nonce)), callbackUrl }
  const { signedRequest } = await ask('/sign-message', query)
  if (signedRequest) return signedRequest
  throw new Error('Declined')
}

/** Shows the text in the wallet's window. The account may have no key: its contract authorizes the text. */
async function resolveAuth({ payload, chainId }) {
  const { authorized } = await ask('/resolve-auth', { payload, chainId, callbackUrl: location.href })
  if (authorized) return authorized
  throw new Error('Declined')
}

/** Opens the wallet's window and waits for its response. */
function ask(path, query) {
  const url = `${wallet}${path}?${new URLSearchParams(query)}`
  const popup = window.open(url, 'near-wallet', 'popup,width=440,height=800')
  if (!popup) throw new Error('The wallet’s window was blocked')
  return new Promise((resolve, reject) => {
    const end = (settle, value) => {
      clearInterval(timer)
      window.removeEventListener('message', onMessage)
      popup.close()
      settle(value)
    }
    const onMessage = ({ origin, source, data }) => {
      // Any window can post messages to this one.
      if (origin !== new URL(wallet).origin || source !== popup) return
      end(resolve, data)
    }
    const timer = setInterval(() => {
      if (popup.closed) end(reject, new Error('The wallet’s window was closed'))
    }, 300)
    window.addEventListener('message', onMessage)
  })
}

wireButton(signMessage)
wirePayment(signMessage)
wireButton({ resolveAuth }, document.querySelector('[data-without-keys]'))
