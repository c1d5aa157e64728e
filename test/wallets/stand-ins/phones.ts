import type { Page } from 'playwright-core'
import bs58 from 'bs58'
import type { Internet, Request, Response } from '../internet'
import type { StandIn, Wallet, WalletReply, WalletRequest } from './wallet'

/** The mailbox between HERE's or HOT's module and the phone. */
function serveMailbox(internet: Internet, wallet: Wallet, answer: (request: any) => unknown): void {
  const answers = new Map<string, unknown>()
  internet.serve('h4n.app', ({ method, url, body }) => {
    const [, id, kind] = url.pathname.split('/') as [string, string, string?]
    if (method === 'POST') {
      const { data, ...plain } = JSON.parse(body) as { data?: string }
      answers.set(id, answer(data ? JSON.parse(Buffer.from(bs58.decode(data)).toString()) : plain))
    }
    const isAnswered = kind === 'response' && wallet.isAppOpen
    return { json: isAnswered ? { data: JSON.stringify(answers.get(id)) } : {} }
  })
}

const signed = ({ accountId, publicKey, signature }: WalletReply & { choice: 'approve' }) => ({
  accountId,
  publicKey,
  signature,
})

const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
const qrCode = { html: '<!doctype html><title>QR code</title>' }

/** The modules ask the mailbox every few seconds, on a clock that the tests put forward. */
export async function waitForAnswer(page: Page): Promise<void> {
  while (!(await page.locator('#result').innerText())) await page.clock.runFor(1000)
}

/** HOT's phone. Its module and its code in near-connect use the same mailbox. */
export function serveHotPhone(internet: Internet, wallet: Wallet): void {
  // The QR code has the wallet's logo.
  internet.serve('hot-labs.org', ({ url }) => (url.pathname.endsWith('.svg') ? { svg: LOGO } : qrCode))
  internet.serve('download.hot-labs.org', () => {
    wallet.isAppOpen = true
    return { html: '<!doctype html><title>HOT</title>The app' }
  })
  serveMailbox(internet, wallet, ({ method, request }) => {
    const { accountId, publicKey } = wallet
    if (method === 'near:signIn') return { success: true, payload: { accountId, publicKey } }
    const reply = wallet.ask(request as WalletRequest)
    if (reply.choice !== 'approve') return { success: false, payload: 'User rejected' }
    return { success: true, payload: signed(reply) }
  })
}

/** NearMobileWallet's phone, through the wallet's server, whose name differs between its versions. */
export function serveNearMobilePhone(internet: Internet, wallet: Wallet): void {
  let reply: WalletReply | undefined
  const server = ({ url, body }: Request): Response => {
    if (!url.pathname.startsWith('/api/')) return qrCode
    if (url.pathname === '/api/signer-request/message') {
      const { receiver, ...request } = JSON.parse(body) as WalletRequest & { receiver: string }
      reply = wallet.ask({ ...request, recipient: receiver })
      return { json: { id: 'a-request', status: 'pending' } }
    }
    if (reply?.choice !== 'approve') return { json: { id: 'a-request', status: 'rejected' } }
    return { json: { id: 'a-request', status: 'approved', response: signed(reply) } }
  }
  for (const name of ['near-mobile-signer-backend', 'near-mobile-signer-backend_production'])
    internet.serve(`${name}.peersyst.tech`, server)
}

export const phones: StandIn[] = [
  {
    id: 'here-wallet',
    name: 'HERE',
    standsInFor: 'phone',
    source: 'https://github.com/here-wallet/js-sdk/tree/main/src/strategies',
    afterClick: waitForAnswer,
    async install({ context, internet, wallet }) {
      await context.clock.install()
      internet.serve('my.herewallet.app', () => qrCode)
      serveMailbox(internet, wallet, (request) => {
        const reply = wallet.ask(request as WalletRequest)
        if (reply.choice !== 'approve') return { status: 2, type: 'here', payload: 'User rejected' }
        return {
          status: 3,
          type: 'here',
          account_id: reply.accountId,
          payload: JSON.stringify(signed(reply)),
        }
      })
    },
  },
  {
    id: 'hot-wallet',
    name: 'HOT',
    standsInFor: 'phone',
    source: 'https://www.npmjs.com/package/@hot-wallet/sdk/v/1.0.8?activeTab=code',
    afterClick: waitForAnswer,
    async install({ context, internet, wallet }) {
      await context.clock.install()
      serveHotPhone(internet, wallet)
    },
  },
  {
    id: 'near-mobile-wallet',
    name: 'NearMobileWallet',
    standsInFor: 'phone',
    source: 'https://github.com/Peersyst/near-mobile-signer/tree/main/src',
    install: ({ internet, wallet }) => serveNearMobilePhone(internet, wallet),
  },
]
