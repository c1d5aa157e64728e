import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import type { AccessKeyPermission } from '../access-keys/source'
import { encodeBase58 } from '../nep413/base58'
import { hashPayload } from '../nep413/payload'
import { parsePublicKey } from '../nep413/signature'
import { nep413Payload } from '../nep641/access-key-authorization'
import type { Chain } from './chain'
import { createMessage, readChallenge, type AuthorizedLogin, type ChallengeToAuthorize } from './resolve-auth'

/** A permission by its name, with details that do not matter to a login, or in full as the RPC spells it. */
export type TestPermission =
  | 'FullAccess'
  | 'FunctionCall'
  | 'GasKeyFullAccess'
  | 'GasKeyFunctionCall'
  | Exclude<AccessKeyPermission, string>

/** A key that is added to a {@link TestAccount}. */
export interface TestKeyOptions {
  /** @defaultValue `'FullAccess'` */
  permission?: TestPermission | undefined
  /**
   * A key whose private half is held elsewhere, such as in a real wallet, as `<type>:<base58>`.
   *
   * @defaultValue a new Ed25519 key
   */
  publicKey?: string | undefined
}

/** What a wallet is asked to sign: a challenge as the server sends it, or as wallets get it, the nonce in bytes. */
export interface MessageToSign {
  message: string
  recipient: string
  /** 32 bytes, or their base64. */
  nonce: string | Uint8Array
  callbackUrl?: string | null | undefined
  state?: string | undefined
}

/** How the wallet of a {@link TestAccount} signs. */
export interface SignMessageOptions {
  /**
   * The key that signs, as `<type>:<base58>`.
   *
   * @defaultValue the key that the account was created with
   */
  publicKey?: string | undefined
  /**
   * Whether the wallet signs the challenge's callback URL. Many wallets do not.
   *
   * @defaultValue `true`
   */
  signCallbackUrl?: boolean | undefined
}

/** What a wallet returns. */
export interface SignedMessage {
  accountId: string
  publicKey: string
  /** Base64. */
  signature: string
  state?: string
}

/** An account of a {@link TestNetwork}, with the wallet that holds its keys. */
export class TestAccount {
  readonly accountId: string
  /** The key that the account was created with, `<type>:<base58>`. */
  readonly publicKey: string
  readonly #chain: Chain
  readonly #privateKeys = new Map<string, KeyObject>()

  private constructor(chain: Chain, accountId: string, key: TestKeyOptions) {
    this.#chain = chain
    this.accountId = accountId
    this.publicKey = this.addKey(key)
  }

  /** @internal A network makes its accounts, and their first key. */
  static on(chain: Chain, accountId: string, key: TestKeyOptions = {}): TestAccount {
    return new TestAccount(chain, accountId, key)
  }

  /** @returns the new key's public half, `<type>:<base58>` */
  addKey({ permission = 'FullAccess', publicKey }: TestKeyOptions = {}): string {
    const added = publicKey === undefined ? this.#createKey() : readPublicKey(publicKey)
    this.#chain.addKey(this.accountId, added, spellOut(permission))
    return added
  }

  /** Removes a key from the account; the wallet can still sign with it. */
  deleteKey(publicKey: string): void {
    this.#chain.deleteKey(this.accountId, readPublicKey(publicKey))
  }

  /** Removes the account and all its keys from the chain; the wallet can still sign. */
  delete(): void {
    this.#chain.deleteAccount(this.accountId)
  }

  /**
   * Signs a challenge as a wallet does.
   *
   * @throws {Error} if the private half of the key is held elsewhere
   * @example
   * const challenge = await (await fetch('/login/near/challenge')).json()
   * const login = await alice.signMessage(challenge) // the body of POST /login/near
   * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0413.md NEP-413}
   */
  async signMessage(toSign: MessageToSign, options: SignMessageOptions = {}): Promise<SignedMessage> {
    const { message, recipient, nonce, callbackUrl, state } = toSign
    const { publicKey = this.publicKey, signCallbackUrl = true } = options
    const privateKey = this.#privateKey(publicKey)
    const hash = hashPayload({
      message,
      recipient,
      // near-connect's wallets get an array.
      nonce: typeof nonce === 'string' ? Buffer.from(nonce, 'base64') : Uint8Array.from(nonce),
      callbackUrl: signCallbackUrl ? callbackUrl : undefined,
    })
    const signature = sign(null, hash, privateKey).toString('base64')
    return { accountId: this.accountId, publicKey, signature, ...(state !== undefined && { state }) }
  }

  /**
   * Authorizes a challenge with an access key, as a wallet's `resolveAuth` does (NEP-641).
   *
   * @throws {TypeError} if the challenge has no payload: the strategy does not accept wallet contracts
   * @throws {Error} if the private half of the key is held elsewhere
   */
  async resolveAuth(
    challenge: ChallengeToAuthorize,
    { publicKey }: Pick<SignMessageOptions, 'publicKey'> = {},
  ): Promise<AuthorizedLogin> {
    const { state, ...asked } = readChallenge(challenge)
    const authorization = this.authorize(asked, [], publicKey)
    return { accountId: this.accountId, authorization, ...(state !== undefined && { state }) }
  }

  /** Signs for the accounts above, from the nearest to the top. */
  authorize(
    challenge: { payload: string; chainId: string },
    path: readonly string[],
    publicKey = this.publicKey,
  ): string {
    const msg = createMessage(this.accountId, challenge, path)
    const hash = hashPayload(nep413Payload(msg, undefined))
    const signature = `ed25519:${encodeBase58(sign(null, hash, this.#privateKey(publicKey)))}`
    const via = { schema: 'nep413', extra: {} }
    return JSON.stringify({ msg, via, access_key: readPublicKey(publicKey), signature })
  }

  #privateKey(publicKey: string): KeyObject {
    const privateKey = this.#privateKeys.get(readPublicKey(publicKey))
    if (privateKey) return privateKey
    throw new Error('TestAccount: the wallet does not hold the private half of that key')
  }

  #createKey(): string {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    // Not as JWK: on Node 20 a garbage collection during that export deadlocks the thread. The last 32 bytes are the key.
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
    const text = `ed25519:${encodeBase58(raw)}`
    this.#privateKeys.set(text, privateKey)
    return text
  }
}

function readPublicKey(text: string): string {
  const key = parsePublicKey(text)
  if (!key) throw new TypeError('TestAccount: a public key must be written as <type>:<base58>')
  return key.text
}

function spellOut(permission: TestPermission): AccessKeyPermission {
  const functionCall = { allowance: '250000000000000000000000', receiver_id: 'app.test', method_names: [] }
  const gasKey = { balance: '1000000000000000000000000', num_nonces: 1 }
  switch (permission) {
    case 'FullAccess':
      return permission
    case 'FunctionCall':
      return { FunctionCall: functionCall }
    case 'GasKeyFullAccess':
      return { GasKeyFullAccess: gasKey }
    case 'GasKeyFunctionCall':
      return { GasKeyFunctionCall: { ...gasKey, ...functionCall } }
    default:
      return permission
  }
}
