// near-connect loads a wallet's code, its executor, from the wallet's own host and runs it in a sandboxed frame. These functions stand in
// for such code: they sign in and sign messages only, and treat nonce, callback URL and refusals as the wallet's own code does.

declare global {
  interface Window {
    [name: string]: any
  }
}

/**
 * HOT: a QR code, or on a phone buttons with inline handlers; the phone answers through a mailbox. It puts the request into JSON as it is.
 *
 * @see {@link https://github.com/azbang/near-connect/blob/da9408f/near-wallets/src/hotwallet/index.ts}
 */
export function hot(): void {
  const request = async (method: string, params: any): Promise<any> => {
    const link = `hotcall-${method}`
    const isMobile = /Android|iPhone/.test(navigator.userAgent)
    document.querySelector('#root')!.setAttribute('style', 'display: flex')
    document.querySelector('#root')!.innerHTML = isMobile
      ? '<button onclick="window.openMobile()">Open HOT Wallet</button>'
      : '<div class="qr-code"></div>'
    void window.selector.ui.showIframe()
    window.openMobile = () => window.selector.open(`https://download.hot-labs.org/?${link}`)
    const body = JSON.stringify({ method, request: params })
    await fetch(`https://h4n.app/${link}/request`, { method: 'POST', body })
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 1000))
      const { data } = await (await fetch(`https://h4n.app/${link}/response`)).json()
      if (!data) continue
      const { success, payload } = JSON.parse(data)
      if (success) return payload
      throw Object.assign(new Error(), { name: 'RequestFailed', payload })
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
 * Nightly: its extension is in the page, which the frame asks through near-connect. It drops the callback URL.
 *
 * @see {@link https://github.com/azbang/near-connect/blob/da9408f/near-wallets/src/nightly/index.ts}
 */
export function nightly(): void {
  const near = (key: string, ...args: unknown[]): Promise<any> =>
    window.selector.external('nightly.near', key, ...args)
  const getAccounts = async (): Promise<any[]> => {
    const { accountId } = await near('account')
    return accountId ? [{ accountId }] : []
  }
  const connect = async (): Promise<any[]> => {
    await near('connect')
    return getAccounts()
  }
  const sign = ({ message, nonce, recipient }: any): Promise<any> =>
    near('signMessage', { message, nonce: Array.from(nonce), recipient })
  void near('connect').then(
    () =>
      window.selector.ready({
        getAccounts,
        signIn: connect,
        signInAndSignMessage: async ({ messageParams }: any) => {
          const [account] = await connect()
          return [{ ...account, signedMessage: await sign(messageParams) }]
        },
        signMessage: sign,
        signOut: () => near('disconnect'),
      }),
    () => window.selector.ready({ getAccounts: () => [] }),
  )
}

/**
 * OKX: its extension is in the page. In one step the callback URL is dropped, in two it is handed on. Its code replaces every error.
 *
 * @see {@link https://github.com/azbang/near-connect/blob/da9408f/near-wallets/src/okx.ts}
 */
export function okx(): void {
  const ask = (key: string, ...args: unknown[]): Promise<any> =>
    window.selector.external('okxwallet.near', key, ...args)
  const say = (message: string) => (): never => {
    throw new Error(message)
  }
  const signIn = async (): Promise<any[]> => {
    const { accountId } = await ask('requestSignIn', { contractId: '' })
    return [{ accountId }]
  }
  window.selector.ready({
    getAccounts: async () => [{ accountId: await ask('getAccountId') }],
    signIn: () => signIn().catch(say('Failed to sign in')),
    signInAndSignMessage: async ({ messageParams: { message, recipient, nonce } }: any) => {
      const [account] = await signIn()
      const signedMessage = await ask('signMessage', { message, recipient, nonce: Array.from(nonce) }).catch(
        say('Failed to sign in'),
      )
      return [{ ...account, signedMessage }]
    },
    signMessage: (request: any) => ask('signMessage', request).catch(say('sign Error')),
  })
}

/**
 * MyNearWallet: two pop-ups, the second with the request in its address. The callback URL only says where the answer goes.
 *
 * @see {@link https://github.com/azbang/near-connect/blob/da9408f/near-wallets/src/mnw.ts}
 */
export function myNearWallet(): void {
  const ask = (path: string, query: Record<string, string>): Promise<any> =>
    new Promise((resolve, reject) => {
      const opened = window.selector.open(
        `https://app.mynearwallet.com/${path}?${new URLSearchParams(query)}`,
      )
      setInterval(() => opened.closed && reject(new Error('User closed the window')), 300)
      window.addEventListener('message', ({ data }) => {
        if (!data.status || data.method) return
        opened.close()
        if (data.status === 'success') resolve(data)
        else reject(new Error(data.errorMessage))
      })
    })
  const site = window.selector.location
  const signIn = async (): Promise<any[]> => {
    const { account_id: accountId } = await ask('login/', { success_url: site, failure_url: site })
    return [{ accountId, publicKey: '' }]
  }
  const sign = async ({ message, nonce, recipient, callbackUrl = site }: any): Promise<any> => {
    const base64 = btoa(String.fromCharCode(...nonce))
    return (await ask('sign-message', { message, nonce: base64, recipient, callbackUrl })).signedRequest
  }
  window.selector.ready({
    getAccounts: () => [],
    signIn,
    signInAndSignMessage: async ({ messageParams: { message, nonce, recipient } }: any) => {
      const [account] = await signIn()
      return [{ ...account, signedMessage: await sign({ message, nonce, recipient }) }]
    },
    signMessage: sign,
  })
}

/**
 * Meteor: a pop-up, which is told the request by messages until it answers.
 *
 * @see {@link https://github.com/Meteor-Wallet/meteor_wallet_sdk/tree/fe814e9/packages/meteor-near-connect/src/meteor-near-connect/nearConnectExecutor.ts}
 */
export function meteor(): void {
  const ask = (actionType: string, inputs: object): Promise<any> =>
    new Promise((resolve, reject) => {
      const uid = window.selector.uuid()
      const query = new URLSearchParams({
        connectionUid: uid,
        pageUri: encodeURIComponent(window.selector.location),
      })
      const opened = window.selector.open(
        `https://wallet.meteorwallet.app/connect/mainnet/${actionType}?${query}`,
      )
      setInterval(() => {
        if (opened.closed) reject(new Error('User closed the window before completing the action'))
      }, 500)
      window.addEventListener('message', ({ data }) => {
        if (data.uid !== uid) return
        if (data.status === 'closed_success') resolve(data.payload)
        else if (data.status === 'closed_fail') reject(new Error(data.endTags.join()))
        else opened.postMessage({ uid, actionType, status: 'initializing', inputs })
      })
    })
  window.selector.ready({
    getAccounts: () => [],
    signIn: async () => [await ask('login', {})],
    signInAndSignMessage: async ({ messageParams }: any) => [await ask('login', { messageParams })],
    signMessage: (request: any) => ask('sign_message', request),
  })
}

/**
 * Intear: a frame of the wallet's own site within the frame. In one step the callback URL is handed on, in two it is dropped.
 *
 * @see {@link https://github.com/INTEARnear/wallet/blob/7aab05c/web/src/js/near-selector.js}
 */
export function intear(): void {
  const payload = ({ message, nonce, recipient, callbackUrl, state }: any): string =>
    JSON.stringify({
      message,
      nonce: Array.from(nonce),
      recipient,
      callback_url: callbackUrl ?? null,
      state: state ?? null,
    })
  const connect = (messageParams?: any): Promise<any[]> =>
    new Promise((resolve, reject) => {
      const frame = document.createElement('iframe')
      frame.src = 'https://wallet.intear.tech/hot-wallet-connector-iframe.html'
      frame.style.cssText = 'position: fixed; inset: 0; width: 100vw; height: 100vh'
      const message = JSON.stringify(messageParams ? { messageToSign: payload(messageParams) } : {})
      let answer: any
      window.addEventListener('message', ({ data }) => {
        const post = (reply: object): void => frame.contentWindow!.postMessage(reply, '*')
        if (data.type === 'ready')
          post({ type: 'signIn', data: { message, networkId: 'mainnet', version: 'V3' } })
        else if (data.type === 'connected' || data.type === 'error') {
          answer = data
          post({ type: 'close', message: data.message })
        } else if (data.type === 'close') {
          frame.remove()
          if (!data.message)
            return resolve([{ accountId: answer.accountId, signedMessage: answer.signedMessage }])
          if (/User (closed the modal|rejected the connection)/.test(data.message)) resolve([])
          else reject(new Error(data.message))
        }
      })
      frame.onload = () => window.selector.ui.showIframe()
      document.body.append(frame)
    })
  const sign = ({ message, nonce, recipient }: any): Promise<any> =>
    new Promise((resolve, reject) => {
      const opened = window.selector.open('https://wallet.intear.tech/sign-message')
      setInterval(() => opened.closed && reject(new Error('User rejected the message')), 100)
      window.addEventListener('message', ({ data }) => {
        if (data.type === 'ready') {
          opened.postMessage({
            type: 'signMessage',
            data: { message: payload({ message, nonce, recipient }) },
          })
        } else if (data.type === 'signed') resolve(data.signature)
        else if (data.type === 'error') reject(new Error('User rejected the message'))
        else return
        if (data.type !== 'ready') opened.close()
      })
    })
  window.selector.ready({
    getAccounts: () => [],
    signIn: () => connect(),
    signInAndSignMessage: ({ messageParams }: any) => connect(messageParams),
    signMessage: sign,
  })
}

/**
 * Ledger: builds NEP-413's payload for the device itself, never with a callback URL.
 *
 * @see {@link https://github.com/near/near-connect-ledger/blob/35fa23a/ledger-executor.js}
 */
export function ledgerDevice(): void {
  const sign = async ({ message, nonce, recipient }: any): Promise<any> => {
    const text = (value: string): number[] => {
      const bytes = new TextEncoder().encode(value)
      return [...new Uint8Array(new Uint32Array([bytes.length]).buffer), ...bytes]
    }
    const tag = [0x9d, 0x01, 0x00, 0x80]
    const payload = [...tag, ...text(message), ...nonce, ...text(recipient), 0]
    const reply = await walletAskForBytes(payload.map((byte) => byte.toString(16).padStart(2, '0')).join(''))
    if (reply.choice !== 'approve') throw new Error('You declined the request on the Ledger device.')
    const { accountId, publicKey, signature } = reply
    return { accountId, publicKey, signature }
  }
  window.selector.ready({
    getAccounts: () => [],
    signInAndSignMessage: async ({ messageParams }: any) => {
      const signedMessage = await sign(messageParams)
      return [{ ...signedMessage, signedMessage }]
    },
  })
}

/**
 * NEAR Mobile: a QR code; the phone answers through the wallet's server. It drops the callback URL.
 *
 * @see {@link https://github.com/azbang/near-connect/blob/f027cf0/near-wallets/src/near-mobile/index.ts}
 */
export function nearMobile(): void {
  const api = 'https://near-mobile-signer-backend_production.peersyst.tech/api/signer-request'
  const sign = async ({ message, nonce, recipient }: any): Promise<any> => {
    void window.selector.ui.showIframe()
    const body = JSON.stringify({
      network: 'mainnet',
      message,
      receiver: recipient,
      nonce: Array.from(nonce),
    })
    const headers = { 'content-type': 'application/json' }
    const { id } = await (await fetch(`${api}/message`, { method: 'POST', headers, body })).json()
    for (;;) {
      const { status, response } = await (await fetch(`${api}/message/${id}`)).json()
      if (status === 'rejected') throw new Error('Sign in rejected')
      if (status === 'approved') return response
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
  window.selector.ready({
    getAccounts: () => [],
    signInAndSignMessage: async ({ messageParams }: any) => {
      const signedMessage = await sign(messageParams)
      return [{ ...signedMessage, signedMessage }]
    },
  })
}

/**
 * WalletConnect, and Unity with it: the site's own client connects; the frame shows the code. In one step the callback URL is dropped.
 *
 * @see {@link https://github.com/azbang/near-connect/blob/da9408f/near-wallets/src/wallet-connect.ts}
 */
export function walletConnect(): void {
  const client = window.selector.walletConnect
  const connect = async (): Promise<any> => {
    void window.selector.ui.showIframe()
    const methods = ['near_signIn', 'near_signOut', 'near_getAccounts', 'near_signMessage']
    const near = { chains: ['near:mainnet'], methods, events: ['accountsChanged'] }
    const { uri } = await client.connect({ requiredNamespaces: { near } })
    const code = document.createElement('wcm-qrcode') as any
    code.uri = uri
    code.textContent = 'Scan the code'
    document.body.append(code)
    for (;;) {
      const session = await client.getSession()
      if (session) return session
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
  const sign = async ({ message, nonce, recipient }: any): Promise<any> => {
    const { topic } = await client.getSession()
    const params = { message, nonce: Array.from(nonce), recipient }
    return client.request({ topic, chainId: 'near:mainnet', request: { method: 'near_signMessage', params } })
  }
  window.selector.ready({
    getAccounts: () => [],
    signInAndSignMessage: async ({ messageParams }: any) => {
      const { namespaces } = await connect()
      const accountId = namespaces.near.accounts[0].split(':')[2]
      return [{ accountId, signedMessage: await sign(messageParams) }]
    },
  })
}
