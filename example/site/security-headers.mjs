import { randomBytes } from 'node:crypto'
import helmet from 'helmet'

/**
 * Express middleware that sets the security headers, and `res.locals.nonce` for the page's script.
 *
 * @param {{ realWallets: boolean }} options - whether the page loads the wallets of near-connect
 * @returns {import('express').RequestHandler[]}
 */
export function securityHeaders({ realWallets }) {
  return [
    (req, res, next) => {
      res.locals.nonce = randomBytes(16).toString('base64')
      next()
    },
    helmet({
      // The wallet's pop-up posts its response to the page that opened it.
      crossOriginOpenerPolicy: { policy: 'same-origin-allow-popups' },
      // With helmet's default, no-referrer, browsers send `Origin: null` for the site's own forms.
      referrerPolicy: { policy: 'same-origin' },
      contentSecurityPolicy: { directives: realWallets ? REAL_WALLETS_POLICY : TEST_NETWORK_POLICY },
      // The proxy that ends TLS sets it for the whole host.
      strictTransportSecurity: false,
    }),
  ]
}

const TEST_NETWORK_POLICY = { upgradeInsecureRequests: null }

/**
 * near-connect runs each wallet's code, loaded from the wallet's own host, in a sandboxed frame that inherits this policy. The buttons of
 * HOT and NEAR Mobile have inline handlers (`script-src-attr`). The site's own pages escape what they show, and have none.
 */
const REAL_WALLETS_POLICY = {
  upgradeInsecureRequests: null,
  scriptSrc: ["'self'", (req, res) => `'nonce-${res.locals.nonce}'`],
  scriptSrcAttr: ["'unsafe-inline'"],
  connectSrc: ["'self'", 'https:', 'wss:'],
  imgSrc: ["'self'", 'https:', 'data:'],
  frameSrc: ["'self'", 'https:'],
}
