import express from 'express'
import { TestNetwork } from 'passport-near/testing'
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { inject } from 'vitest'
import { listen, startApp, type Cleanup } from '../support/app'
import { securityHeaders } from '../../example/site/security-headers.mjs'
import { launchChromium } from '../support/chromium'
import { Internet } from './internet'
import { Wallet } from './stand-ins/wallet'

/** A login site for each kind of challenge, one browser, and the wallet of one person. */
export interface Harness {
  network: TestNetwork
  wallet: Wallet
  internet: Internet
  /** A fresh browser profile, for which no wallet's host is served yet. */
  open(options?: BrowserContextOptions): Promise<BrowserContext>
  /** How many answers the sites were sent. */
  loginCount(): number
  /** The address of a login page. */
  address(page: string, options: { callbackUrl: boolean; query?: Record<string, string> }): string
}

export async function startHarness(cleanup: Cleanup): Promise<Harness> {
  const network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  const wallet = await Wallet.on(network)
  const internet = await Internet.start(cleanup)
  const browser = await launchChromium(internet.chromiumArguments)
  cleanup.add(() => browser.close())
  const statuses: number[][] = []
  const sites = {
    with: await startSite(cleanup, network, wallet, true, statuses),
    without: await startSite(cleanup, network, wallet, false, statuses),
  }
  return {
    network,
    wallet,
    internet,
    async open(options) {
      const context = await browser.newContext(options)
      context.setDefaultTimeout(8_000)
      internet.reset()
      // The chain behind every name that a module has built in.
      internet.serve('rpc', async ({ body }) => {
        const response = await fetch(network.rpcUrl, { method: 'POST', body })
        return { json: await response.json() }
      })
      await wallet.attach(context)
      return context
    },
    loginCount: () => statuses.flat().length,
    address: (page, { callbackUrl, query = {} }) =>
      `${callbackUrl ? sites.with : sites.without}/${page}?${new URLSearchParams(query)}`,
  }
}

/** A site whose login pages run the bundled scripts, and whose challenges carry a callback URL or not. */
async function startSite(
  cleanup: Cleanup,
  network: TestNetwork,
  wallet: Wallet,
  hasCallbackUrl: boolean,
  statuses: number[][],
): Promise<string> {
  const { url, server } = await listen(undefined, cleanup)
  const accounts = [
    {
      accountId: wallet.accountId,
      publicKey: wallet.publicKey.split(':')[1],
      derivationPath: "44'/397'/0'/0'/1'",
    },
  ]
  const app = await startApp(cleanup, {
    near: { rpc: network.rpcUrl, ...(hasCallbackUrl && { callbackUrl: `${url}/wallet-selector-8` }) },
    routes(app) {
      app.use('/pages', express.static(inject('pages')))
      app.use('/near-connect', securityHeaders({ realWallets: true }))
      app.get(['/wallet-selector', '/wallet-selector-8', '/near-connect'], (req, res) => {
        const nonce = `nonce="${res.locals.nonce}"`
        res.type('html')
          .send(`<!doctype html><meta name="viewport" content="width=device-width"><title>Site</title>
<body data-rpc="${network.rpcUrl}" data-accounts='${JSON.stringify(accounts).replaceAll("'", '&#39;')}'>
<button>Sign in</button> <button>Connect</button> <output id="result"></output>
<script ${nonce}>process = { env: {} } // as a build's polyfill for Node has it</script>
<script type="module" ${nonce} src="/pages${req.path}.js"></script>`)
      })
      server.on('request', app)
    },
  })
  statuses.push(app.statuses)
  return url
}

/** What a page shows of how a sign-in ended. */
export async function outcome(page: Page): Promise<Record<string, unknown>> {
  const text = await page.locator('#result').filter({ hasText: '{' }).innerText()
  if (process.env.DEBUG) console.log('OUTCOME', text)
  return JSON.parse(text) as Record<string, unknown>
}

export async function openPage(context: BrowserContext, address: string): Promise<Page> {
  const page = await context.newPage()
  page.on('pageerror', (error) => console.warn(`in the page: ${error.message}`))
  if (process.env.DEBUG) page.on('console', (m) => console.log('CONSOLE', m.text().slice(0, 300)))
  if (process.env.DEBUG) page.on('requestfailed', (r) => console.log('FAILED', r.url().slice(0, 200)))
  await page.goto(address)
  await page.locator('body[data-ready]').waitFor()
  return page
}

/** Chooses in near-connect's dialogue, once it has slid in. */
export async function chooseWallet(page: Page, id: string): Promise<void> {
  const item = page.locator(`.connect-item[data-type="${id}"]`)
  await item.waitFor()
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished)))
  await item.click()
}

/** Presses the button in HOT's frame, comes back from the app, and leaves the page to finish. */
export async function openHotApp(page: Page): Promise<void> {
  const button = page.frameLocator('iframe').getByRole('button', { name: 'Open HOT Wallet' })
  const [app] = await Promise.all([page.context().waitForEvent('page'), button.click()])
  await app.getByText('The app').waitFor()
  await app.close()
}
