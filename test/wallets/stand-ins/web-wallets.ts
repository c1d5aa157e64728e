import type { Internet } from '../internet'
import type { StandIn, WalletReply } from './wallet'

// The functions `page…` run in a page at the wallet's own address.

/** Serves every page of a wallet's site. */
const serve = (internet: Internet, host: string, script: () => void): void =>
  internet.serve(host, () => ({
    html: `<!doctype html><title>Wallet</title><script>(${String(script)})()</script>`,
  }))

/** What MyNearWallet's pop-up does, and Bitte's, which is a fork of it. */
function pageOfMyNearWallet(): void {
  const query = new URLSearchParams(location.search)
  const get = (name: string): string => query.get(name)!
  const site = new URL(query.get('callbackUrl') ?? get('success_url')).origin
  const post = (data: object): void => window.opener.postMessage(data, site)
  if (location.pathname === '/login/') {
    post({ status: 'success', account_id: 'alice.testnet' })
    return
  }
  const request = {
    message: get('message'),
    recipient: get('recipient'),
    nonce: get('nonce'),
    state: query.get('state'),
  }
  void walletAsk(request).then((reply: WalletReply) => {
    if (reply.choice === 'close') window.close()
    else if (reply.choice !== 'approve') post({ status: 'failure', errorMessage: 'User rejected' })
    else {
      const { accountId, publicKey, signature } = reply
      post({ status: 'success', signedRequest: { accountId, publicKey, signature } })
    }
  })
}

/** What MyNearWallet does where it is not a pop-up: it goes to the callback URL. */
function pageOfRedirectingWallet(): void {
  const query = new URLSearchParams(location.search)
  const get = (name: string): string => query.get(name)!
  const request = Object.fromEntries(query) as any
  void walletAsk(request).then((reply: WalletReply) => {
    if (reply.choice !== 'approve') location.replace(`${get('callbackUrl')}#error=User%20rejected&`)
    else {
      const { accountId, publicKey, signature } = reply
      let fragment = '#'
      for (const [name, value] of Object.entries({ accountId, signature, publicKey, state: get('state') }))
        fragment += `${name}=${encodeURIComponent(value)}&`
      location.replace(get('callbackUrl').split('#')[0]! + fragment)
    }
  })
}

function pageOfMeteor(): void {
  const query = new URLSearchParams(location.search)
  const uid = query.get('connectionUid')
  const { origin } = new URL(decodeURIComponent(query.get('pageUri')!))
  // near-connect's frame has no origin.
  const post = (data: object): void =>
    window.opener.postMessage({ uid, ...data }, origin === 'null' ? '*' : origin)
  let asked = false
  window.addEventListener('message', ({ data }) => {
    if (asked || data.uid !== uid || !data.inputs) return
    asked = true
    // near-connect signs in and signs in one step.
    const isLogin = data.actionType === 'login'
    const { message, recipient, nonce, callbackUrl, state } = isLogin
      ? data.inputs.messageParams
      : data.inputs
    const request = {
      message,
      recipient,
      callbackUrl,
      state,
      nonce: nonce instanceof Uint8Array ? { bytes: [...nonce] } : nonce,
    }
    void walletAsk(request).then((reply: WalletReply) => {
      if (reply.choice === 'close') window.close()
      else if (reply.choice !== 'approve')
        post({ status: 'closed_fail', endTags: ['INCOMPLETE_ACTION', 'USER_CANCELLED'] })
      else {
        const { accountId, publicKey, signature } = reply
        const signedMessage = { accountId, publicKey, signature, state }
        const payload = isLogin ? { accountId, signedMessage } : signedMessage
        post({ status: 'closed_success', endTags: [], payload })
      }
    })
  })
  post({ status: 'attempting_reconnect', endTags: [] })
}

