import { Buffer } from 'buffer'
import { signIn, type SignInResult, type Wallet } from 'passport-near/client'

if (location.search === '?global-buffer') Object.assign(globalThis, { Buffer })

export const walletUrl = document.body.dataset.wallet!

/** Shows how a sign-in ended, for the test to read. */
export function show(result: SignInResult | undefined): void {
  const cause = result?.outcome === 'refused' && result.cause
  document.querySelector('#result')!.textContent = JSON.stringify({
    ...result,
    ...(cause instanceof Error && { cause: cause.message }),
  })
}

export function signInOnClick(wallet: Wallet): void {
  const button = document.querySelector('button')!
  button.addEventListener('click', () => {
    void signIn(wallet, { challengeUrl: '/login/near/challenge', loginUrl: '/login/near' }).then(show)
  })
  button.dataset.ready = ''
}
