import { resumeSignIn, signIn } from 'passport-near/client'
import { explain, isProblem } from '../error-messages.mjs'

/** Wires up the page's button: it signs in, or links an account. */
export async function wireButton(wallet) {
  const button = document.querySelector('[data-near]')
  const { challenge: challengeUrl, submit: loginUrl } = button.dataset
  const finish = (result) => {
    if (result?.outcome === 'signed-in') return location.assign(result.reply.next)
    if (result?.outcome === 'redirected') return
    button.disabled = false
    if (!result) return
    button.focus()
    tell(result)
  }
  button.addEventListener('click', async () => {
    button.disabled = true
    say('Approve the request in your wallet…')
    finish(await signIn(wallet, { challengeUrl, loginUrl }))
  })
  // It has waited for this script, and for a wallet's answer that came with the address.
  finish(await resumeSignIn({ loginUrl }))
}

/** Says how a sign-in ended that was none. */
function tell({ outcome, cause, code, status, message }) {
  if (outcome === 'refused') {
    // Wallets have no codes for it, only words of their own.
    if (/block/i.test(cause?.message)) {
      return say(
        'Your browser blocked the wallet’s window. Allow pop-ups for this site, then try again.',
        true,
      )
    }
    return say(/clos/i.test(cause?.message) ? WINDOW_CLOSED : explain('ERR_NEAR_WALLET_REFUSED'))
  }
  // Without a status the server was not reached at all.
  say(status ? explain(code) : message, isProblem(code))
}

const WINDOW_CLOSED = 'The wallet’s window was closed before you approved. Try again when you are ready.'

function say(text, asProblem = false) {
  const status = document.querySelector('[data-near-status]')
  status.textContent = text
  status.classList.toggle('problem', asProblem)
  status.hidden = false
}

// Where the browser brings back the page as it was left, nothing is under way any more.
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload()
})
