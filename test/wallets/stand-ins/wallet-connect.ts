import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { FrameLocator, Page } from 'playwright-core'
import type { Internet } from '../internet'
import { readNonce, type Place, type StandIn, type Wallet, type WalletRequest } from './wallet'

const require = createRequire(import.meta.url)

interface Rpc {
  id: number
  method?: string
  params: { topic: string; topics: string[]; message: string; tag: number }
}
type Send = (message: string) => void

/**
 * The relay between a site and a phone: keeps what it cannot deliver yet, and reads nothing, because both ends encrypt.
 *
 * @see {@link https://specs.walletconnect.com/2.0/specs/servers/relay/relay-server-rpc Relay RPC}
 */
class Relay {
  readonly #subscribers = new Map<string, Map<Send, string>>()
  readonly #waiting = new Map<string, Rpc['params'][]>()

  receive(text: string, send: Send): void {
    const { id, method, params } = JSON.parse(text) as Rpc
    if (!method) return // an acknowledgement
    const reply = (result: unknown): void => send(JSON.stringify({ id, jsonrpc: '2.0', result }))
    if (method === 'irn_subscribe') reply(this.#subscribe(params.topic, send))
    else if (method === 'irn_batchSubscribe')
      reply(params.topics.map((topic) => this.#subscribe(topic, send)))
    else {
      reply(method === 'irn_batchFetchMessages' ? { messages: [], hasMore: false } : true)
      if (method === 'irn_publish') this.#publish(params, send)
    }
  }

  leave(send: Send): void {
    for (const subscribers of this.#subscribers.values()) subscribers.delete(send)
  }

  #subscribe(topic: string, send: Send): string {
    const subscribers = this.#subscribers.get(topic) ?? new Map<Send, string>()
    const id = subscribers.get(send) ?? randomUUID()
    this.#subscribers.set(topic, subscribers.set(send, id))
    const waiting = this.#waiting.get(topic) ?? []
    this.#waiting.delete(topic)
    // A client knows its subscription only after the response to it.
    setTimeout(() => waiting.forEach((message) => deliver(id, message, send)), 20)
    return id
  }

  #publish(message: Rpc['params'], sender: Send): void {
    const others = [...(this.#subscribers.get(message.topic) ?? [])].filter(([send]) => send !== sender)
    for (const [send, id] of others) deliver(id, message, send)
    if (others.length === 0)
      this.#waiting.set(message.topic, [...(this.#waiting.get(message.topic) ?? []), message])
  }
}

function deliver(subscription: string, { topic, message, tag }: Rpc['params'], send: Send): void {
  const data = { topic, message, tag, publishedAt: Date.now() }
  const id = Number(`${Date.now()}${Math.floor(Math.random() * 1e3)}`)
  send(JSON.stringify({ id, jsonrpc: '2.0', method: 'irn_subscription', params: { id: subscription, data } }))
}

const relay = new Relay()
let phone: Promise<{ pair(uri: string): Promise<unknown> }> | undefined

/** The phone: WalletConnect's own client, as a wallet's app uses it, on the same relay. */
async function startPhone(wallet: Wallet): Promise<{ pair(uri: string): Promise<unknown> }> {
  const { Server } = require('ws')
  const server = new Server({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  server.on('connection', (socket: any) => {
    const send: Send = (text) => socket.send(text)
    socket.on('message', (data: Buffer) => relay.receive(String(data), send))
  })
  const { SignClient } = require('@walletconnect/sign-client')
  const client = await SignClient.init({
    relayUrl: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    projectId: 'the-tests',
    logger: 'silent',
    metadata: { name: 'A wallet', description: '', url: 'https://wallet.example.com', icons: [] },
    storageOptions: { database: ':memory:' },
  })
  client.on('session_proposal', async ({ id, params }: any) => {
    const { chains, methods, events } = params.requiredNamespaces.near ?? params.optionalNamespaces.near
    const near = {
      chains,
      events,
      methods: [...new Set([...methods, 'near_signMessage'])],
      accounts: [`${chains[0]}:${wallet.accountId}`],
    }
    await client.approve({ id, namespaces: { near } })
  })
  client.on('session_request', async ({ id, topic, params }: any) => {
    const request = params.request.params as WalletRequest
    const refusal = { error: { code: 5000, message: 'User rejected.' } }
    const response = (): object => {
      readNonce(request.nonce)
      const reply = wallet.ask(request)
      if (reply.choice !== 'approve') return refusal
      const { accountId, publicKey, signature } = reply
      return { result: { accountId, publicKey, signature } }
    }
    let answer: object
    try {
      answer = response()
    } catch (error) {
      answer = { error: { code: -32602, message: (error as Error).message } }
    }
    await client.respond({ topic, response: { id, jsonrpc: '2.0', ...answer } })
  })
  return { pair: (uri) => client.pair({ uri }) }
}

export function install({ internet, wallet }: Place): void {
  phone ??= startPhone(wallet)
  serveVerify(internet)
  for (const name of ['com', 'org'])
    internet.serveSocket(`relay.walletconnect.${name}`, (send) => ({
      onMessage: (text) => relay.receive(text, send),
      onClose: () => relay.leave(send),
    }))
}

/**
 * WalletConnect's registry of sites, which both ends wait for: it does not know this one.
 *
 * @see {@link https://docs.walletconnect.network/wallet-sdk/features/verify Verify API}
 */
function serveVerify(internet: Internet): void {
  internet.serve('verify.walletconnect.org', ({ url }) => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const id = url.searchParams.get('id')
    const attestation = `${part({ alg: 'ES256' })}.${part({ id })}.${part({})}`
    const message = JSON.stringify({ type: 'verify_attestation', attestation })
    return { html: `<script>parent.postMessage(${JSON.stringify(message)}, '*')</script>` }
  })
}

/** Scans the QR code, or closes the dialogue with it. */
export async function scan(page: Page | FrameLocator, wallet: Wallet): Promise<void> {
  const code = page.locator('wcm-qrcode')
  await code.waitFor({ timeout: 20_000 })
  if (wallet.choice === 'close') return page.locator('wcm-modal-backcard button').last().click()
  await (await phone!).pair(await code.evaluate((element) => (element as unknown as { uri: string }).uri))
}

export const walletConnect: StandIn[] = [
  {
    id: 'wallet-connect',
    name: 'WalletConnect',
    standsInFor: 'phone',
    source:
      'https://github.com/near/wallet-selector/blob/main/packages/wallet-connect/src/lib/wallet-connect.ts',
    install,
    afterClick: scan,
    closes: true,
  },
  {
    id: 'unity-wallet',
    name: 'Unity',
    standsInFor: 'phone',
    source: 'https://github.com/near/wallet-selector/blob/main/packages/unity-wallet/src/lib/unity-wallet.ts',
    install,
    afterClick: scan,
    closes: true,
  },
]
