import { fileURLToPath } from 'node:url'
import express from 'express'
import helmet from 'helmet'
import { sameOrigin } from '../same-origin.mjs'
import { nearConnect } from './near-connect.mjs'

const inThisFolder = (path) => fileURLToPath(new URL(path, import.meta.url))

/**
 * A wallet for development: it shows what is to be signed, and signs with a test account if it is approved. It speaks as
 * MyNearWallet does, so that connectors for that one work with it: `/login` and `/sign-message`, in a pop-up that answers
 * its opener or in the same window, with a redirect. near-connect finds it in `/near-connect/manifest.json`.
 *
 * @param {import('passport-near/testing').TestAccount[]} accounts
 * @param {string} url - where it is served
 */
export function createWallet(accounts, url) {
  const app = express()
  app.set('view engine', 'ejs')
  app.set('views', inThisFolder('./views'))
  app.use(
    helmet({
      // The site that opened this pop-up is told the answer.
      crossOriginOpenerPolicy: { policy: 'unsafe-none' },
      contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
      strictTransportSecurity: false,
    }),
  )
  app.use(sameOrigin(undefined))
  app.use('/near-connect', nearConnect(url))
  app.use(express.static(inThisFolder('./public')))

  const accountIds = accounts.map(({ accountId }) => accountId)
  const findAccount = (body) => accounts.find(({ accountId }) => accountId === body?.accountId)
  app.get('/', (req, res) => res.render('home', { accountIds }))

  app.get('/login', (req, res) => {
    const { success_url: successUrl, failure_url: failureUrl = successUrl } = req.query
    if (!isHttpUrl(successUrl) || !isHttpUrl(failureUrl)) return res.status(400).render('unreadable')
    res.render('connect', { request: { successUrl, failureUrl }, site: new URL(successUrl).host, accountIds })
  })

  app.get('/sign-message', (req, res) => {
    const request = readRequest(req.query)
    if (!request) return res.status(400).render('unreadable')
    const site = request.callbackUrl && new URL(request.callbackUrl).host
    res.render('approve', { request, site, accountIds })
  })

  app.post('/login', express.json(), (req, res) => {
    const account = findAccount(req.body)
    if (!account) return res.status(400).json({})
    res.json({ publicKey: account.publicKey })
  })

  app.post('/sign-message', express.json(), async (req, res) => {
    const request = readRequest(req.body)
    const account = findAccount(req.body)
    if (!request || !account) return res.status(400).json({})
    // Like MyNearWallet: the callback URL is signed only in a window of the wallet's own.
    const signed = await account.signMessage(request, { signCallbackUrl: request.returnBy === 'redirect' })
    const { accountId, publicKey, signature } = signed
    res.json({ accountId, signature, publicKey })
  })
  return app
}

/** The message that a site asks to have signed, or undefined if the request cannot be read. */
function readRequest(fields) {
  const { message, recipient, nonce, callbackUrl, state, returnBy } = fields ?? {}
  if (![message, recipient, nonce].every((field) => typeof field === 'string' && field !== ''))
    return undefined
  if (Buffer.from(nonce, 'base64').length !== 32) return undefined
  if (callbackUrl !== undefined && !isHttpUrl(callbackUrl)) return undefined
  return {
    message,
    recipient,
    nonce,
    callbackUrl,
    state: typeof state === 'string' ? state : undefined,
    returnBy,
  }
}

/** @returns {text is string} */
function isHttpUrl(text) {
  return typeof text === 'string' && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}