/** Intear's frame, in which one connects, and its pop-up, in which one signs. */
function pageOfIntear(): void {
  const isFrame = window.parent !== window
  const site = isFrame ? window.parent : window.opener
  const post = (data: object): void => site.postMessage(data, '*')
  const encodeBase58 = (bytes: Uint8Array): string => {
    const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
    let rest = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
    let text = ''
    for (; rest > 0n; rest /= 58n) text = alphabet[Number(rest % 58n)]! + text
    return '1'.repeat(bytes.findIndex((byte) => byte !== 0)) + text
  }
  const signed = async (payload: string): Promise<object | undefined> => {
    // The wallet reads callbackUrl. near-connect's executor calls it callback_url, so that it is not signed.
    const request = JSON.parse(payload)
    const reply = await walletAsk(request)
    if (reply.choice === 'close') {
      window.close()
      return new Promise(() => {})
    }
    if (reply.choice !== 'approve') return undefined
    const { accountId, publicKey, signature } = reply
    const bytes = Uint8Array.from(atob(signature), (character) => character.charCodeAt(0))
    return { accountId, publicKey, signature: `ed25519:${encodeBase58(bytes)}`, state: request.state }
  }
  const onMessage = async ({ data: { type, data, message } }: MessageEvent): Promise<void> => {
    if (type === 'signIn') {
      const { messageToSign } = JSON.parse(data.message ?? '{}')
      const signedMessage = messageToSign && (await signed(messageToSign))
      if (messageToSign && !signedMessage) {
        post({ type: 'error', message: 'User rejected the connection' })
        return
      }
      post({
        type: 'connected',
        // The wallet-selector module reads the first, near-connect's executor the second.
        accounts: [{ accountId: 'alice.testnet' }],
        accountId: 'alice.testnet',
        signedMessage,
        functionCallKeyAdded: false,
        logoutKey: data.publicKey,
        useBridge: false,
        walletUrl: location.origin,
      })
    } else if (type === 'close') post({ type: 'close', message })
    else if (type === 'signMessage') {
      const signature = await signed(data.message)
      post(
        signature ? { type: 'signed', signature } : { type: 'error', message: 'User rejected the signature' },
      )
    }
  }
  window.addEventListener('message', (event) => void onMessage(event))
  post({ type: 'ready' })
}

export const serveMyNearWallet = (internet: Internet, host: string): void =>
  serve(internet, host, pageOfMyNearWallet)
export const serveMeteor = (internet: Internet): void =>
  serve(internet, 'wallet.meteorwallet.app', pageOfMeteor)
export const serveIntear = (internet: Internet): void => serve(internet, 'wallet.intear.tech', pageOfIntear)
export const redirectingWallet = (internet: Internet): void =>
  serve(internet, 'testnet.mynearwallet.com', pageOfRedirectingWallet)

export const webWallets: StandIn[] = [
  {
    id: 'my-near-wallet',
    name: 'MyNearWallet, pop-up',
    standsInFor: 'web wallet',
    source:
      'https://github.com/Near-One/my-near-wallet/tree/master/packages/frontend/src/routes/SignMessageWrapper.js',
    closes: true,
    install: ({ internet }) => serveMyNearWallet(internet, 'testnet.mynearwallet.com'),
  },
  {
    id: 'bitte-wallet',
    name: 'Bitte',
    standsInFor: 'web wallet',
    source: 'https://www.npmjs.com/package/@bitte-ai/wallet/v/0.8.2?activeTab=code',
    closes: true,
    install: ({ internet }) => serveMyNearWallet(internet, 'testnet.wallet.bitte.ai'),
  },
  {
    id: 'meteor-wallet',
    name: 'Meteor',
    standsInFor: 'web wallet',
    source: 'https://www.npmjs.com/package/@meteorwallet/sdk/v/1.0.24?activeTab=code',
    closes: true,
    install: ({ internet }) => serveMeteor(internet),
  },
  {
    id: 'intear-wallet',
    name: 'Intear',
    standsInFor: 'web wallet',
    source:
      'https://github.com/near/wallet-selector/blob/main/packages/intear-wallet/src/lib/intear-wallet.ts',
    connectFirst: true,
    closes: true,
    install: ({ internet }) => serveIntear(internet),
  },
]
