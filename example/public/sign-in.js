// Signs in, or links an account: asks the server for a challenge, the wallet for a signature, and hands it in.

/** What a person is told, by the code of the failure. */
const EXPLANATIONS = {
  REFUSED:
    'You did not approve the request in your wallet, so nothing happened. You can try again at any time.',
  CLOSED: 'The wallet’s window was closed before you approved. Try again when you are ready.',
  BLOCKED: 'Your browser blocked the wallet’s window. Allow pop-ups for this site, then try again.',
  OFFLINE: 'We cannot be reached at the moment. Check your connection, then try again.',
  ACCOUNT_TAKEN:
    'This NEAR account belongs to another user here. Choose another account in your wallet, or sign out and sign in with it.',
  TOO_MANY_REQUESTS: 'There were very many attempts from your network. Wait a minute, then try again.',
  SIGN_IN_FIRST: 'You have been signed out meanwhile. Reload this page and sign in again.',
  ERR_NEAR_WALLET_REFUSED: 'You did not approve the request in your wallet. You can try again at any time.',
  ERR_NEAR_CHALLENGE_MISSING:
    'This request was used already, or another one took its place. Please try again.',
  ERR_NEAR_CHALLENGE_EXPIRED: 'You took a little long, and the request has expired. Please try again.',
  ERR_NEAR_SIGNATURE_INVALID: 'The wallet’s signature does not match. Try again, or use another wallet.',
  ERR_NEAR_ACCESS_KEY_NOT_FOUND:
    'The wallet’s key does not belong to this account any more. Choose another account.',
  ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS:
    'The wallet signed with a limited key. Use a wallet that has full access to your account.',
  ERR_NEAR_RPC_UNAVAILABLE: 'The NEAR network does not answer at the moment. Please try again in a minute.',
}
/** Nothing went wrong: these are not shown as problems. */
const CHANGES_OF_MIND = new Set(['REFUSED', 'CLOSED', 'ERR_NEAR_WALLET_REFUSED'])
const UNEXPLAINED = 'Something went wrong on our side. Please try again in a minute.'

class Failure extends Error {
  constructor(code) {
    super(code)
    this.code = code
  }
}

for (const button of document.querySelectorAll('[data-near]')) {
  const status = document.querySelector('[data-near-status]')
  const say = (text, isProblem) => {
    status.textContent = text
    status.classList.toggle('problem', isProblem)
    status.hidden = false
  }
  button.addEventListener('click', async () => {
    button.disabled = true
    say('Approve the request in your wallet…', false)
    try {
      location.assign(await signIn(button.dataset))
    } catch (error) {
      button.disabled = false
      button.focus()
      say(EXPLANATIONS[error.code] ?? UNEXPLAINED, !CHANGES_OF_MIND.has(error.code))
    }
  })
}

/** @returns where to go next */
async function signIn({ wallet, challenge: challengeUrl, submit }) {
  // Opened before anything is awaited: browsers allow pop-ups only in answer to a click.
  const popup = window.open('', 'near-wallet', 'popup,width=440,height=800')
  if (!popup) throw new Failure('BLOCKED')
  try {
    const challenge = await request(challengeUrl)
    const signed = await askWallet(popup, wallet, challenge)
    const { next } = await request(submit, { ...signed, state: challenge.state })
    return next
  } finally {
    popup.close()
  }
}

/** Shows the challenge in the wallet's window and waits for its answer. */
function askWallet(popup, wallet, challenge) {
  return new Promise((resolve, reject) => {
    const query = new URLSearchParams({ ...challenge, callbackUrl: location.href })
    popup.location = `${wallet}/sign-message?${query}`
    const settle = (end, value) => {
      clearInterval(timer)
      window.removeEventListener('message', onMessage)
      end(value)
    }
    const onMessage = ({ origin, source, data }) => {
      if (origin !== new URL(wallet).origin || source !== popup) return
      if (data.status === 'success') settle(resolve, data.signedRequest)
      else settle(reject, new Failure('REFUSED'))
    }
    const timer = setInterval(() => {
      if (popup.closed) settle(reject, new Failure('CLOSED'))
    }, 300)
    window.addEventListener('message', onMessage)
  })
}

async function request(url, body) {
  const init = body && {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }
  const headers = { accept: 'application/json', ...init?.headers }
  const response = await fetch(url, { ...init, headers }).catch(() => {
    throw new Failure('OFFLINE')
  })
  const answer = await response.json().catch(() => ({}))
  if (!response.ok) throw new Failure(answer.code)
  return answer
}
