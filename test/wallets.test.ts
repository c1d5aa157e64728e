import { createHash, sign, type KeyObject } from 'node:crypto'
import bs58 from 'bs58'
import { KeyPair } from 'near-api-js'
import { hashPayload, type Challenge } from 'passport-near'
import {
  resumeSignIn,
  signIn,
  type MessageToSign,
  type SignedMessage,
  type SignInResult,
} from 'passport-near/client'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Browser, Cleanup, startApp } from './support/app'
import { payloadBytes, testKey } from './support/keys'

const CALLBACK_URL = 'https://app.example.com/login/near/callback?from=a%20b'

/** The wallet's encoding of its signature. */
const encodings = {
  base64: (bytes: Buffer) => bytes.toString('base64'),
  'ed25519:base58': (bytes: Buffer) => `ed25519:${bs58.encode(bytes)}`,
  hex: (bytes: Buffer) => bytes.toString('hex'),
}

/** The wallet's use of the nonce from the page; wallet-selector's core requires a Buffer before that. */
const nonces = {
  Buffer(nonce: Uint8Array) {
    if (!Buffer.isBuffer(nonce))
      throw new Error('Invalid nonce. It must be a Buffer with a length of 32 bytes.')
    return nonce
  },
  'number[]': (nonce: Uint8Array) => Uint8Array.from(Array.from(nonce)),
  base64: (nonce: Uint8Array) => Buffer.from(Buffer.from(nonce).toString('base64'), 'base64'),
}

interface Row {
  wallet: string
  /** Whether the wallet signs the callback URL; both values if that is unknown. */
  signsCallbackUrl: boolean[]
  encoding?: (keyof typeof encodings)[]
  /** The response is in the fragment of the callback URL. */
  fragment?: true
  echoesState: boolean
  nonce: (keyof typeof nonces)[]
}

const yes = [true]
const no = [false]
const unknown = [true, false]

/** One row for each known kind of wallet response. */
const rows: Row[] = [
  { wallet: 'MyNearWallet, popup', signsCallbackUrl: no, echoesState: false, nonce: ['Buffer', 'base64'] },
  { wallet: 'MyNearWallet, full-page redirect', signsCallbackUrl: yes, fragment: true, echoesState: true, nonce: ['base64'] },
  { wallet: 'MyNearWallet, popup that falls back to redirect', signsCallbackUrl: no, fragment: true, echoesState: true, nonce: ['base64'] },
  { wallet: 'Meteor', signsCallbackUrl: no, echoesState: true, nonce: ['Buffer'] },
  { wallet: 'HERE / HOT', signsCallbackUrl: no, echoesState: false, nonce: ['number[]'] },
  { wallet: 'Near Snap (MetaMask)', signsCallbackUrl: no, echoesState: false, nonce: ['number[]'] },
  { wallet: 'Nightly', signsCallbackUrl: no, echoesState: false, nonce: ['Buffer', 'number[]'] },
  { wallet: 'WELLDONE', signsCallbackUrl: yes, encoding: ['hex', 'base64'], echoesState: true, nonce: ['Buffer'] },
  { wallet: 'NearMobileWallet', signsCallbackUrl: yes, echoesState: false, nonce: ['number[]'] },
  { wallet: 'Sender', signsCallbackUrl: unknown, echoesState: false, nonce: ['Buffer'] },
  { wallet: 'OKX', signsCallbackUrl: unknown, echoesState: false, nonce: ['Buffer', 'number[]'] },
  { wallet: 'Intear, wallet-selector', signsCallbackUrl: yes, encoding: ['base64', 'ed25519:base58'], echoesState: true, nonce: ['number[]'] },
  { wallet: 'Intear, near-connect', signsCallbackUrl: no, encoding: ['base64', 'ed25519:base58'], echoesState: true, nonce: ['number[]'] },
  { wallet: 'Ledger, wallet-selector', signsCallbackUrl: yes, echoesState: false, nonce: ['Buffer'] },
  { wallet: 'Ledger, near-connect', signsCallbackUrl: no, echoesState: false, nonce: ['Buffer'] },
  { wallet: 'Bitte', signsCallbackUrl: yes, echoesState: false, nonce: ['Buffer'] },
  { wallet: 'Coin98', signsCallbackUrl: no, echoesState: false, nonce: ['Buffer'] },
  { wallet: 'WalletConnect / Unity', signsCallbackUrl: yes, encoding: ['base64', 'ed25519:base58', 'hex'], echoesState: false, nonce: ['Buffer', 'number[]'] },
  { wallet: 'near-cli-rs', signsCallbackUrl: no, encoding: ['ed25519:base58'], echoesState: false, nonce: ['base64'] },
  { wallet: 'WebAuthn wallet', signsCallbackUrl: no, echoesState: false, nonce: ['Buffer'] },
] // prettier-ignore

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount
let key: KeyObject
let browser: Browser

