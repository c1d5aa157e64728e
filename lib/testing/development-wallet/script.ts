/**
 * The script of the wallet's pages. It is inline, and the Content-Security-Policy allows it by its hash.
 *
 * It answers as MyNearWallet does: with a message to the window that opened the wallet, otherwise with a redirect. If the
 * opener leaves the window open for 3 s, the wallet redirects as well. A declined signature is a message with the status
 * `success` and without `signedRequest`.
 */
export const SCRIPT = `
const FALLBACK_DELAY = 3000
const form = document.querySelector('[data-request]')
const creation = document.querySelector('#create')
const returnBy = window.opener ? 'popup' : 'redirect'

async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer = await response.json()
  if (response.ok) return answer
  throw Object.assign(new Error(answer.message), { explanation: answer.message })
}

function setBusy(isBusy) {
  for (const button of document.querySelectorAll('button')) button.disabled = isBusy || 'disabled' in button.dataset
}

function explain(text) {
  const problem = document.querySelector('[data-problem]')
  problem.textContent = text
  problem.hidden = false
  setBusy(false)
}

const explainError = ({ explanation }) =>
  explain(explanation ?? 'The wallet does not respond. Check that its server is running, then try again.')

function withFragment(callbackUrl, fields) {
  const url = new URL(callbackUrl)
  url.hash = ''
  for (const [name, value] of Object.entries(fields)) {
    if (value) url.hash += name + '=' + encodeURIComponent(value) + '&'
  }
  return url
}

const flows = {
  '/login': ({ successUrl, failureUrl }) => ({
    async approve(accountId) {
      const { publicKey } = await post('/login', { accountId })
      const query = { account_id: accountId, public_key: publicKey, all_keys: publicKey }
      const url = new URL(successUrl)
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
      return { message: { status: 'success', ...query }, url }
    },
    decline: () => ({
      message: { status: 'failure', errorCode: 'USER_CANCELLED', errorMessage: 'User cancelled the Action' },
      url: new URL(failureUrl),
    }),
  }),
  '/sign-message'(request) {
    const { callbackUrl, state } = request
    const answerWith = (signedRequest, error) => ({
      message: { status: 'success', signedRequest, verifyOwnerError: error && { message: error } },
      url: callbackUrl && withFragment(callbackUrl, error ? { error } : { ...signedRequest, state }),
    })
    return {
      approve: async (accountId) => answerWith(await post('/sign-message', { ...request, accountId, returnBy })),
      decline: () => answerWith(undefined, 'User rejected'),
    }
  },
  '/resolve-auth'(request) {
    const answerWith = (authorized, error) => ({
      message: { status: 'success', authorized, error: error && { message: error } },
      url: withFragment(request.callbackUrl, error ? { error } : authorized),
    })
    return {
      approve: async (accountId) => answerWith(await authorize(request, accountId)),
      decline: () => answerWith(undefined, 'User rejected'),
    }
  },
}

const toBase64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '')
const fromBase64url = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (character) => character.charCodeAt(0))

/** The passkey signs between two steps of the server. */
async function authorize(request, accountId) {
  const step = await post('/resolve-auth', { ...request, accountId })
  if (!step.passkey) return step
  const { credentialId, challenge, msg } = step.passkey
  const { response } = await navigator.credentials.get({
    publicKey: {
      challenge: fromBase64url(challenge),
      allowCredentials: [{ type: 'public-key', id: fromBase64url(credentialId) }],
      userVerification: 'preferred',
    },
  })
  const assertion = {
    authenticatorData: toBase64url(response.authenticatorData),
    clientData: new TextDecoder().decode(response.clientDataJSON),
    signature: toBase64url(response.signature),
  }
  return post('/resolve-auth', { ...request, accountId, msg, assertion })
}

async function createPasskey(accountId) {
  const { rawId, response } = await navigator.credentials.create({
    publicKey: {
      rp: { name: document.title },
      user: { id: crypto.getRandomValues(new Uint8Array(16)), name: accountId, displayName: accountId },
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      pubKeyCredParams: [-7, -8].map((alg) => ({ type: 'public-key', alg })),
      authenticatorSelection: { userVerification: 'preferred' },
    },
  })
  return {
    credentialId: toBase64url(rawId),
    publicKey: toBase64url(response.getPublicKey()),
    algorithm: response.getPublicKeyAlgorithm(),
  }
}

function answer({ message, url }) {
  if (!url) return explain('The request has no callbackUrl. Close this window and return to the site.')
  if (returnBy === 'redirect') return location.assign(url)
  window.opener.postMessage(message, url.origin)
  setTimeout(() => location.assign(url), FALLBACK_DELAY)
}

if (form) {
  const { approve, decline } = flows[location.pathname.replace(/\\/$/, '')](JSON.parse(form.dataset.request))
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    setBusy(true)
    await approve(new FormData(form).get('accountId')).then(answer).catch(explainError)
  })
  document.querySelector('[data-decline]').addEventListener('click', () => {
    setBusy(true)
    answer(decline())
  })
}

creation?.addEventListener('submit', async (event) => {
  event.preventDefault()
  setBusy(true)
  try {
    const fields = new FormData(creation)
    const newAccountId = fields.get('newAccountId').trim()
    const kind = fields.get('kind') ?? 'key'
    const { accountId } = await post('/accounts', {
      accountId: newAccountId,
      kind,
      ...(kind === 'passkey' && (await createPasskey(newAccountId))),
      ...(kind === 'shared' && { controlledBy: new FormData(form).get('accountId') }),
    })
    sessionStorage.setItem('accountId', accountId)
    location.reload()
  } catch (error) {
    explainError(error)
  }
})

for (const button of document.querySelectorAll('[data-key]')) {
  button.addEventListener('click', () => {
    setBusy(true)
    post('/accounts/key', { accountId: button.dataset.key }).then(() => location.reload(), explainError)
  })
}

// The account that this window created last is selected.
for (const radio of document.querySelectorAll('[type=radio]')) {
  if (radio.value === sessionStorage.getItem('accountId')) radio.checked = true
}
// The browser may restore the page from its cache with disabled buttons.
window.addEventListener('pageshow', () => setBusy(false))
`
