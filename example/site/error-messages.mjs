/** What people read, by the code of the error. The server's pages and the browser's script share these texts. */
const MESSAGES = {
  ACCOUNT_TAKEN:
    'This NEAR account belongs to another user here. Choose another account in your wallet, or sign out and sign in with it.',
  ACCOUNT_NOT_LINKED:
    'This NEAR account is not linked to you. Another tab may have removed it, or you may have signed in as another user. Your account page shows the linked accounts.',
  LAST_WAY_IN:
    'This NEAR account is your only way to sign in, so it stays linked. Link another NEAR account first, then unlink this one.',
  PAYMENT_INVALID: 'Enter a whole number of NEAR, and the receiver’s account such as bob.test.',
  TOO_MANY_REQUESTS: 'There were very many attempts from your network. Wait a minute, then try again.',
  SIGN_IN_FIRST: 'You are signed out. Reload this page and sign in again.',
  REQUEST_INVALID: 'The site cannot read this request. Go back to the start and try again.',
  SERVICE_UNAVAILABLE: 'The site cannot reach its own database. Your account is safe. Try again in a minute.',
  ERR_NEAR_CREDENTIALS_MISSING: 'The wallet’s response is incomplete. Try again, or use another wallet.',
  ERR_NEAR_CREDENTIALS_INVALID:
    'The site cannot read the wallet’s response. Try again, or use another wallet.',
  ERR_NEAR_WALLET_REFUSED:
    'You did not approve the request in your wallet, so nothing happened. You can try again at any time.',
  ERR_NEAR_CHALLENGE_MISSING:
    'This request is no longer valid. It was already used, or you signed in or out after it was made. Reload this page and try again.',
  ERR_NEAR_CHALLENGE_EXPIRED: 'The request has expired. Try again, and approve it within a few minutes.',
  ERR_NEAR_SIGNATURE_INVALID:
    'The wallet’s signature does not match the request. Try again, or use another wallet.',
  ERR_NEAR_ACCESS_KEY_NOT_FOUND:
    'The wallet’s key does not belong to this account on this network. Choose another account, or import the account into your wallet again.',
  ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS:
    'The wallet signed with a limited key. Use a wallet that has a full-access key of your account.',
  ERR_NEAR_SIGN_IN_REQUIRED: 'You are signed out. Reload this page and sign in again.',
  ERR_NEAR_AUTHORIZATION_INVALID:
    'This account’s contract did not approve the sign-in. Check in your wallet that it may act for this account, then try again.',
  ERR_NEAR_AUTHORIZATION_LIMIT:
    'This account is controlled by more accounts than the site can check. Sign in with another account.',
  ERR_NEAR_LOGIN_TOO_OLD: 'You signed in a while ago. Sign in again, then repeat this change.',
  ERR_NEAR_CONFIRMATION_MISMATCH:
    'What you approved in your wallet is not what was about to be done, so nothing happened. Try again.',
  ERR_NEAR_ACCOUNT_MISMATCH:
    'Another account approved this than one of yours here, so nothing happened. Choose the right account in your wallet.',
  ERR_NEAR_CODE_CHALLENGE_INVALID: 'The site cannot read this request. Reload the page and try again.',
  ERR_NEAR_SESSION_UNAVAILABLE:
    'The site cannot remember this browser. Allow cookies for this site and try again.',
  ERR_NEAR_STORE_FAILED: 'The site cannot reach its own memory of requests. Try again in a minute.',
  ERR_NEAR_RPC_UNAVAILABLE: 'The NEAR network does not respond. Your account is safe. Try again in a minute.',
}

/**
 * @param {string | undefined} code
 * @returns {string}
 */
export function messageFor(code) {
  return (
    (code && Object.hasOwn(MESSAGES, code) && MESSAGES[code]) ||
    'Something went wrong on our side. Try again in a minute.'
  )
}

/** A person who declines has no problem, so the page does not show one. */
export const isProblem = (code) => code !== 'ERR_NEAR_WALLET_REFUSED'