beforeEach(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  const pair = testKey()
  key = pair.privateKey
  alice = await network.createAccount('alice.test', { publicKey: pair.publicKey })
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await cleanup.run()
})

async function start(callbackUrl?: string): Promise<void> {
  const near = { rpc: network.rpcUrl, ...(callbackUrl && { callbackUrl }) }
  browser = new Browser((await startApp(cleanup, { near })).url)
}

const urls = () => ({
  challengeUrl: '/login/near/challenge',
  loginUrl: '/login/near',
  fetch: (url: string | URL, init: RequestInit) => browser.request(String(url), init),
})

/** Signs like the wallet of a row. */
function walletOf(
  row: Row,
  signsCallbackUrl: boolean,
  encoding: keyof typeof encodings,
  nonceKind: keyof typeof nonces,
) {
  return (asked: MessageToSign): SignedMessage & { state?: string } => {
    const { message, recipient, callbackUrl, state } = asked
    const nonce = nonces[nonceKind](asked.nonce)
    const hash = hashPayload({
      message,
      recipient,
      nonce,
      callbackUrl: signsCallbackUrl ? callbackUrl : undefined,
    })
    return {
      accountId: alice.accountId,
      publicKey: alice.publicKey,
      signature: encodings[encoding](sign(null, hash, key)),
      ...(row.echoesState && { state: state! }),
    }
  }
}

/** Returns to the callback page with the response in the fragment, in MyNearWallet's format. */
async function returnBy(fragment: Record<string, string | undefined>): Promise<SignInResult | undefined> {
  let hash = '#'
  for (const [name, value] of Object.entries(fragment))
    if (value) hash += `${name}=${encodeURIComponent(value)}&`
  vi.stubGlobal('location', { href: `https://app.example.com/callback${hash}` })
  vi.stubGlobal('history', { replaceState() {} })
  return resumeSignIn(urls())
}

describe.each(rows)('$wallet', (row) => {
  const cases = row.signsCallbackUrl.flatMap((signs) =>
    (row.encoding ?? (['base64'] as const)).flatMap((encoding) =>
      row.nonce.flatMap((nonce) =>
        [CALLBACK_URL, undefined].map((callbackUrl) => ({ signs, encoding, nonce, callbackUrl })),
      ),
    ),
  )

  it.each(cases)(
    'signs in: callback URL $callbackUrl signed: $signs, signature in $encoding, nonce as $nonce',
    async ({ signs, encoding, nonce, callbackUrl }) => {
      await start(callbackUrl)
      const wallet = walletOf(row, signs, encoding, nonce)
      if (row.fragment) {
        const challenge = await browser.challenge()
        const answer = wallet({ ...challenge, nonce: Buffer.from(challenge.nonce, 'base64') })
        expect(await returnBy({ ...answer })).toMatchObject({
          outcome: 'signed-in',
          reply: { id: 'alice.test' },
        })
      } else {
        const result = await signIn(async (message) => wallet(message), urls())
        expect(result).toMatchObject({ outcome: 'signed-in', reply: { id: 'alice.test' } })
      }
      expect(await (await browser.request('/me')).json()).toMatchObject({ id: 'alice.test' })
    },
  )

  it('signs in without a state, by the latest challenge of the session', async () => {
    await start(CALLBACK_URL)
    await browser.challenge()
    const challenge = await browser.challenge()
    const wallet = walletOf(row, row.signsCallbackUrl[0]!, row.encoding?.[0] ?? 'base64', row.nonce[0]!)
    const { accountId, publicKey, signature } = wallet({
      ...challenge,
      nonce: Buffer.from(challenge.nonce, 'base64'),
    })
    expect(await browser.login({ accountId, publicKey, signature })).toMatchObject({ status: 200 })
  })
})

