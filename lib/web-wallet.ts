import { createHash } from 'node:crypto'
import type { Challenge } from './challenges/challenge'
import type { ConnectMiddleware, ConnectRequest } from './connect'
import {
  describeValue,
  invalidOption,
  validateHttpUrl,
  validateOneOf,
  validateOptions,
  validateString,
} from './validate'

/**
 * The URL at which a web wallet asks a person to sign a challenge: `<walletUrl>/sign-message?message&nonce&recipient&callbackUrl&state`.
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

/** The texts of the page to which a wallet returns. */
export interface CallbackPageTexts {
  /** The page's title. */
  title: string
  /** Shown while the answer is posted. */
  busy: string
  /** Shown while the browser is offline. */
  offline: string
  /** Shown when the URL carries no answer, such as after a reload. */
  nothing: string
  /** The link to `home`. */
  continue: string
  /** Shown without JavaScript. */
  noscript: string
}

/** Options of `callbackPage`. */
export interface CallbackPageOptions {
  /**
   * The address of the link "Continue": a path of this site, or an http(s) URL.
   *
   * @defaultValue `/`
   */
  home?: string | undefined
  /**
   * The language of the texts, for the page's `lang` attribute.
   *
   * @defaultValue `en`
   */
  lang?: string | undefined
  /**
   * Texts in place of the English ones.
   *
   * @defaultValue the English texts
   */
  texts?: Partial<CallbackPageTexts> | undefined
  /**
   * The address of a stylesheet in place of the page's own style: a path of this site, or an http(s) URL.
   *
   * @defaultValue none: the page has a small style
   */
  stylesheet?: string | undefined
  /**
   * Other origins to which the login redirects (`successRedirect`, `failureRedirect`), such as `https://app.example.com`. Browsers
   * apply a form's policy to redirects as well.
   *
   * @defaultValue none
   */
  redirectOrigins?: readonly string[] | undefined
}

const OWNER = 'callbackPage'

const ENGLISH: Readonly<CallbackPageTexts> = {
  title: 'Signing in',
  busy: 'Signing you in…',
  offline: 'You are offline. You will be signed in when you are connected again.',
  nothing: 'There is nothing left to do here. If you are not signed in, please start again.',
  continue: 'Continue',
  noscript: 'Your wallet has answered. Turn on JavaScript for this site and reload this page to sign in.',
}

const STYLE =
  ':root{color-scheme:light dark;font:1.1rem/1.5 system-ui,sans-serif}' +
  'body{margin:15vh auto;max-width:28rem;padding:0 1.5rem;text-align:center}'

/**
 * Takes the answer out of the fragment and the address bar, and posts it to the page's own path, without the query: a link could have
 * given the page any query. Without an answer (a reload, the back button) the page says so, also when the login redirects to an origin
 * that was not named. Without a network, the page waits until there is one.
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

/**
 * Connect middleware for the page to which a redirecting wallet returns. Requests other than GET and HEAD are passed on.
 *
 * @throws {TypeError} when an option is wrong
 * @internal
 */
export function callbackPage(options: CallbackPageOptions = {}): ConnectMiddleware<ConnectRequest> {
  const { page, policy } = buildPage(options)
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(page),
    'Content-Security-Policy': policy,
    'Cache-Control': 'no-store',
    // With a stricter policy, browsers hide from the server that the form is its own.
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  }
  return (req, res, next) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return next()
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
    res.end(page)
  }
}

function buildPage(options: CallbackPageOptions): { page: string; policy: string } {
  validateOptions<CallbackPageOptions>(OWNER, options, {
    home: true,
    lang: true,
    texts: true,
    stylesheet: true,
    redirectOrigins: true,
  })
  const { home = '/', lang = 'en', texts = {}, stylesheet, redirectOrigins = [] } = options
  if (!Array.isArray(redirectOrigins)) {
    invalidOption(OWNER, 'redirectOrigins', 'an array of origins', describeValue(redirectOrigins))
  }
  const formAction = redirectOrigins.map(
    (each) => new URL(validateHttpUrl(OWNER, 'redirectOrigins', each)).origin,
  )
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(SCRIPT)}`,
    `style-src ${stylesheet === undefined ? hashOf(STYLE) : sourceOf(stylesheet)}`,
    'img-src data:',
    ["form-action 'self'", ...formAction].join(' '),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
  const page = render(
    { ...ENGLISH, ...validateTexts(texts) },
    validateString(OWNER, 'lang', lang),
    validateAddress('home', home),
    stylesheet,
  )
  return { page, policy }
}

function validateTexts(texts: Partial<CallbackPageTexts>): Partial<CallbackPageTexts> {
  for (const [name, value] of Object.entries(texts)) {
    validateOneOf(OWNER, 'texts', name, Object.keys(ENGLISH))
    validateString(OWNER, `texts.${name}`, value)
  }
  return texts
}

/** A path of this site, or an http(s) URL. `//host` is neither: browsers take it for another host. */
function validateAddress(name: string, value: unknown): string {
  const address = validateString(OWNER, name, value)
  return /^(?:\/(?![/\\])|https?:\/\/)/i.test(address)
    ? address
    : invalidOption(OWNER, name, 'a path such as /home, or an http(s) URL', describeValue(value))
}

function sourceOf(stylesheet: string): string {
  const address = validateAddress('stylesheet', stylesheet)
  return address.startsWith('/') ? "'self'" : new URL(address).origin
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character]!)

function render(
  texts: CallbackPageTexts,
  lang: string,
  home: string,
  stylesheet: string | undefined,
): string {
  const text = (name: keyof CallbackPageTexts): string => escapeHtml(texts[name])
  const style =
    stylesheet === undefined
      ? `<style>${STYLE}</style>`
      : `<link rel="stylesheet" href="${escapeHtml(stylesheet)}">`
  return `<!doctype html>
<html lang="${escapeHtml(lang)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text('title')}</title>
<link rel="icon" href="data:,">
${style}
</head>
<body>
<main>
<p id="busy" role="status" hidden>${text('busy')}</p>
<p id="offline" role="status" hidden>${text('offline')}</p>
<p id="nothing" hidden>${text('nothing')}<br><a href="${escapeHtml(home)}">${text('continue')}</a></p>
<noscript><p>${text('noscript')}</p></noscript>
</main>
<form method="post"></form>
<script>${SCRIPT}</script>
</body>
</html>
`
}
