/** `passport-near/client`: sign-in from a web page. An ES module for browsers and bundlers, without imports. */

/** The message that a wallet signs. */
export interface MessageToSign {
  message: string
  recipient: string
  /** 32 bytes: a `Buffer` if the page has one, else a `Uint8Array` that wallet-selector accepts as a `Buffer`. */
  nonce: Uint8Array
  callbackUrl?: string | undefined
  state?: string | undefined
}

/** A wallet's answer. The signature is in any encoding that the server reads. */
export interface SignedMessage {
  accountId: string
  publicKey: string
  signature: string
}

/** Undefined if the wallet is another page, which the browser is about to show. */
export type Answer = SignedMessage | null | undefined | void // eslint-disable-line @typescript-eslint/no-invalid-void-type -- so that wallets' own types fit

/** A wallet's answer or a promise of it: a signature; null if the person declined; undefined if the wallet is another page. */
export type WalletAnswer = Answer | Promise<Answer>

// All of these are methods, not properties: only methods may declare narrower parameters, such as a Buffer.

/** A wallet of wallet-selector or near-connect, or any object with `signMessage`. */
export interface WalletObject {
  /** Shows and signs the message. Returns the signature, or leads to another page. */
  signMessage?(message: MessageToSign): WalletAnswer
  /** near-connect: the wallet's features. */
  manifest?: { features?: { signInAndSignMessage?: boolean | undefined } | undefined } | undefined
  /** near-connect: signs in and signs in one step. */
  signInAndSignMessage?(data: { messageParams: MessageToSign }): Promise<{ signedMessage: SignedMessage }[]>
}

/** near-connect's `NearConnector`: people choose a wallet first. */
export interface WalletConnector {
  /** Lets people choose a wallet; resolves to its id. */
  selectWallet(options: { features: { signMessage: boolean } }): Promise<string>
  /** A wallet by its id. */
  wallet(id: string): Promise<WalletObject>
  /** Signs in with a wallet; with `signMessageParams` it signs in the same step. */
  connect(options: { walletId: string; signMessageParams?: MessageToSign }): Promise<unknown>
  /** Listens for a sign-in that signed a message as well. */
  on(event: 'wallet:signInAndSignMessage', listener: (event: OneStepEvent) => void): void
  /** Stops listening. */
  off(event: 'wallet:signInAndSignMessage', listener: (event: OneStepEvent) => void): void
}

/** near-connect's event for a sign-in that signed a message as well. */
export interface OneStepEvent {
  accounts: { signedMessage: SignedMessage }[]
}

/** A wallet, a connector, or a function that signs. */
export type Wallet = WalletObject | WalletConnector | { sign(message: MessageToSign): WalletAnswer }['sign']

/** Options of {@link resumeSignIn}. */
export interface ResumeOptions {
  /** URL to which the login is posted as JSON: the route with `loginHandler()` or `passport.authenticate('near')`. */
  loginUrl: string | URL
  /**
   * Replaces the page's `fetch`, for example to send a header, or cookies to another origin.
   *
   * @defaultValue `fetch`
   */
  fetch?: ((url: string | URL, init: RequestInit) => Promise<Response>) | undefined
}

/** Options of {@link signIn}. */
export interface SignInOptions extends ResumeOptions {
  /** URL of the challenge: the route with `challengeHandler()`. */
  challengeUrl: string | URL
}

/**
 * How it ended. `signed-in` brings the server's reply, parsed if it is JSON; `refused` whatever the wallet threw, where it
 * did; `failed` the server's HTTP status, code and message, none of the first two if it could not be reached; `redirected`
 * means that the page is about to be replaced by the wallet's, or by the one that the server sent the browser to.
 */
export type SignInResult<Reply = unknown> =
  | { outcome: 'signed-in'; reply: Reply }
  | { outcome: 'refused'; cause?: unknown }
  | FailedSignIn
  | { outcome: 'redirected' }

