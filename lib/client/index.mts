/**
 * `passport-near/client`: sign-in from a web page, an app or Node. An ES module for browsers and bundlers, in one file: a page can load
 * it without a bundler, with one request of 2.3 kB (gzip).
 */
import type {
  Answer,
  AuthorizationRequest,
  ConfirmOptions,
  ConfirmResult,
  MessageToSign,
  OneStepEvent,
  RequestOptions,
  ResumeOptions,
  SignInOptions,
  SignInResult,
  SignedMessage,
  Wallet,
  WalletAuthorization,
  WalletConnector,
  WalletObject,
} from './types.mjs'
export type * from './types.mjs'

/**
 * Signs in: fetches a challenge, has the wallet sign it, and posts the answer.
 *
 * Call it in answer to a click: browsers allow wallets' pop-ups only then. Where the server redirects after the login
 * (`successRedirect`), the browser goes there.
 *
 * @throws {TypeError} when `wallet` cannot sign messages, or `crypto` is missing for `pkce`
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0413.md NEP-413}
 */
export async function signIn<Reply = unknown>(
  wallet: Wallet,
  options: SignInOptions,
): Promise<SignInResult<Reply>> {
  return answerChallenge<Reply, 'signed-in'>(wallet, { ...options, url: options.loginUrl }, 'signed-in')
}

/**
 * Confirms an action: posts `body` to `challengeUrl`, has the wallet sign the action's text, and posts `{ ...body, confirmation }` to
 * `url`. Wallets that answer by redirect are not supported: the page to which they return does not know the action.
 *
 * @throws {TypeError} when `wallet` cannot sign messages, or `crypto` is missing for `pkce`
 */
export async function confirm<Reply = unknown>(
  wallet: Wallet,
  options: ConfirmOptions,
): Promise<ConfirmResult<Reply>> {
  return answerChallenge<Reply, 'confirmed'>(wallet, { ...options, body: options.body ?? {} }, 'confirmed')
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
  const isAnswer = ![accountId, publicKey, signature].includes(undefined)
  // Others say more about their errors, in fragments of the same form.
  const isRefusal = error && Object.keys(answer).length === 1
  if (!isAnswer && !isRefusal) return undefined
  history.replaceState(history.state, '', page)
  if (!signature) return { outcome: 'refused' }
  const codeVerifier = options.pkce ? swapVerifier() : undefined
  return request(
    options,
    options.loginUrl,
    { accountId, publicKey, signature, state, codeVerifier },
    'signed-in',
  )
}

type Challenge = Omit<MessageToSign, 'nonce'> & {
  nonce: string
  payload?: string
  chainId?: AuthorizationRequest['chainId']
}
type Outcome = 'signed-in' | 'confirmed'
type Result<Reply, Success extends Outcome> =
  { outcome: Success; reply: Reply } | Exclude<SignInResult, { outcome: 'signed-in' }>

/** Fetches a challenge, has the wallet sign it, and posts the answer. The answer is the field `confirmation` if the request has other fields. */
async function answerChallenge<Reply, Success extends Outcome>(
  wallet: Wallet,
  options: ConfirmOptions,
  success: Success,
): Promise<Result<Reply, Success>> {
  const given = wallet as Partial<WalletObject & WalletConnector> | null | undefined
  if (
    typeof wallet !== 'function' &&
    !(given?.signMessage ?? given?.selectWallet ?? given?.resolveAuth ?? given?.signInAndSignMessage)
  ) {
    throw new TypeError('signIn: wallet must be a function, or a wallet or connector with signMessage')
  }
  const { body, pkce, url } = options
  let { challengeUrl } = options
  let codeVerifier: string | undefined
  if (pkce) {
    codeVerifier = crypto.randomUUID() + crypto.randomUUID()
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(codeVerifier))
    const base64 = btoa(String.fromCharCode(...new Uint8Array(hash)))
    const codeChallenge = base64.replace(/\+/g, '-').replace(/\//g, '_').replace('=', '')
    challengeUrl = `${challengeUrl}${/\?/.test(`${challengeUrl}`) ? '&' : '?'}codeChallenge=${codeChallenge}`
  }
  const asked = await request<Challenge | undefined>(options, challengeUrl, body)
  if (!('reply' in asked)) return asked
  const nonce = decode(asked.reply?.nonce)
  if (!nonce) {
    return {
      outcome: 'failed',
      message: 'The site sent no challenge. Try again later. (For its developers: check challengeUrl.)',
    }
  }
  const { message, recipient, state, callbackUrl, payload, chainId } = asked.reply!
  let signed: Answer | WalletAuthorization
  // Kept before the wallet is asked: a redirecting wallet replaces the page at once.
  if (pkce) swapVerifier(codeVerifier)
  try {
    signed = await sign(
      wallet,
      { message, recipient, nonce, state, ...(callbackUrl && { callbackUrl }) },
      payload && { payload, chainId: chainId!, network: chainId! },
    )
  } catch (cause) {
    // The modules of Ledger, Near Snap and Intear throw these before they ask the person.
    const askedNobody = attempt(() => /not signed in|no account/i.test(String(cause)))
    return { outcome: 'refused', cause, ...(askedNobody && { reason: 'connect-first' }) }
  }
  if (signed === undefined) return { outcome: 'redirected' }
  if (pkce) swapVerifier()
  const { accountId, publicKey, signature, authorization } = (signed ?? {}) as Partial<
    SignedMessage & WalletAuthorization
  >
  // Some wallets answer with an empty signature if their window is closed or the person declines.
  if (!signature && !authorization) return { outcome: 'refused' }
  const proof = { accountId, publicKey, signature, authorization, state, codeVerifier }
  return request(options, url, body ? { ...body, confirmation: proof } : proof, success)
}

