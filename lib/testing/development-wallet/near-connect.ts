/**
 * The manifest with which near-connect finds the wallet.
 *
 * @see {@link https://github.com/azbang/hot-connector near-connect}
 */
export function manifest(url: string): object {
  return {
    version: '1.0.0',
    wallets: [
      {
        id: 'development-wallet',
        name: 'Development wallet',
        description: 'Test accounts only',
        icon: ICON,
        website: url,
        version: '1.0.0',
        type: 'sandbox',
        platform: ['web'],
        executor: `${url}/near-connect/executor.js`,
        permissions: { storage: true, allowsOpen: [url] },
        features: {
          mainnet: true,
          testnet: true,
          signMessage: true,
          signInWithoutAddKey: true,
          signInAndSignMessage: true,
        },
      },
    ],
  }
}

const ICON =
  "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 10 10'><rect width='10' height='10' rx='2' fill='%23a3540a'/></svg>"

/** near-connect runs this script in a sandboxed frame of the site. It opens the wallet and returns the wallet's answer. */
export const EXECUTOR = `
async function askWallet(path, query) {
  const url = wallet.manifest.website + path + '?' + new URLSearchParams(query)
  const popup = window.selector.open(url, 'DevelopmentWallet', 'popup,width=440,height=800')
  if (!(await popup.windowIdPromise)) {
    await window.selector.ui.whenApprove({ title: 'Continue in the wallet', button: 'Open wallet' })
    return askWallet(path, query)
  }
  return new Promise((resolve, reject) => {
    const end = (settle, value) => {
      clearInterval(timer)
      window.removeEventListener('message', onMessage)
      popup.close()
      settle(value)
    }
    const onMessage = ({ source, data }) => {
      if (source !== window.parent) return // near-connect forwards the messages of the wallet's window
      if (data.status === 'success') end(resolve, data)
      if (data.status === 'failure') end(reject, new Error(data.errorMessage))
    }
    const timer = setInterval(() => {
      if (popup.closed) end(reject, new Error('User closed the window'))
    }, 300)
    window.addEventListener('message', onMessage)
  })
}

const accounts = async () => JSON.parse((await window.selector.storage.get('accounts')) ?? '[]')
const remember = (account) => window.selector.storage.set('accounts', JSON.stringify([account]))

const wallet = {
  async signIn() {
    const site = window.selector.location
    const answer = await askWallet('/login', { success_url: site, failure_url: site })
    await remember({ accountId: answer.account_id, publicKey: answer.public_key })
    return accounts()
  },

  async signInAndSignMessage({ messageParams }) {
    const signedMessage = await wallet.signMessage(messageParams)
    const { accountId, publicKey } = signedMessage
    await remember({ accountId, publicKey })
    return [{ accountId, publicKey, signedMessage }]
  },

  async signMessage({ message, recipient, nonce, callbackUrl = window.selector.location }) {
    const query = { message, recipient, nonce: btoa(String.fromCharCode(...nonce)), callbackUrl }
    const { signedRequest } = await askWallet('/sign-message', query)
    if (!signedRequest) throw new Error('User rejected')
    return signedRequest
  },

  async signOut() {
    await window.selector.storage.remove('accounts')
  },

  getAccounts: accounts,
}

window.selector.ready(wallet)
`
