// Answers as MyNearWallet does: to the window that opened the wallet or, where there is none, by a redirect. A window that
// its opener leaves open is redirected as well, after three seconds.
const FALLBACK_AFTER = 3000
const form = document.querySelector('form')
const request = JSON.parse(form.dataset.request)
const returnBy = window.opener ? 'popup' : 'redirect'

const pages = { '/login': connect, '/sign-message': signMessage }
const { approve, refuse } = pages[location.pathname.replace(/\/$/, '')]()

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  setBusy(true)
  try {
    answer(await approve(new FormData(form).get('accountId')))
  } catch {
    explain('The wallet could not sign. Is the example still running? Try again.')
    setBusy(false)
  }
})

document.querySelector('[data-refuse]').addEventListener('click', () => {
  setBusy(true)
  answer(refuse())
})

/** The site learns which account there is; nothing is signed. */
function connect() {
  const { successUrl, failureUrl } = request
  return {
    async approve(accountId) {
      const { publicKey } = await post('/login', { accountId })
      const query = { account_id: accountId, public_key: publicKey, all_keys: publicKey }
      const url = new URL(successUrl)
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
      return { message: { status: 'success', ...query }, url }
    },
    refuse: () => ({
      message: { status: 'failure', errorCode: 'USER_CANCELLED', errorMessage: 'User cancelled the Action' },
      url: new URL(failureUrl),
    }),
  }
}

function signMessage() {
  const { callbackUrl, state } = request
  const answerWith = (signedRequest, error) => ({
    // A refusal is told as a success without a signature: that is how MyNearWallet does it.
    message: { status: 'success', signedRequest, verifyOwnerError: error && { message: error } },
    url: callbackUrl && withFragment(callbackUrl, error ? { error } : { ...signedRequest, state }),
  })
  return {
    approve: async (accountId) =>
      answerWith(await post('/sign-message', { ...request, accountId, returnBy })),
    refuse: () => answerWith(undefined, 'User rejected'),
  }
}

function withFragment(callbackUrl, fields) {
  const url = new URL(callbackUrl)
  url.hash = ''
  for (const [name, value] of Object.entries(fields)) {
    if (value) url.hash += `${name}=${encodeURIComponent(value)}&`
  }
  return url
}

async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error('The wallet did not sign')
  return response.json()
}

function answer({ message, url }) {
  if (!url) {
    setBusy(false)
    return explain('The site did not say where to return. Close this window and go back to it.')
  }
  if (returnBy === 'redirect') return location.assign(url)
  window.opener.postMessage(message, url.origin)
  setTimeout(() => location.assign(url), FALLBACK_AFTER)
}

function setBusy(isBusy) {
  for (const button of form.querySelectorAll('button')) button.disabled = isBusy
}

function explain(text) {
  const problem = document.querySelector('[data-problem]')
  problem.textContent = text
  problem.hidden = false
}

// Where the browser brings back the page as it was left, it can be used again.
window.addEventListener('pageshow', () => setBusy(false))
