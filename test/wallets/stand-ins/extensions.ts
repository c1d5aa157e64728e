import bs58 from 'bs58'
import type { Place, StandIn, WalletReply } from './wallet'

// These functions run in the login page, before its own scripts, as a content script of an extension does.

declare global {
  interface Window {
    [name: string]: any
  }
  function walletAsk(request: unknown): Promise<WalletReply>
  function walletAskForBytes(payloadInHex: string): Promise<WalletReply>
}

interface Account {
  accountId: string
  publicKey: string
  /** The public key's own 32 bytes. */
  keyBytes: number[]
}

/** A content script in every page of the browser. It talks to the extension by messages, which are structured clones. */
const inject =
  (script: (account: Account) => void) =>
  async ({ context, wallet: { accountId, publicKey } }: Place): Promise<void> => {
    await context.addInitScript(() => {
      // Objects that reach an extension have gone through postMessage.
      window.askExtension = (request: { nonce: Uint8Array }) => {
        const { nonce, ...rest } = structuredClone(request)
        return walletAsk({ ...rest, nonce: nonce instanceof Uint8Array ? { bytes: [...nonce] } : nonce })
      }
    })
    const keyBytes = [...bs58.decode(publicKey.split(':')[1]!)]
    await context.addInitScript(script, { accountId, publicKey, keyBytes })
  }

