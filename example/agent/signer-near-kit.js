// Signs challenges with near-kit.
import { Near } from 'near-kit'

export function createSigner(accountId, privateKey) {
  // Nothing is asked of the network: a challenge is signed offline.
  const near = new Near({ network: 'mainnet', privateKey, defaultSignerId: accountId })
  return ({ message, recipient, nonce, callbackUrl }) =>
    near.signMessage({ message, recipient, nonce, ...(callbackUrl && { callbackUrl }) })
}
