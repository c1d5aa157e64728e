import { fileURLToPath } from 'node:url'
import express from 'express'
import helmet from 'helmet'
import { refuseOtherSites } from '../refuse-other-sites.mjs'

const inThisFolder = (path) => fileURLToPath(new URL(path, import.meta.url))

/**
 * A wallet for development: it shows what is to be signed, and signs with a test account if it is approved.
 *
 * @param {import('passport-near/testing').TestAccount[]} accounts
 */
export function createWallet(accounts) {
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
  app.use(refuseOtherSites)
  app.use(express.static(inThisFolder('./public')))

  const accountIds = accounts.map(({ accountId }) => accountId)
  app.get('/', (req, res) => res.render('home', { accountIds }))

  app.get('/sign-message', (req, res) => {
    const request = readRequest(req.query)
    if (!request) return res.status(400).render('unreadable')
    const site = request.callbackUrl && new URL(request.callbackUrl).host
    res.render('approve', { request, site, accountIds })
  })

  app.post('/sign-message', express.json(), async (req, res) => {
    const request = readRequest(req.body)
    const account = accounts.find(({ accountId }) => accountId === req.body?.accountId)
    if (!request || !account) return res.status(400).json({})
    const { returnBy, callbackUrl } = request
    // Like MyNearWallet: the callback URL is signed only where the answer goes there.
    res.json(
      await account.signMessage(request, {
        signCallbackUrl: returnBy === 'redirect' && callbackUrl !== undefined,
      }),
    )
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

function isHttpUrl(text) {
  return typeof text === 'string' && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}
