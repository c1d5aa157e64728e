import { resumeSignIn, type MessageToSign } from 'passport-near/client'
import { show, signInOnClick, walletUrl } from './page'

/** A wallet that takes over the page, as MyNearWallet does without a pop-up. */
async function redirect({ message, recipient, nonce, callbackUrl, state }: MessageToSign): Promise<void> {
  const query = { message, recipient, nonce: btoa(String.fromCharCode(...nonce)), callbackUrl, state }
  location.assign(`${walletUrl}/sign-message?${new URLSearchParams(query as Record<string, string>)}`)
}

void resumeSignIn({ loginUrl: '/login/near' }).then(show)
signInOnClick(redirect)
