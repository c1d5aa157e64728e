import { messageFor } from './error-messages.mjs'

/**
 * What a person reads after a sign-in that the wallet did not sign. Wallets have no error codes, only texts.
 *
 * @param {Pick<import('passport-near/client').RefusedSignIn, 'cause' | 'reason'>} refusal
 * @returns {{ text: string, isProblem: boolean }}
 */
export function explainRefusal({ cause, reason }) {
  const said = String(/** @type {{ message?: unknown } | undefined} */ (cause)?.message ?? cause)
  if (reason === 'connect-first') return { text: NOT_CONNECTED, isProblem: true }
  if (/block|open popup/i.test(said)) return { text: WINDOW_BLOCKED, isProblem: true }
  if (/clos/i.test(said)) return { text: WINDOW_CLOSED, isProblem: false }
  return { text: messageFor('ERR_NEAR_WALLET_REFUSED'), isProblem: false }
}

const NOT_CONNECTED =
  'Your wallet was not asked, because it is not connected to this site. Connect it, then try again.'
const WINDOW_BLOCKED =
  'Your browser blocked the wallet’s window. Allow pop-ups for this site, then try again.'
const WINDOW_CLOSED = 'The wallet’s window was closed before you approved. Try again when you are ready.'
