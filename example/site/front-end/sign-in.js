import { resumeSignIn, signIn } from 'passport-near/client'
import { isProblem, messageFor } from '../error-messages.mjs'

/** Lets a button of the page sign in, or link an account. */
export async function wireButton(wallet, button = document.querySelector('[data-near]')) {
  const { challenge: challengeUrl, submit: loginUrl } = button.dataset
  const finish = (result) => {
    if (result?.outcome === 'signed-in') return location.assign(result.reply.next)
    if (result?.outcome === 'redirected') return
    button.disabled = false
    if (!result) return
    button.focus()
    showFailure(result)
  }
  button.addEventListener('click', async () => {
    button.disabled = true
    show('Approve the request in your wallet…')
    finish(await signIn(wallet, { challengeUrl, loginUrl }))
  })
  // The button stays disabled until this script runs, and while the address holds a wallet's response.
  finish(await resumeSignIn({ loginUrl }))
}

/** Shows why a sign-in ended without success. */
function showFailure({ outcome, cause, code, status, message }) {
  if (outcome === 'refused') {
    // Wallets have no error codes for these cases, only texts of their own.
    if (/block/i.test(cause?.message)) return show(WINDOW_BLOCKED, true)
    return show(/clos/i.test(cause?.message) ? WINDOW_CLOSED : messageFor('ERR_NEAR_WALLET_REFUSED'))
  }
  // Without a status the server was not reached.
  show(status ? messageFor(code) : message, isProblem(code))
}

const WINDOW_BLOCKED =
  'Your browser blocked the wallet’s window. Allow pop-ups for this site, then try again.'
const WINDOW_CLOSED = 'The wallet’s window was closed before you approved. Try again when you are ready.'

function show(text, asProblem = false) {
  const status = document.querySelector('[data-near-status]')
  status.textContent = text
  status.classList.toggle('problem', asProblem)
  status.hidden = false
  document.querySelector('[data-notice]')?.remove()
}

// The browser can restore the page as it was left, with a disabled button and no pending sign-in.
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload()
})
