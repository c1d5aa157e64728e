const TEXTS = {
  LINKED: (accountId) => `${accountId} is linked. You can sign in with it from now on.`,
  UNLINKED: (accountId) => `${accountId} is no longer linked. It cannot sign you in any more.`,
  SENT: (what) => `Sent ${what}. (A pretend payment: no money moved.)`,
}

/**
 * Keeps a notice for the next page of this browser. A session holds one notice at most, so that it does not grow.
 *
 * @param {keyof typeof TEXTS} code
 */
export function setNotice(req, code, accountId) {
  req.session.notice = { code, accountId }
}

/**
 * Takes the notice out of the session, so that it is shown once.
 *
 * @returns {string | undefined}
 */
export function takeNotice(req) {
  const { notice } = req.session
  if (!notice) return undefined
  delete req.session.notice
  return TEXTS[notice.code](notice.accountId)
}
