import type { BrowserContext } from 'playwright-core'
import type { StandIn, WalletReply } from './wallet'

// The functions `page…` run in a page at the wallet's own address.

/** Serves every page of a wallet's site. */
async function serve(context: BrowserContext, origin: string, script: () => void): Promise<void> {
  await context.route(`${origin}/**`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><title>Wallet</title><script>(${String(script)})()</script>`,
    }),
  )
}

/** What MyNearWallet's pop-up does, and Bitte's, which is a fork of it. */
function pageOfMyNearWallet(): void {
  const query = new URLSearchParams(location.search)
  const get = (name: string): string => query.get(name)!
  const post = (data: object): void => window.opener.postMessage(data, new URL(get('callbackUrl')).origin)
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
  const page = decodeURIComponent(query.get('pageUri')!)
  const post = (data: object): void => window.opener.postMessage({ uid, ...data }, new URL(page).origin)
  let asked = false
  window.addEventListener('message', ({ data }) => {
    if (asked || data.uid !== uid || !data.inputs) return
    asked = true
    const { message, recipient, nonce, callbackUrl, state } = data.inputs
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
        post({ status: 'closed_success', endTags: [], payload: { accountId, publicKey, signature } })
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
  window.addEventListener('message', ({ data: { type, data } }) => {
    if (type === 'signIn') {
      post({
        type: 'connected',
        accounts: [{ accountId: 'alice.testnet' }],
        functionCallKeyAdded: false,
        logoutKey: data.publicKey,
        useBridge: false,
        walletUrl: location.origin,
      })
    } else if (type === 'close') post({ type: 'close' })
    else if (type === 'signMessage') {
      void walletAsk(JSON.parse(data.message)).then((reply: WalletReply) => {
        if (reply.choice === 'close') window.close()
        else if (reply.choice !== 'approve') post({ type: 'error', message: 'User rejected the signature' })
        else {
          const { accountId, publicKey, signature } = reply
          const bytes = Uint8Array.from(atob(signature), (character) => character.charCodeAt(0))
          const { state } = JSON.parse(data.message)
          post({
            type: 'signed',
            signature: { accountId, publicKey, signature: `ed25519:${encodeBase58(bytes)}`, state },
          })
        }
      })
    }
  })
  post({ type: 'ready' })
}

export const redirectingWallet = (context: BrowserContext): Promise<void> =>
  serve(context, 'https://testnet.mynearwallet.com', pageOfRedirectingWallet)

export const webWallets: StandIn[] = [
  {
    id: 'my-near-wallet',
    name: 'MyNearWallet, pop-up',
    standsInFor: 'web wallet',
    source:
      'https://github.com/Near-One/my-near-wallet/tree/master/packages/frontend/src/routes/SignMessageWrapper.js',
    closes: true,
    install: (context) => serve(context, 'https://testnet.mynearwallet.com', pageOfMyNearWallet),
  },
  {
    id: 'bitte-wallet',
    name: 'Bitte',
    standsInFor: 'web wallet',
    source: 'https://www.npmjs.com/package/@bitte-ai/wallet/v/0.8.2?activeTab=code',
    closes: true,
    install: (context) => serve(context, 'https://testnet.wallet.bitte.ai', pageOfMyNearWallet),
  },
  {
    id: 'meteor-wallet',
    name: 'Meteor',
    standsInFor: 'web wallet',
    source: 'https://www.npmjs.com/package/@meteorwallet/sdk/v/1.0.24?activeTab=code',
    closes: true,
    install: (context) => serve(context, 'https://wallet.meteorwallet.app', pageOfMeteor),
  },
  {
    id: 'intear-wallet',
    name: 'Intear',
    standsInFor: 'web wallet',
    source:
      'https://github.com/near/wallet-selector/blob/main/packages/intear-wallet/src/lib/intear-wallet.ts',
    connectFirst: true,
    closes: true,
    install: (context) => serve(context, 'https://wallet.intear.tech', pageOfIntear),
  },
]