/** Null if the person declined; undefined if the wallet is another page. */
async function sign(
  wallet: Wallet,
  message: MessageToSign,
  authorization: AuthorizationRequest | '' | undefined,
): Promise<Answer | WalletAuthorization> {
  if (typeof wallet === 'function') return wallet(message)
  const resolves = (wallet: WalletObject) =>
    authorization &&
    typeof wallet.resolveAuth === 'function' &&
    (!wallet.manifest || wallet.manifest.features?.resolveAuth)
  if ('selectWallet' in wallet) {
    const walletId = await wallet.selectWallet({ features: { signMessage: true } })
    const selected = await wallet.wallet(walletId)
    if (isOneStep(selected) && !resolves(selected)) {
      return signWhileConnecting(wallet, walletId, message)
    }
    // Connects the wallet first, so that the application finds it connected afterwards.
    await wallet.connect({ walletId })
    wallet = selected
  }
  if (resolves(wallet)) {
    const answer = await wallet.resolveAuth!(authorization as AuthorizationRequest)
    return answer && { accountId: answer.accountId, authorization: answer.authorization }
  }
  if (!isOneStep(wallet)) {
    // near-connect's executors get what postMessage leaves of the nonce, and HOT's puts that into JSON: only an array stays as it is.
    return wallet.signMessage!(
      wallet.manifest ? { ...message, nonce: [...message.nonce] as unknown as Uint8Array } : message,
    )
  }
  return (await wallet.signInAndSignMessage!({ messageParams: message }))[0]?.signedMessage ?? null
}

/** Signs in with a near-connect wallet that signs in the same step. */
async function signWhileConnecting(
  connector: WalletConnector,
  walletId: string,
  message: MessageToSign,
): Promise<Answer> {
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

/** Swaps the code verifier that the tab keeps while the wallet's page replaces this one. Apps have no such storage. */
const swapVerifier = (next = ''): string | undefined =>
  attempt(() => {
    const kept = sessionStorage.getItem('near:codeVerifier')
    sessionStorage.setItem('near:codeVerifier', next)
    return kept || undefined
  })

/**
 * Decodes base64 into bytes that all wallets accept: wallet-selector requires a Buffer and recognises it by `_isBuffer`; some wallets
 * ask the bytes for their base64, and some send them as JSON.
 */
function decode(base64: unknown): Uint8Array | undefined {
  const bytes = attempt(() => Uint8Array.from(atob(base64 as string), (character) => character.charCodeAt(0)))
  if (bytes?.length !== 32) return undefined
  const { Buffer } = globalThis as { Buffer?: { from(bytes: Uint8Array): Uint8Array } }
  return Buffer
    ? Buffer.from(bytes)
    : Object.defineProperties(bytes, {
        _isBuffer: { value: true },
        toString: { value: () => base64 },
        toJSON: { value: () => ({ type: 'Buffer', data: [...bytes] }) },
      })
}

/**
 * Requests a challenge, or posts an answer.
 *
 * @param success - how an accepted answer ends; undefined for a challenge
 */
async function request<Reply, Success extends Outcome = never>(
  { fetch: send = fetch, pkce }: RequestOptions,
  url: string | URL,
  body?: object,
  success?: Success,
): Promise<Result<Reply, Success>> {
  const accept = 'application/json'
  let response: Response
  let text: string
  try {
    response = await send(url, {
      ...(pkce && { credentials: 'omit' }),
      ...(body
        ? { method: 'POST', headers: { accept, 'content-type': accept }, body: JSON.stringify(body) }
        : { headers: { accept }, cache: 'no-store' }),
    })
    text = await response.text()
  } catch {
    return {
      outcome: 'failed',
      message: 'The site cannot be reached. Check your connection, then try again.',
    }
  }
  const { ok, status, redirected } = response
  if (success && redirected) {
    location.assign(response.url)
    return { outcome: 'redirected' }
  }
  const reply = attempt(() => JSON.parse(text) as unknown) as
    { code?: unknown; message?: unknown } | null | undefined
  if (ok) return { outcome: success!, reply: reply as Reply }
  const { code, message } = reply ?? {}
  const what = !body || success === 'signed-in' ? 'sign-in' : 'confirmation'
  return {
    outcome: 'failed',
    status,
    ...(typeof code === 'string' && { code }),
    message:
      typeof message === 'string'
        ? message
        : `The site ${status < 500 ? `rejected the ${what} with status ${status}.` : `failed with status ${status}. Try again later.`}`,
  }
}

function attempt<Value>(run: () => Value): Value | undefined {
  try {
    return run()
  } catch {
    return undefined
  }
}
