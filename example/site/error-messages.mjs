/** What a person is told, by the code of the failure; for the server's pages and the browser's. */
const EXPLANATIONS = {
  ACCOUNT_TAKEN:
    'This NEAR account belongs to another user here. Choose another account in your wallet, or sign out and sign in with it.',
  TOO_MANY_REQUESTS: 'There were very many attempts from your network. Wait a minute, then try again.',
  SIGN_IN_FIRST: 'You have been signed out meanwhile. Reload this page and sign in again.',
  ERR_NEAR_WALLET_REFUSED:
    'You did not approve the request in your wallet, so nothing happened. You can try again at any time.',
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

/**
 * @param {string | undefined} code
 * @returns {string}
 */
export function explain(code) {
  return (
    (code && Object.hasOwn(EXPLANATIONS, code) && EXPLANATIONS[code]) ||
    'Something went wrong on our side. Please try again in a minute.'
  )
}

/** Nothing went wrong: a change of mind is not shown as a problem. */
export const isProblem = (code) => code !== 'ERR_NEAR_WALLET_REFUSED'
