// The page's script on the test network. The development wallet opens in a separate window.
import { wireButton } from './sign-in.js'

const { wallet } = document.querySelector('[data-wallet]').dataset

/** Shows the message in the wallet's window and waits for its response. */
function signMessage({ message, recipient, nonce, callbackUrl = location.href }) {
  const query = { message, recipient, nonce: btoa(String.fromCharCode(...nonce)), callbackUrl }
  const url = `${wallet}/sign-message?${new URLSearchParams(query)}`
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
      if (data.signedRequest) end(resolve, data.signedRequest)
      else end(reject, new Error('Declined'))
    }
    const timer = setInterval(() => {
      if (popup.closed) end(reject, new Error('The wallet’s window was closed'))
    }, 300)
    window.addEventListener('message', onMessage)
  })
}

wireButton(signMessage)
