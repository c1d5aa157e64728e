import type { BrowserContext, Page, Route } from 'playwright-core'
import bs58 from 'bs58'
import type { StandIn, WalletReply, WalletRequest } from './wallet'

const cors = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*',
  'access-control-allow-methods': '*',
}
const json = (route: Route, body: unknown): Promise<void> => route.fulfill({ json: body, headers: cors })

/** The mailbox between HERE's or HOT's module and the phone. */
async function mailbox(context: BrowserContext, answer: (request: any) => unknown): Promise<void> {
  const answers = new Map<string, unknown>()
  await context.route('https://h4n.app/**', async (route) => {
    const [, id, kind] = new URL(route.request().url()).pathname.split('/') as [string, string, string?]
    const method = route.request().method()
    if (method === 'POST') {
      const { data } = JSON.parse(route.request().postData()!) as { data: string }
      answers.set(id, answer(JSON.parse(Buffer.from(bs58.decode(data)).toString())))
    }
    if (method === 'GET' && kind === 'response') return json(route, { data: JSON.stringify(answers.get(id)) })
    return json(route, {})
  })
}

const signed = ({ accountId, publicKey, signature }: WalletReply & { choice: 'approve' }) => ({
  accountId,
  publicKey,
  signature,
})

async function servePage(context: BrowserContext, address: string): Promise<void> {
  await context.route(address, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>QR code</title>' }),
  )
}

/** The modules ask the mailbox every three seconds, on a clock that the tests put forward. */
async function waitForAnswer(page: Page): Promise<void> {
  while (!(await page.locator('#result').innerText())) await page.clock.runFor(1000)
}

export const phones: StandIn[] = [
  {
    id: 'here-wallet',
    name: 'HERE',
    standsInFor: 'phone',
    source: 'https://github.com/here-wallet/js-sdk/tree/main/src/strategies',
    afterClick: waitForAnswer,
    async install(context, wallet) {
      await context.clock.install()
      await servePage(context, 'https://my.herewallet.app/**')
      await mailbox(context, (request) => {
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
    async install(context, wallet) {
      await context.clock.install()
      await servePage(context, 'https://hot-labs.org/**')
      await mailbox(context, ({ request }) => {
        const reply = wallet.ask(request as WalletRequest)
        if (reply.choice !== 'approve') return { success: false, payload: 'User rejected' }
        return { success: true, payload: signed(reply) }
      })
    },
  },
  {
    id: 'near-mobile-wallet',
    name: 'NearMobileWallet',
    standsInFor: 'phone',
    source: 'https://github.com/Peersyst/near-mobile-signer/tree/main/src',
    async install(context, wallet) {
      let reply: WalletReply | undefined
      await context.route('https://near-mobile-signer-backend_production.peersyst.tech/**', async (route) => {
        const path = new URL(route.request().url()).pathname
        if (!path.startsWith('/api/'))
          return route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>QR code</title>' })
        if (route.request().method() === 'OPTIONS') return json(route, {})
        if (path === '/api/signer-request/message') {
          const { receiver, ...request } = JSON.parse(route.request().postData()!) as WalletRequest & {
            receiver: string
          }
          reply = wallet.ask({ ...request, recipient: receiver })
          return json(route, { id: 'a-request', status: 'pending' })
        }
        if (reply?.choice !== 'approve') return json(route, { id: 'a-request', status: 'rejected' })
        return json(route, { id: 'a-request', status: 'approved', response: signed(reply) })
      })
    },
  },
]
