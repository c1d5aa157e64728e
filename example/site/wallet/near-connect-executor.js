// near-connect runs this in a frame of the site. It opens the wallet's window and hands its answer to the connector.

/** Opens a page of the wallet and waits for what it posts back. */
async function askWallet(path, query) {
  const url = `${wallet.manifest.website}${path}?${new URLSearchParams(query)}`
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
      if (source !== window.parent) return // near-connect passes on what the wallet's window posts
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
