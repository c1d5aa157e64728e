import { confirm, resumeSignIn, signIn } from 'passport-near/client'
import { isProblem, messageFor } from '../error-messages.mjs'
import { explainRefusal } from '../refusals.mjs'

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

/** The wallet shows amount and receiver. The server compares its text with what is sent. */
export function wirePayment(wallet) {
  const form = document.querySelector('[data-payment]')
  if (!form) return
  const button = form.querySelector('button')
  button.disabled = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    button.disabled = true
    show('Approve the payment in your wallet…')
    const body = Object.fromEntries(new FormData(form))
    const result = await confirm(wallet, { challengeUrl: '/payments/challenge', url: '/payments', body })
    if (result.outcome === 'confirmed') return location.assign(result.reply.next)
    button.disabled = false
    if (result.outcome !== 'redirected') showFailure(result)
  })
}

/** Shows why a sign-in ended without success. */
function showFailure({ outcome, code, status, message, ...refusal }) {
  if (outcome === 'refused') {
    const { text, isProblem } = explainRefusal(refusal)
    return show(text, isProblem)
  }
  // Without a status the server was not reached.
  show(status ? messageFor(code) : message, isProblem(code))
}

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
