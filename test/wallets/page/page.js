import { Buffer } from 'buffer'
import { resumeSignIn, signIn } from 'passport-near/client'

const query = new URLSearchParams(location.search)
if (query.has('buffer')) Object.assign(globalThis, { Buffer })

const urls = { challengeUrl: '/login/near/challenge', loginUrl: '/login/near' }

/** A network of wallet-selector that leads to the test's own chain. */
export const network = {
  networkId: 'testnet',
  nodeUrl: document.body.dataset.rpc,
  helperUrl: 'https://helper.example.com',
  explorerUrl: 'https://explorer.example.com',
  indexerUrl: 'https://indexer.example.com',
}

/** Shows how a sign-in ended, for the test to read. */
function show(result) {
  if (result.outcome === 'redirected') return // the wallet is about to replace the page
  const cause = result?.cause
  const text = cause instanceof Error ? { name: cause.name, message: cause.message } : cause
  document.querySelector('#result').textContent = JSON.stringify({ ...result, ...(cause && { cause: text }) })
}

/** @param {object} wallet what is handed to `signIn`; @param {object} [selector] wallet-selector, to connect before signing */
export function signInOnClick(wallet, selector) {
  const [signInButton, connectButton] = document.querySelectorAll('button')
  signInButton.addEventListener('click', async () => {
    document.querySelector('#result').textContent = ''
    show(await signIn(wallet, urls))
  })
  connectButton.addEventListener('click', async () => {
    const accounts = JSON.parse(document.body.dataset.accounts)
    show(
      await wallet.signIn({ contractId: '', accounts }).then(
        (connected) => ({ connected }),
        (cause) => ({ cause }),
      ),
    )
  })
  void resumeSignIn(urls).then((result) => result && show(result))
  document.body.dataset.ready = ''
  globalThis.selector = selector
}
