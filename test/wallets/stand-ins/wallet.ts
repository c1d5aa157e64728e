import { createHash, sign, type KeyObject } from 'node:crypto'
import type { BrowserContext, Page } from 'playwright-core'
import { hashPayload } from 'passport-near'
import type { TestNetwork } from 'passport-near/testing'
import { testKey } from '../../support/keys'
import type { Internet } from '../internet'

/** What the person does when the wallet asks. */
export type Choice = 'approve' | 'decline' | 'close'

/** What reached the wallet, as the connector's module handed it over. */
export interface WalletRequest {
  message: string
  recipient: string
  /** As it arrived. A `Uint8Array` arrives as `{ bytes }`, because the tests' own channel knows only JSON. */
  nonce: unknown
  callbackUrl?: string | null
  state?: string | null
}

/** The wallet's answer, in the form that the stand-in's code in the page turns into the wallet's own. */
export type WalletReply =
  | { choice: 'decline' | 'close' }
  | { choice: 'approve'; accountId: string; publicKey: string; signature: string }

/** The wallet behind a connector's module: an account on the chain, its key, and the person who approves or declines. */
export class Wallet {
  readonly accountId = 'alice.testnet'
  readonly publicKey: string
  choice: Choice = 'approve'
  /** Whether the wallet signs the callback URL that it is given. */
  signsCallbackUrl = true
  /** Whether the app on the phone is open, so that it answers. */
  isAppOpen = true
  /** What the connector's module asked for, latest last. */
  requests: WalletRequest[] = []
  readonly #privateKey: KeyObject

  private constructor({ privateKey, publicKey }: ReturnType<typeof testKey>) {
    this.#privateKey = privateKey
    this.publicKey = publicKey
  }

  static async on(network: TestNetwork): Promise<Wallet> {
    const key = testKey()
    const wallet = new Wallet(key)
    await network.createAccount(wallet.accountId, { publicKey: key.publicKey })
    return wallet
  }

  reset(): void {
    Object.assign(this, { choice: 'approve', signsCallbackUrl: true, isAppOpen: true, requests: [] })
  }

  /** What the wallet answers. Throws if the nonce is in no form that a wallet reads, as a wallet does. */
  readonly ask = (request: WalletRequest): WalletReply => {
    this.requests.push(request)
    const nonce = readNonce(request.nonce).bytes
    if (this.choice !== 'approve') return { choice: this.choice }
    const callbackUrl = (this.signsCallbackUrl && request.callbackUrl) || undefined
    const hash = hashPayload({ message: request.message, recipient: request.recipient, nonce, callbackUrl })
    return this.#approve(hash)
  }

  /** For wallets that are handed the bytes of NEP-413's payload, before the hash. */
  readonly askForBytes = (payloadInHex: string): WalletReply => {
    const bytes = Buffer.from(payloadInHex, 'hex')
    this.requests.push({ message: '', recipient: '', nonce: bytes })
    if (this.choice !== 'approve') return { choice: this.choice }
    return this.#approve(createHash('sha256').update(bytes).digest())
  }

  #approve(hash: Uint8Array): WalletReply {
    const signature = sign(null, hash, this.#privateKey).toString('base64')
    return { choice: 'approve', accountId: this.accountId, publicKey: this.publicKey, signature }
  }

  /** Gives the pages of a browser the wallet: `walletAsk` and `walletAskForBytes`. */
  async attach(context: BrowserContext): Promise<void> {
    await context.exposeFunction('walletAsk', this.ask)
    await context.exposeFunction('walletAskForBytes', this.askForBytes)
  }
}

/** The form of a nonce, and its bytes. */
export function readNonce(nonce: unknown): { form: string; bytes: Uint8Array } {
  const read = (form: string, bytes: Uint8Array | number[]): { form: string; bytes: Uint8Array } => {
    if (bytes.length !== 32) throw new Error(`The wallet cannot read a nonce of ${bytes.length} bytes`)
    return { form, bytes: Uint8Array.from(bytes) }
  }
  if (Array.isArray(nonce)) return read('`number[]`', nonce as number[])
  if (typeof nonce === 'string') return read('base64', Buffer.from(nonce, 'base64'))
  const { bytes, type, data } = nonce as { bytes?: number[]; type?: string; data?: number[] }
  if (bytes) return read('`Uint8Array`', bytes)
  if (type === 'Buffer' && data) return read('JSON of a `Buffer`', data)
  throw new Error(`The wallet cannot read the nonce ${JSON.stringify(nonce)}`)
}

/** Where a stand-in is put. */
export interface Place {
  context: BrowserContext
  internet: Internet
  wallet: Wallet
}

/** What stands in for the wallet behind one module. */
export interface StandIn {
  /** The module's id. */
  id: string
  /** The wallet's name, for the table. */
  name: string
  /** What ran, for the table: everything but this was the published code. */
  standsInFor: 'browser extension' | 'web wallet' | 'phone' | 'device'
  /** Where the stand-in's form was read. */
  source: string
  /** Prepares a browser and the wallet's hosts before the login page is opened. */
  install: (place: Place) => void | Promise<void>
  /** The module refuses to sign unless the site has connected it first. */
  connectFirst?: true
  /** Whether the person can close the wallet's window. */
  closes?: true
  /** Whether it is unknown if the wallet signs the callback URL, so that both are tried. */
  signsUnknown?: true
  /** What happens outside of the page after the click: the phone scans the code. */
  afterClick?: (page: Page, wallet: Wallet) => Promise<void>
}