/** Each code of the server, as `NearAuthErrorCode` of `passport-near` has them. */
export type NearAuthErrorCode =
  | 'ERR_NEAR_CREDENTIALS_MISSING'
  | 'ERR_NEAR_CREDENTIALS_INVALID'
  | 'ERR_NEAR_WALLET_REFUSED'
  | 'ERR_NEAR_CHALLENGE_MISSING'
  | 'ERR_NEAR_CHALLENGE_EXPIRED'
  | 'ERR_NEAR_SIGNATURE_INVALID'
  | 'ERR_NEAR_ACCESS_KEY_NOT_FOUND'
  | 'ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS'
  | 'ERR_NEAR_SIGN_IN_REQUIRED'
  | 'ERR_NEAR_AUTHORIZATION_INVALID'
  | 'ERR_NEAR_AUTHORIZATION_LIMIT'
  | 'ERR_NEAR_LOGIN_TOO_OLD'
  | 'ERR_NEAR_CONFIRMATION_MISMATCH'
  | 'ERR_NEAR_ACCOUNT_MISMATCH'
  | 'ERR_NEAR_CODE_CHALLENGE_INVALID'
  | 'ERR_NEAR_SESSION_UNAVAILABLE'
  | 'ERR_NEAR_STORE_FAILED'
  | 'ERR_NEAR_RPC_UNAVAILABLE'

/** A sign-in that the server rejected, that failed, or whose server cannot be reached. */
export interface FailedSignIn {
  outcome: 'failed'
  status?: number
  /** The strategy's code, or a code of the site, such as its rate limit's. Undefined if the response has none. */
  code?: NearAuthErrorCode | (string & Record<never, never>)
  message: string
}

/**
 * Signs in: fetches a challenge, has the wallet sign it, and posts the answer.
 *
 * Call it in answer to a click: browsers allow wallets' pop-ups only then. Where the server redirects after the login
 * (`successRedirect`), the browser goes there.
 *
 * @throws {TypeError} when `wallet` cannot sign messages
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0413.md NEP-413}
 */
export async function signIn<Reply = unknown>(
  wallet: Wallet,
  options: SignInOptions,
): Promise<SignInResult<Reply>> {
  const sign = signerOf(wallet)
  const asked = await request<Challenge | undefined>(options, options.challengeUrl)
  if (asked.outcome !== 'signed-in') return asked
  const nonce = decode(asked.reply?.nonce)
  if (!asked.reply || !nonce) {
    const message = 'The site sent no challenge. Try again later. (For its developers: check challengeUrl.)'
    return { outcome: 'failed', message }
  }
  const { message, recipient, state, callbackUrl } = asked.reply
  let signed: Answer
  try {
    signed = await sign({ message, recipient, nonce, state, ...(callbackUrl && { callbackUrl }) })
  } catch (cause) {
    return { outcome: 'refused', cause }
  }
  if (signed === undefined) return { outcome: 'redirected' }
  // Some wallets answer with an empty signature if their window is closed or the person declines.
  if (!signed?.signature) return { outcome: 'refused' }
  const { accountId, publicKey, signature } = signed
  return request(options, options.loginUrl, { accountId, publicKey, signature, state })
}

/**
 * Finishes a sign-in on the page to which a redirecting wallet returned: takes the wallet's answer out of the URL's
 * fragment, removes it from the address bar and from the tab's history, and posts it.
 *
 * @returns undefined where there is nothing to resume: the fragment is no wallet's answer, and stays
 */
export async function resumeSignIn<Reply = unknown>(
  options: ResumeOptions,
): Promise<SignInResult<Reply> | undefined> {
  const [page, fragment] = location.href.split('#')
  const answer = Object.fromEntries(new URLSearchParams(fragment))
  const { accountId, publicKey, signature, state, error } = answer
  const isAnswer = accountId !== undefined && publicKey !== undefined && signature !== undefined
  // Others say more about their errors, in fragments of the same form.
  const isRefusal = error && Object.keys(answer).length === 1
  if (!isAnswer && !isRefusal) return undefined
  history.replaceState(history.state, '', page)
  return signature
    ? request(options, options.loginUrl, { accountId, publicKey, signature, state })
    : { outcome: 'refused' }
}