describe('Intear with a secp256k1 key', () => {
  it('signs in with a signature of 65 bytes', async () => {
    await start()
    const pair = KeyPair.fromRandom('SECP256K1')
    alice.addKey({ publicKey: pair.getPublicKey().toString() })
    const result = await signIn(async ({ message, recipient, nonce }) => {
      const { signature } = pair.sign(hashPayload({ message, recipient, nonce }))
      expect(signature).toHaveLength(65)
      return {
        accountId: 'alice.test',
        publicKey: pair.getPublicKey().toString(),
        signature: Buffer.from(signature).toString('base64'),
      }
    }, urls())
    expect(result).toMatchObject({ outcome: 'signed-in', reply: { id: 'alice.test' } })
  })
})

describe('Ethereum wallets, Math, Bitget', () => {
  it('cannot sign messages: a wallet without signMessage is a TypeError before any request', async () => {
    await start()
    await expect(signIn({}, urls())).rejects.toThrow(TypeError)
    expect(browser.cookie).toBe('')
  })

  it("cannot sign messages: wallet-selector's exception is no sign-in, and reaches the caller", async () => {
    await start()
    const cause = new Error('The signMessage method is not supported by Math Wallet')
    const result = await signIn({ signMessage: () => Promise.reject(cause) }, urls())
    expect(result).toEqual({ outcome: 'refused', cause })
  })
})

describe('a declined request', () => {
  beforeEach(() => start(CALLBACK_URL))

  const empty = { accountId: '', publicKey: '', signature: '' }

  it.each<[string, () => Promise<SignedMessage>]>([
    ["in MyNearWallet's pop-up resolves with empty strings", async () => empty],
    ['in near-connect includes the account', async () => ({ ...empty, accountId: 'alice.test' })],
    ['in other wallets is an exception', () => Promise.reject(new Error('User rejected'))],
  ])('%s', async (_, signMessage) => {
    expect(await signIn({ signMessage }, urls())).toMatchObject({ outcome: 'refused' })
    expect(network.requestCount).toBe(0)
  })

  it.each([empty, { ...empty, accountId: 'alice.test' }, { error: 'User rejected' }])(
    'that is posted nevertheless is a 401, and the challenge stays pending: %o',
    async (answer) => {
      const challenge = await browser.challenge()
      expect(await browser.login({ ...answer, state: challenge.state })).toMatchObject({
        status: 401,
        body: { code: 'ERR_NEAR_WALLET_REFUSED' },
      })
      const wallet = walletOf(rows[0]!, false, 'base64', 'Buffer')
      const signed = wallet({ ...challenge, nonce: Buffer.from(challenge.nonce, 'base64') })
      expect(await browser.login({ ...signed, state: challenge.state })).toMatchObject({ status: 200 })
    },
  )

  it('of a redirecting wallet arrives as an error without a state', async () => {
    await browser.challenge()
    expect(await returnBy({ error: 'User rejected' })).toEqual({ outcome: 'refused' })
  })
})

describe('an old format is rejected', () => {
  const utf8 = (text: string): Buffer => Buffer.from(text)

  it.each<[string, (challenge: Challenge, payload: Buffer) => Buffer]>([
    [
      'the payload without the tag that distinguishes it from a transaction',
      (_, payload) => payload.subarray(4),
    ],
    [
      "HERE's JSON with a receiver",
      ({ message, recipient, nonce }) =>
        utf8(JSON.stringify({ message, receiver: recipient, nonce: [...Buffer.from(nonce, 'base64')] })),
    ],
    ['the bare message of a Ledger connector, without nonce and recipient', ({ message }) => utf8(message)],
    ['the payload itself instead of its hash', (_, payload) => payload],
  ])('%s', async (_, bytesOf) => {
    await start()
    const challenge = await browser.challenge()
    const payload = payloadBytes(challenge)
    const unhashed = bytesOf(challenge, payload) === payload
    const signed = (bytes: Buffer): string =>
      sign(null, unhashed ? bytes : createHash('sha256').update(bytes).digest(), key).toString('base64')
    const login = { accountId: 'alice.test', publicKey: alice.publicKey, state: challenge.state }
    expect(await browser.login({ ...login, signature: signed(bytesOf(challenge, payload)) })).toMatchObject({
      status: 401,
      body: { code: 'ERR_NEAR_SIGNATURE_INVALID' },
    })
    expect(network.requestCount).toBe(0)
  })

  it('and the current format, signed in the same way, is accepted', async () => {
    await start()
    const challenge = await browser.challenge()
    const hash = createHash('sha256').update(payloadBytes(challenge)).digest()
    const login = { accountId: 'alice.test', publicKey: alice.publicKey, state: challenge.state }
    const signature = sign(null, hash, key).toString('base64')
    expect(await browser.login({ ...login, signature })).toMatchObject({ status: 200 })
  })
})
