import { existsSync, readFileSync } from 'node:fs'
import type { BrowserContext } from 'playwright-core'
import type { Wallet, WalletRequest } from './wallet'

/** The connectors whose code runs: the second only where it was installed into `test/wallets`, because not every registry has it. */
export const connectors = ['@hot-labs/near-connect', '@fastnear/near-connect'].flatMap((name) => {
  const path = `test/wallets/node_modules/${name}/package.json`
  if (!existsSync(path)) {
    console.warn(`NOT TESTED: ${name}. Install it with npm install --no-save --prefix test/wallets ${name}`)
    return []
  }
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string }
  return [{ name, version }]
})

// near-connect loads a wallet's code, its executor, from the wallet's own host and runs it in a sandboxed frame. These functions are such
// code, cut down to signing in and signing messages.

/**
 * HOT: a QR code, or on a phone buttons with inline handlers; the phone answers through a mailbox.
 *
 * @see {@link https://github.com/fastnear/near-connect/blob/main/near-wallets/src/hotwallet/index.ts}
 */
function hot(): void {
  const request = async (method: string, params: any): Promise<any> => {
    const link = 'hotcall-1'
    const isMobile = /Android|iPhone/.test(navigator.userAgent)
    document.querySelector('#root')!.setAttribute('style', 'display: flex')
    document.querySelector('#root')!.innerHTML = isMobile
      ? '<button onclick="window.openMobile()">Open HOT Wallet</button>'
      : '<div class="qr-code"></div>'
    void window.selector.ui.showIframe()
    window.openMobile = () => window.selector.open(`https://download.hot-labs.org/?${link}`)
    const body = JSON.stringify({ method, request: params })
    // The first requests of a new frame can be too early for the tests' mailbox.
    const send = (): Promise<unknown> =>
      fetch(`https://h4n.app/${method}/request`, { method: 'POST', body }).catch(send)
    await send()
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      const response = await fetch(`https://h4n.app/${method}/response`)
        .then((response) => response.json())
        .catch(() => ({}))
      if (!response.data) continue
      const { success, payload } = JSON.parse(response.data)
      if (success) return payload
      throw payload
    }
  }
  window.selector.ready({
    getAccounts: async () =>
      [JSON.parse((await window.selector.storage.get('hot-account')) ?? 'null')].filter(Boolean),
    async signIn() {
      const account = await request('near:signIn', {})
      await window.selector.storage.set('hot-account', JSON.stringify(account))
      return [account]
    },
    signMessage: (params: any) => request('near:signMessage', params),
    signOut: () => window.selector.storage.remove('hot-account'),
  })
}

/**
 * Nightly: its extension is in the page, which the frame asks through near-connect.
 *
 * @see {@link https://github.com/fastnear/near-connect/blob/main/near-wallets/src/nightly/index.ts}
 */
function nightly(): void {
  const account = async (): Promise<object> => {
    await window.selector.external('nightly.near', 'connect')
    return window.selector.external('nightly.near', 'account')
  }
  window.selector.ready({
    getAccounts: async () => {
      const current = await window.selector.external('nightly.near', 'account')
      return current.accountId ? [current] : []
    },
    signIn: async () => [await account()],
    signMessage: ({ message, nonce, recipient, state }: any) =>
      window.selector.external('nightly.near', 'signMessage', { message, nonce, recipient, state }),
    signOut: () => window.selector.external('nightly.near', 'disconnect'),
  })
}

/** A wallet that signs in and signs in one step, as Meteor does; its extension is in the page. */
function oneStep(): void {
  window.selector.ready({
    async signInAndSignMessage({ messageParams }: any) {
      await window.selector.external('nightly.near', 'connect')
      const account = await window.selector.external('nightly.near', 'account')
      const signedMessage = await window.selector.external('nightly.near', 'signMessage', messageParams)
      return [{ ...account, signedMessage }]
    },
    getAccounts: () => [],
  })
}

const executors = { hot, nightly, 'one-step': oneStep }
const headers = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' }

/** Serves near-connect's manifest and the wallets in it. HOT's phone answers once its app was opened, or its code scanned. */
export async function serveExecutors(
  context: BrowserContext,
  wallet: Wallet,
  { isPhone = false } = {},
): Promise<void> {
  const features = { signMessage: true, signInWithoutAddKey: true, mainnet: true, testnet: true }
  const wallets = Object.keys(executors).map((id) => ({
    id,
    name: `Wallet ${id}`,
    icon: 'data:,',
    description: '',
    website: 'https://wallets.example.com',
    version: '1.0.0',
    type: 'sandbox',
    executor: `https://wallets.example.com/${id}.js`,
    features: { ...features, signInAndSignMessage: id === 'one-step' },
    permissions: {
      storage: true,
      external: ['nightly.near'],
      allowsOpen: ['https://download.hot-labs.org'],
    },
  }))
  // near-connect's own list of wallets is at such an address.
  await context.route('https://raw.githubusercontent.com/**/manifest.json', (route) =>
    route.fulfill({ json: { version: '1.0.0', wallets }, headers }),
  )
  await context.route('https://wallets.example.com/**', (route) => {
    const name = new URL(route.request().url()).pathname.slice(1)
    if (name === 'manifest.json') return route.fulfill({ json: { version: '1.0.0', wallets }, headers })
    const code = `(${String(executors[name.replace('.js', '') as 'hot'])})()`
    return route.fulfill({ body: code, contentType: 'text/javascript', headers })
  })
  let isOpen = !isPhone
  await context.route('https://download.hot-labs.org/**', (route) => {
    isOpen = true
    return route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>HOT</title>The app' })
  })
  const answers = new Map<string, object>()
  await context.route('https://h4n.app/**', (route) => {
    const [, id, kind] = new URL(route.request().url()).pathname.split('/') as [string, string, string]
    if (kind === 'request' && route.request().method() === 'POST') {
      const { method, request } = JSON.parse(route.request().postData()!) as {
        method: string
        request: WalletRequest
      }
      const account = { accountId: wallet.accountId, publicKey: wallet.publicKey }
      const reply = method === 'near:signIn' ? { choice: 'approve', ...account } : wallet.ask(request)
      answers.set(id, {
        success: reply.choice === 'approve',
        payload: reply.choice === 'approve' ? reply : 'User rejected',
      })
    }
    const answer = isOpen ? answers.get(id) : undefined
    return route.fulfill({ json: { data: answer && JSON.stringify(answer) }, headers })
  })
}
