import {
  hashOffchainMessage,
  isOffchainMessage,
  parseTimestamp,
  type OffchainMessage,
} from '../nep641/message'
import type { Chain } from './chain'
import type { ContractContext, ResolveAuthArgs } from './contract'
import {
  authorizeThrough,
  createMessage,
  readChallenge,
  type AuthorizedLogin,
  type ChallengeToAuthorize,
  type SigningAccount,
} from './resolve-auth'
import { verifyProof, type WalletKeys, type WalletSchema } from './wallet-keys'

/** A wallet contract of {@link TestNetwork.createWalletContract}. */
export interface WalletContractOptions {
  /**
   * How the account's key signs.
   *
   * @defaultValue `ed25519`
   */
  schema?: WalletSchema | undefined
  /**
   * Accounts that may act for this one.
   *
   * @defaultValue none
   */
  extensions?: readonly string[] | undefined
  /**
   * A key whose private half is held elsewhere, such as in a browser, as `<curve>:<base58>`.
   *
   * @defaultValue a new key
   */
  publicKey?: string | undefined
}

/** How a {@link WalletContract} authorizes. */
export interface ResolveAuthOptions {
  /**
   * The account that signs in place of this one: an extension, or a list from the top down.
   *
   * @defaultValue the account's own key signs
   */
  through?: SigningAccount | readonly SigningAccount[] | undefined
}

/** What the contract has stored. */
interface State {
  readonly extensions: ReadonlySet<string>
  readonly isSignatureAllowed: boolean
}

/** An account of a {@link TestNetwork} without keys, whose contract decides, with the wallet that holds the contract's key. */
export class WalletContract {
  readonly accountId: string
  /** The contract's key, such as `p256:<33 bytes in base58>`; undefined with the schema `no-sign`. */
  readonly publicKey: string | undefined
  readonly #chain: Chain
  readonly #keys: WalletKeys
  #state: State

  private constructor(chain: Chain, accountId: string, keys: WalletKeys, extensions: readonly string[]) {
    this.#chain = chain
    this.accountId = accountId
    this.publicKey = keys.publicKey
    this.#keys = keys
    this.#state = { extensions: new Set(extensions), isSignatureAllowed: keys.schema !== 'no-sign' }
    this.#store(this.#state)
  }

  /** @internal A network makes its wallet contracts. */
  static on(
    chain: Chain,
    accountId: string,
    keys: WalletKeys,
    extensions: readonly string[],
  ): WalletContract {
    return new WalletContract(chain, accountId, keys, extensions)
  }

  /** The accounts that may act for this one. */
  get extensions(): readonly string[] {
    return [...this.#state.extensions]
  }

  /** Lets an account act for this one. */
  enableExtension(accountId: string): void {
    this.#store({ ...this.#state, extensions: new Set([...this.#state.extensions, accountId]) })
  }

  /** Lets an account no longer act for this one. */
  disableExtension(accountId: string): void {
    const extensions = [...this.#state.extensions].filter((each) => each !== accountId)
    this.#store({ ...this.#state, extensions: new Set(extensions) })
  }

  /** Whether the contract accepts signatures by its key. */
  allowSignature(isSignatureAllowed: boolean): void {
    this.#store({ ...this.#state, isSignatureAllowed })
  }

  /** Removes the account from the chain; the wallet can still sign. */
  delete(): void {
    this.#chain.deleteAccount(this.accountId)
  }

  /**
   * Authorizes a challenge as a wallet's `resolveAuth` does (NEP-641).
   *
   * @throws {TypeError} if the challenge has no payload: the strategy does not accept wallet contracts
   * @throws {Error} if the account has no key, or the private half is held elsewhere
   * @example
   * const challenge = await (await fetch('/login/near/challenge')).json()
   * const login = await carol.resolveAuth(challenge) // the body of POST /login/near
   */
  async resolveAuth(
    challenge: ChallengeToAuthorize,
    { through = [] }: ResolveAuthOptions = {},
  ): Promise<AuthorizedLogin> {
    const { state, ...asked } = readChallenge(challenge)
    const signers = 'accountId' in through ? [through] : through
    const authorization =
      signers.length > 0 ? authorizeThrough(this.accountId, signers, asked) : this.authorize(asked, [])
    return { accountId: this.accountId, authorization, ...(state !== undefined && { state }) }
  }

  /** Signs for the accounts above, from the nearest to the top. */
  authorize(challenge: { payload: string; chainId: string }, path: readonly string[]): string {
    if (!this.#keys.prove)
      throw new Error('WalletContract: the wallet does not hold a private key of this account')
    const msg = createMessage(this.accountId, challenge, path)
    return JSON.stringify({ signature: { msg, proof: this.#keys.prove(hashOffchainMessage(msg)) } })
  }

  /** Each state gets a new block. */
  #store(state: State): void {
    this.#state = state
    const resolveAuth = (args: ResolveAuthArgs, context: ContractContext): object =>
      run(state, this.#keys, args, context)
    this.#chain.setContract(this.accountId, { w_resolve_auth: resolveAuth })
  }
}

/** The standard's reference contract. An exception is its panic. */
function run(state: State, keys: WalletKeys, args: ResolveAuthArgs, context: ContractContext): object {
  const { signature, extension } = parseAuthorization(args.authorization)
  if (extension) {
    const { account_id, authorization, payload } = extension
    if (!state.extensions.has(account_id)) throw new Error(`extension '${account_id}' is not enabled`)
    return { payload, pending: [{ account_id, authorization, expect: payload }] }
  }
  const { msg, proof } = signature!
  const { path = [] } = msg
  if (!state.isSignatureAllowed)
    throw new Error('signature is disabled, use extensions to act on behalf of this wallet')
  if (msg.chain_id !== context.chainId) throw new Error('invalid chain_id')
  if (msg.signer_id !== context.accountId) throw new Error(`invalid signer_id: ${msg.signer_id}`)
  if (path.length !== args.path.length || path.some((each, index) => each !== args.path[index]))
    throw new Error('invalid path')
  if (context.blockTimestamp < parseTimestamp(msg.timestamp)!) throw new Error('message is from the future')
  if (!verifyProof(keys, hashOffchainMessage(msg), proof)) throw new Error('invalid signature')
  return { payload: msg.payload }
}

interface Authorization {
  readonly signature?: { readonly msg: OffchainMessage; readonly proof: string }
  readonly extension?: {
    readonly account_id: string
    readonly authorization: string
    readonly payload: string
  }
}

/** Exactly one of the two forms. */
function parseAuthorization(text: string): Authorization {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Error(`JSON: ${(error as Error).message}`, { cause: error })
  }
  const [[name, content] = [], ...others] = Object.entries(value ?? {})
  const fields = (content ?? {}) as Readonly<Record<string, unknown>>
  const hasTexts = (...names: string[]): boolean => names.every((each) => typeof fields[each] === 'string')
  const isKnown =
    (name === 'signature' && isOffchainMessage(fields.msg) && hasTexts('proof')) ||
    (name === 'extension' && hasTexts('account_id', 'authorization', 'payload'))
  if (others.length > 0 || !isKnown) throw new Error('JSON: data did not match any variant of Authorization')
  return value as Authorization
}
