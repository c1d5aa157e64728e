import { createHash } from 'node:crypto'
import { html, verbatim, type Html } from './html'
import type { ConnectRequest, ResolveAuthRequest, SignMessageRequest } from './requests'
import { SCRIPT } from './script'
import { STYLE } from './style'

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Sent with every page. No `Cross-Origin-Opener-Policy`: a pop-up answers the window that opened it. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': [
    "default-src 'none'",
    `script-src ${hashOf(SCRIPT)}`,
    `style-src ${hashOf(STYLE)}`,
    "connect-src 'self'",
    'img-src data:',
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
}

/** The accounts of the network, and a form that creates one. A key can be removed, to see what a site makes of its sessions. */
export function homePage(
  accountIds: readonly string[],
  accountsWithKey: readonly string[],
  withoutKey: ReadonlySet<string>,
): string {
  return page(
    'Development wallet',
    html`<h1>Accounts</h1>
      <p>These accounts exist on the test network only. Open your site and sign in with one of them.</p>
      <ul>
        ${accountIds.map((accountId) => html`<li>${accountId}</li>`)}
      </ul>
      <details>
        <summary>Remove a key</summary>
        ${accountsWithKey.map(
          (accountId) =>
            html`<button type="button" data-key="${accountId}">
              ${withoutKey.has(accountId) ? 'Add the key again:' : 'Remove the key of'} ${accountId}
            </button>`,
        )}
      </details>
      ${createAccount(accountIds)}`,
  )
}

/** Asks whether a site may know an account. */
export function connectPage(request: ConnectRequest, accountIds: readonly string[]): string {
  return approvalPage(
    request,
    accountIds,
    'Show an account to this site?',
    'The site learns the account’s name. Nothing is signed.',
    html`${row('site', 'Returns to', new URL(request.successUrl).origin)}`,
  )
}

/** Asks whether a message is to be signed. */
export function approvePage(request: SignMessageRequest, accountIds: readonly string[]): string {
  const { callbackUrl, recipient, message } = request
  return approvalPage(
    request,
    accountIds,
    'Sign this message?',
    'The signature proves that you hold the account. It costs nothing and moves no money.',
    html`${row('recipient', 'For', recipient)}${row('message', 'Message', message)}
    ${callbackUrl === undefined ? undefined : row('site', 'Returns to', new URL(callbackUrl).origin)}`,
  )
}

/** Asks whether a text is to be authorized, with an account that may have no keys. */
export function authorizePage(request: ResolveAuthRequest, accountIds: readonly string[]): string {
  const { domain, action, msg } = parsePayload(request.payload)
  const site = row('site', 'Returns to', new URL(request.callbackUrl).origin)
  return approvalPage(
    request,
    accountIds,
    'Authorize this text?',
    'Your account authorizes this text, with its key or by its contract. It costs nothing and moves no money.',
    domain === undefined || msg === undefined
      ? html`${row('message', 'Text', request.payload)}${site}`
      : html`${row('recipient', 'For', domain)}${row('action', 'Action', action ?? '')}${row('message', 'Message', msg)}${site}`,
    KINDS,
  )
}

/** The standard's JsonPayload, if the text is one. */
function parsePayload(payload: string): Readonly<Partial<Record<'domain' | 'action' | 'msg', string>>> {
  try {
    const value = (JSON.parse(payload) ?? {}) as Record<string, unknown>
    return Object.fromEntries(Object.entries(value).filter(([, each]) => typeof each === 'string'))
  } catch {
    return {}
  }
}

/** What kind of account is created. Without the choice, it is one with keys. */
const KINDS = html`<label
  >Kind
  <select name="kind" form="create">
    <option value="passkey">with a passkey, without keys</option>
    <option value="shared">controlled by the chosen account</option>
    <option value="key">with a key</option>
  </select></label
>`

export function unreadablePage(): string {
  return page(
    'Invalid request',
    html`<h1>This request is invalid</h1>
      <p>
        It lacks a message, a recipient or a nonce of 32 bytes in base64, or a URL in it is not an http(s)
        URL. Close this window, return to the site and try again.
      </p>`,
  )
}

/** `data-<name>` is there for tests. */
const row = (name: string, term: string, description: string): Html =>
  html`<dt>${term}</dt>
    <dd ${verbatim(`data-${name}`)}>${description}</dd>`

function approvalPage(
  request: object,
  accountIds: readonly string[],
  question: string,
  consequence: string,
  details: Html,
  kinds?: Html,
): string {
  const hasAccounts = accountIds.length > 0
  return page(
    question,
    html`<form data-request="${JSON.stringify(request)}">
      <h1>${question}</h1>
      <p>${consequence}</p>
      <dl>${details}</dl>
      ${hasAccounts ? accountChoice(accountIds) : html`<p>There is no account yet. Create one, then approve.</p>`}
      ${createAccount(accountIds, kinds)}
      <div class="actions">
        <button type="button" data-decline>Decline</button>
        <button class="primary" ${hasAccounts ? undefined : html`disabled data-disabled`}>Approve</button>
      </div>
    </form>`,
  )
}

const accountChoice = (accountIds: readonly string[]): Html =>
  html`<fieldset>
    <legend>With the account</legend>
    ${accountIds.map(
      (accountId, index) =>
        html`<label
          ><input
            type="radio"
            name="accountId"
            value="${accountId}"
            ${index === 0 ? html`checked` : undefined}
          />
          ${accountId}</label
        >`,
    )}
  </fieldset>`

/** The fields belong to a separate form, which they name: a form cannot contain another form. */
const createAccount = (accountIds: readonly string[], kinds?: Html): Html =>
  html`<details ${accountIds.length > 0 ? undefined : html`open`}>
      <summary>Create an account</summary>
      ${kinds}
      <label
        ><input
          type="text"
          name="newAccountId"
          form="create"
          required
          maxlength="64"
          placeholder="newcomer.test"
          autocapitalize="none"
          autocomplete="off"
          spellcheck="false"
          aria-label="Account id"
        />
        <button form="create">Create</button></label
      >
    </details>
    <p class="problem" role="alert" data-problem hidden></p>
    <noscript
      ><p class="problem">This wallet needs JavaScript. Turn it on and reload this page.</p></noscript
    >`

function page(title: string, content: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        ${verbatim(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <header><strong>Development wallet</strong><span>Test accounts only</span></header>
        <main>${content}</main>
        <form id="create"></form>
        ${verbatim(`<script type="module">${SCRIPT}</script>`)}
      </body>
    </html>`.text
}
