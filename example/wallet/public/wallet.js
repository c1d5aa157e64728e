// Hands the answer to the window that opened the wallet or, where there is none, to the callback URL's fragment.
const form = document.querySelector('form')
const request = JSON.parse(form.dataset.request)
const returnBy = window.opener ? 'popup' : 'redirect'

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const accountId = new FormData(form).get('accountId')
  setBusy(true)
  try {
    const response = await fetch('/sign-message', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...request, accountId, returnBy }),
    })
    if (!response.ok) throw new Error('The wallet did not sign')
    const { publicKey, signature } = await response.json()
    answer(
      { status: 'success', signedRequest: { accountId, publicKey, signature } },
      { accountId, signature, publicKey, ...(request.state && { state: request.state }) },
    )
  } catch {
    explain('The wallet could not sign. Is the example still running? Try again.')
    setBusy(false)
  }
})

document.querySelector('[data-refuse]').addEventListener('click', () => {
  setBusy(true)
  answer({ status: 'failure', errorMessage: 'User rejected' }, { error: 'User rejected' })
})

function answer(message, fragment) {
  if (!request.callbackUrl) {
    explain('The site did not say where to return. Close this window and go back to it.')
  } else if (returnBy === 'popup') {
    window.opener.postMessage(message, new URL(request.callbackUrl).origin)
  } else {
    const url = new URL(request.callbackUrl)
    url.hash = new URLSearchParams(fragment)
    window.location.replace(url)
  }
}

function setBusy(isBusy) {
  for (const button of form.querySelectorAll('button')) button.disabled = isBusy
}

function explain(text) {
  const problem = document.querySelector('[data-problem]')
  problem.textContent = text
  problem.hidden = false
}
