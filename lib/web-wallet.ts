import { createHash } from 'node:crypto'
import type { Challenge } from './challenges/challenge'
import type { ConnectMiddleware, ConnectRequest } from './connect'
import { describeValue, invalidOption, validateHttpUrl, validateOptions } from './validate'

/**
 * Where a web wallet asks a person to sign a challenge: `<walletUrl>/sign-message?message&nonce&recipient&callbackUrl&state`.
 *
 * This is MyNearWallet's form; the nonce is base64. The wallet returns to `callbackUrl` with its answer in the fragment.
 * @internal
 */
export function signMessageUrl(walletUrl: string, challenge: Challenge): string {
  const url = new URL(walletUrl)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/sign-message`
  const { message, nonce, recipient, callbackUrl, state } = challenge
  const fields = { message, nonce, recipient, ...(callbackUrl !== undefined && { callbackUrl }), state }
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value)
  return url.href
}

const STYLE =
  ':root{color-scheme:light dark;font:1.1rem/1.5 system-ui,sans-serif}' +
  'body{margin:15vh auto;max-width:28rem;padding:0 1.5rem;text-align:center}'

/**
 * Takes the answer out of the fragment and out of the address bar, and posts it to the page's own address. Where there is
 * no answer (a reload, the back button) it says so, also where the login redirects to an origin that was not named; without
 * a network it waits until there is one.
 */
const SCRIPT = `
const answer = new URLSearchParams(location.hash.slice(1))
const form = document.forms[0]
form.action = location.origin + location.pathname
const show = (id) => { for (const part of document.querySelectorAll('[id]')) part.hidden = part.id !== id }
const isAnswer = answer.has('error') || ['accountId', 'publicKey', 'signature'].every((name) => answer.has(name))
if (location.hash) history.replaceState(null, '', location.href.split('#')[0])
const send = () => { show('busy'); form.submit() }
if (isAnswer) {
  for (const name of ['accountId', 'publicKey', 'signature', 'state', 'error']) {
    if (!answer.has(name)) continue
    const input = document.createElement('input')
    input.type = 'hidden'
    input.name = name
    input.value = answer.get(name)
    form.append(input)
  }
  if (navigator.onLine) send()
  else { show('offline'); addEventListener('online', send, { once: true }) }
} else show('nothing')
addEventListener('pageshow', (event) => { if (event.persisted) { form.replaceChildren(); show('nothing') } })
addEventListener('securitypolicyviolation', (event) => { if (event.effectiveDirective === 'form-action') show('nothing') })
`

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Signing in</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<p id="busy" role="status" hidden>Signing you in…</p>
<p id="offline" role="status" hidden>You are offline. As soon as you are connected again, you will be signed in.</p>
<p id="nothing" hidden>There is nothing left to do here. If you have not been signed in, please start again.<br><a href="/">Continue</a></p>
<noscript><p>Your wallet has answered. To be signed in, turn on JavaScript for this site, then reload this page.</p></noscript>
</main>
<form method="post"></form>
<script>${SCRIPT}</script>
</body>
</html>
`

/** Where the page that a wallet returns to may lead, for `callbackPage`. */
export interface CallbackPageOptions {
  /**
   * Other origins that the login redirects to (`successRedirect`, `failureRedirect`), such as `https://app.example.com`;
   * default none. Browsers hold a form's policy against redirects as well.
   */
  redirectOrigins?: readonly string[] | undefined
}

const OWNER = 'callbackPage'

/**
 * Connect middleware: the page to which a redirecting wallet returns. It passes on what is not a GET or HEAD.
 *
 * @throws {TypeError} when an option is wrong
 * @internal
 */
export function callbackPage(options: CallbackPageOptions = {}): ConnectMiddleware<ConnectRequest> {
  validateOptions<CallbackPageOptions>(OWNER, options, { redirectOrigins: true })
  const { redirectOrigins = [] } = options
  if (!Array.isArray(redirectOrigins))
    invalidOption(OWNER, 'redirectOrigins', 'an array of origins', describeValue(redirectOrigins))
  const formAction = redirectOrigins.map(
    (each) => new URL(validateHttpUrl(OWNER, 'redirectOrigins', each)).origin,
  )
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(PAGE),
    'Content-Security-Policy': [
      "default-src 'none'",
      `script-src ${hashOf(SCRIPT)}`,
      `style-src ${hashOf(STYLE)}`,
      'img-src data:',
      ["form-action 'self'", ...formAction].join(' '),
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'Cache-Control': 'no-store',
    // Stricter, and browsers would hide from the server that the form is its own.
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  }
  return (req, res, next) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return next()
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
    res.end(PAGE)
  }
}
