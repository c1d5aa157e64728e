import { NearAuthError } from 'passport-near'
import { messageFor } from './error-messages.mjs'
import { log } from './log.mjs'
import { ServiceUnavailable } from './service-unavailable.mjs'

const TITLES = {
  400: 'This request cannot be read',
  401: 'You are signed out',
  409: 'Nothing was changed',
  429: 'Please wait a minute',
  503: 'The site is not available at the moment',
}

/** Scripts get the code as JSON; people get a page that says what to do. */
export function sendError(req, res, status, code) {
  res.status(status)
  if (wantsJson(req)) res.json({ code })
  else res.render('problem', { title: TITLES[status] ?? 'Something went wrong', text: messageFor(code) })
}

export const wantsJson = (req) => !req.accepts('html') || Boolean(req.is('json'))

/** The page for an address that no route serves. */
export function notFound(req, res) {
  res.status(404).render('problem', {
    title: 'There is no such page',
    text: 'The address may be mistyped, or the page was moved.',
  })
}

/** Express recognises an error handler by its four parameters. */
export function errorHandler(error, req, res, next) {
  const status = error.status >= 400 && error.status <= 599 ? error.status : 500
  const code = codeOf(error, status)
  logError(error, status, code)
  if (res.headersSent) return next(error)
  sendError(req, res, status, code)
}

function codeOf(error, status) {
  if (error instanceof NearAuthError || error instanceof ServiceUnavailable) return error.code
  return status < 500 ? 'REQUEST_INVALID' : 'INTERNAL_ERROR'
}

/** An outage takes one line. A bug takes its stack, without the properties that database errors fill with a row's values. */
function logError(error, status, code) {
  if (status < 500) return
  const isBug = status === 500 && !(error instanceof NearAuthError)
  log('request', {
    outcome: 'failed',
    status,
    code,
    reason: isBug ? undefined : error.message,
  })
  if (isBug) console.error(error.stack ?? String(error))
}