export const extensions: StandIn[] = [
  {
    id: 'nightly',
    name: 'Nightly',
    standsInFor: 'browser extension',
    source: 'https://github.com/near/wallet-selector/blob/main/packages/nightly/src/lib/nightly.ts',
    install: inject((account) => {
      // near-connect's frames get a copy of it, made by postMessage.
      class PublicKey {
        data = Uint8Array.from(account.keyBytes)
        toString(): string {
          return account.publicKey
        }
      }
      const near: any = {
        // The extension remembers the page's account: null before the first connection, empty after a disconnection in the wallet.
        get account() {
          const accountId = localStorage.getItem('nightly') ?? ''
          return { accountId, publicKey: accountId ? new PublicKey() : '' }
        },
        get isConnected() {
          return near.account.accountId !== ''
        },
        async connect(onChange?: (account: object | null) => void) {
          near.tell = onChange // what the extension calls when the person switches or disconnects
          if (localStorage.getItem('nightly') === null) localStorage.setItem('nightly', account.accountId)
        },
        async disconnect() {
          localStorage.removeItem('nightly')
        },
        async signMessage(request: unknown) {
          const reply = await window.askExtension(request)
          if (reply.choice !== 'approve') throw new Error('User rejected the request')
          const { accountId, publicKey, signature } = reply
          return { accountId, publicKey, signature }
        },
      }
      window.nightly = { near }
    }),
  },
  {
    id: 'sender',
    name: 'Sender',
    standsInFor: 'browser extension',
    source: 'https://github.com/near/wallet-selector/blob/main/packages/sender/src/lib/sender.ts',
    signsUnknown: true,
    install: inject((account) => {
      window.near = {
        isSender: true,
        callbacks: {},
        on() {},
        remove() {},
        isSignedIn: () => false,
        getAccountId: () => '',
        account: () => ({ accountId: account.accountId, connection: { signer: {} } }),
        async signMessage(request: unknown) {
          const reply = await window.askExtension(request)
          if (reply.choice !== 'approve') return { error: 'User reject' }
          const { accountId, publicKey, signature } = reply
          return { response: { accountId, publicKey, signature } }
        },
      }
    }),
  },
  {
    id: 'okx-wallet',
    name: 'OKX',
    standsInFor: 'browser extension',
    source: 'https://github.com/near/wallet-selector/blob/main/packages/okx-wallet/src/lib/okx-wallet.ts',
    signsUnknown: true,
    install: inject((account) => {
      window.okxwallet = {
        near: {
          on() {},
          isSignedIn: () => false,
          getAccountId: () => '',
          requestSignIn: async () => ({
            accountId: account.accountId,
            accessKey: { publicKey: account.publicKey },
          }),
          async signOut() {},
          async signMessage(request: unknown) {
            const reply = await window.askExtension(request)
            if (reply.choice !== 'approve') throw new Error('User rejected the request.')
            const { accountId, publicKey, signature } = reply
            return { accountId, publicKey, signature }
          },
        },
      }
    }),
  },
  {
    id: 'coin98-wallet',
    name: 'Coin98',
    standsInFor: 'browser extension',
    source:
      'https://github.com/near/wallet-selector/blob/main/packages/coin98-wallet/src/lib/coin98-wallet.ts',
    install: inject((account) => {
      window.coin98 = {
        near: {
          account: '',
          signer: { getPublicKey: async () => account.publicKey },
          async connect() {},
          async disconnect() {},
          async signMessage(request: unknown) {
            const reply = await window.askExtension(request)
            if (reply.choice !== 'approve') throw new Error('User rejected')
            const { accountId, publicKey, signature } = reply
            return { accountId, publicKey, signature }
          },
        },
      }
    }),
  },
  {
    id: 'welldone-wallet',
    name: 'WELLDONE',
    standsInFor: 'browser extension',
    source: 'https://github.com/near/wallet-selector/blob/main/packages/welldone-wallet/src/lib/welldone.ts',
    install: inject((account) => {
      window.dapp = {
        networks: { near: { chain: 'testnet' } },
        on() {},
        async request(_chain: string, { method, params }: { method: string; params: string[] }) {
          if (method === 'dapp:accounts')
            return { near: { address: account.accountId, pubKey: account.publicKey } }
          if (method !== 'dapp:signMessage') throw new Error(`The stand-in does not know ${method}`)
          const reply = await walletAskForBytes(params[0]!.slice(2))
          if (reply.choice !== 'approve') throw new Error('User denied')
          const bytes = Uint8Array.from(atob(reply.signature), (character) => character.charCodeAt(0))
          const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
          return [{ publicKey: reply.publicKey, signature: `0x${hex}` }]
        },
      }
    }),
  },
  {
    id: 'near-snap',
    name: 'Near Snap (MetaMask)',
    standsInFor: 'browser extension',
    source: 'https://www.npmjs.com/package/@near-snap/sdk/v/0.6.0?activeTab=code',
    connectFirst: true,
    install: inject((account) => {
      let connected = false
      window.ethereum = {
        async request({ method, params }: { method: string; params: any }) {
          if (method === 'web3_clientVersion') return 'MetaMask/v12.9.3'
          if (method === 'wallet_requestSnaps') return {}
          if (method === 'wallet_getSnaps')
            return { 'npm:@near-snap/plugin': { id: 'npm:@near-snap/plugin', version: '0.7.0' } }
          if (method !== 'wallet_invokeSnap') throw new Error(`The stand-in does not know ${method}`)
          const { method: call, params: request } = params.request
          if (call === 'near_getAccount') return connected ? account : null
          if (call === 'near_connect') {
            connected = true
            return account
          }
          const reply = await window.askExtension(request)
          // The snap answers null if its dialogue is declined.
          if (reply.choice !== 'approve') return null
          const { accountId, publicKey, signature } = reply
          return { accountId, publicKey, signature }
        },
      }
    }),
  },
  {
    id: 'meteor-wallet-app',
    name: 'Meteor, app',
    standsInFor: 'phone',
    source:
      'https://github.com/near/wallet-selector/blob/main/packages/meteor-wallet-app/src/lib/meteor-wallet-app.ts',
    install: inject((account) => {
      // The page runs in a web view of the app.
      window.ReactNativeWebView = {
        async postMessage(text: string) {
          const { method, args, nonce } = JSON.parse(text)
          if (method === 'ping') return void window.postMessage({ nonce, response: 'pong' })
          if (method === 'sign_in') return void window.postMessage({ nonce, response: [account] })
          if (method !== 'sign_message') throw new Error(`The stand-in does not know ${method}`)
          const reply = await walletAsk(args)
          if (reply.choice !== 'approve') {
            window.postMessage({ nonce, isError: true, response: 'User rejected' })
            return
          }
          const { accountId, publicKey, signature } = reply
          window.postMessage({ nonce, response: { accountId, publicKey, signature } })
        },
      }
    }),
  },
]