type Challenge = Omit<MessageToSign, 'nonce'> & { nonce: string }

/** The function that signs with this kind of wallet. */
function signerOf(wallet: Wallet | null | undefined): (message: MessageToSign) => WalletAnswer {
  if (typeof wallet === 'function') return wallet
  if (wallet && typeof wallet === 'object') {
    if ('selectWallet' in wallet) return (message) => signByConnector(wallet, message)
    if (isOneStep(wallet)) {
      return async (message) =>
        (await wallet.signInAndSignMessage!({ messageParams: message }))[0]?.signedMessage ?? null
    }
    if (wallet.signMessage) return (message) => wallet.signMessage!(message)
  }
  throw new TypeError('signIn: wallet must be a function, or a wallet or connector with signMessage')
}

/** Connects the wallet first, so that the application finds it connected afterwards. */
async function signByConnector(connector: WalletConnector, message: MessageToSign): Promise<Answer> {
  const walletId = await connector.selectWallet({ features: { signMessage: true } })
  const wallet = await connector.wallet(walletId)
  if (!isOneStep(wallet)) {
    await connector.connect({ walletId })
    return wallet.signMessage!(message)
  }
  // connect() resolves to the wallet; the signature comes with an event before that.
  let signed: Answer = null
  const listener = ({ accounts }: OneStepEvent): void => void (signed = accounts[0]?.signedMessage ?? null)
  connector.on('wallet:signInAndSignMessage', listener)
  try {
    await connector.connect({ walletId, signMessageParams: message })
  } finally {
    connector.off('wallet:signInAndSignMessage', listener)
  }
  return signed
}

const isOneStep = (wallet: WalletObject): boolean => !!wallet.manifest?.features?.signInAndSignMessage

/**
 * Decodes base64 into bytes that all wallets accept: wallet-selector requires a Buffer and recognises it by `_isBuffer`; some wallets
 * ask the bytes for their base64.
 */
function decode(base64: unknown): Uint8Array | undefined {
  let bytes: Uint8Array
  try {
    bytes = Uint8Array.from(atob(base64 as string), (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
  if (bytes.length !== 32) return undefined
  const { Buffer } = globalThis as { Buffer?: { from(bytes: Uint8Array): Uint8Array } }
  return Buffer
    ? Buffer.from(bytes)
    : Object.defineProperties(bytes, { _isBuffer: { value: true }, toString: { value: () => base64 } })
}

/** Gets a challenge, or posts a login. */
async function request<Reply>(
  options: ResumeOptions,
  url: string | URL,
  login?: object,
): Promise<SignInResult<Reply>> {
  const accept = 'application/json'
  let response: Response
  let text: string
  try {
    response = await (options.fetch ?? fetch)(
      url,
      login
        ? { method: 'POST', headers: { accept, 'content-type': accept }, body: JSON.stringify(login) }
        : { headers: { accept }, cache: 'no-store' },
    )
    text = await response.text()
  } catch {
    return {
      outcome: 'failed',
      message: 'The site cannot be reached. Check your connection, then try again.',
    }
  }
  const { ok, status, redirected } = response
  if (login && redirected) {
    location.assign(response.url)
    return { outcome: 'redirected' }
  }
  const reply = parse(text) as { code?: unknown; message?: unknown } | null | undefined
  if (ok) return { outcome: 'signed-in', reply: reply as Reply }
  const { code, message } = reply ?? {}
  return {
    outcome: 'failed',
    status,
    ...(typeof code === 'string' && { code }),
    message:
      typeof message === 'string'
        ? message
        : status < 500
          ? `The site rejected the sign-in with status ${status}.`
          : `The site failed with status ${status}. Try again later.`,
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
