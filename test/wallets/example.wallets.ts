import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { devices, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { picture } from '../support/chromium'
import { startExample, type Example } from '../support/example'
import { chooseWallet, openHotApp } from './harness'
import { executors, serveExecutors, type Executor } from './stand-ins/executors'
import type { WalletRequest } from './stand-ins/wallet'
import { redirectingWallet } from './stand-ins/web-wallets'
import { useHarness } from './suite'

const { harness, open } = useHarness()
const phone = devices['Pixel 7']
const [hot, nightly] = ['hot-wallet', 'nightly-wallet'].map((id) =>
  executors.find((executor) => executor.id === id)!,
) as [Executor, Executor]

let example: Example
beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'passport-near-example-'))
  example = await startExample(directory, { NEAR_NETWORK: 'testnet', NEAR_RPC_URL: harness().network.rpcUrl })
  return async () => {
    await example.stop()
    await rm(directory, { recursive: true, force: true })
  }
})
const status = (page: Page) => page.locator('[data-near-status]')

async function visit(options: BrowserContextOptions = {}): Promise<{ context: BrowserContext; page: Page }> {
  const context = await open(options)
  serveExecutors(harness().internet)
  for (const { install } of [hot, nightly]) await install({ context, ...harness() })
  const page = await context.newPage()
  await page.goto(example.url)
  return { context, page }
}

async function signIn(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign in with NEAR' }).click()
  await chooseWallet(page, nightly.id)
  await page.waitForURL('**/account')
}

/** The person switches accounts in the wallet, then comes back to the page. */
async function switchTo(page: Page, accountId: string): Promise<void> {
  await page.evaluate((accountId) => {
    localStorage.setItem('nightly', accountId)
    document.dispatchEvent(new Event('visibilitychange'))
  }, accountId)
}

describe('the example, when the wallet changes its mind', () => {
  const offer = (page: Page) => page.locator('[data-wallet-changed]')

  it('shows who is signed in, and offers to switch once the wallet is on another account', async () => {
    const { page } = await visit()
    await signIn(page)
    await page.getByRole('heading', { name: 'alice.testnet' }).waitFor()
    expect(await offer(page).isVisible()).toBe(false)
    await switchTo(page, 'bob.testnet')
    await offer(page).getByText('Your wallet is on bob.testnet now.').waitFor()
    await picture(page, 'wallet-switched')
    await switchTo(page, 'alice.testnet')
    await offer(page).waitFor({ state: 'hidden' })
    await switchTo(page, 'bob.testnet')
    await offer(page).getByRole('button', { name: 'Sign out and switch' }).click()
    await page.getByRole('button', { name: 'Sign in with NEAR' }).waitFor()
  })

  it('says that the wallet was disconnected, and that the session goes on', async () => {
    const { page } = await visit()
    await signIn(page)
    await page.locator('.accounts').waitFor()
    await switchTo(page, '')
    await offer(page).getByText('Your wallet is disconnected from this site.').waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'alice.testnet' }).waitFor()
  })
})

describe('the example on a phone', () => {
  it("shows near-connect's wallets, and says what to do if the person closes them", async () => {
    const { page } = await visit(phone)
    await page.getByRole('button', { name: 'Sign in with NEAR' }).tap()
    await page.locator('.connect-item').first().waitFor()
    await picture(page, 'phone-chooser')
    await page.touchscreen.tap(10, 10)
    await status(page).getByText('You can try again at any time').waitFor()
    expect(await page.getByRole('button', { name: 'Sign in with NEAR' }).isEnabled()).toBe(true)
  })

  it("signs in with HOT, whose frame opens the wallet's app", async () => {
    harness().wallet.isAppOpen = false
    const { page } = await visit(phone)
    await page.getByRole('button', { name: 'Sign in with NEAR' }).tap()
    await chooseWallet(page, hot.id)
    await openHotApp(page)
    await page.waitForURL('**/account')
  })

  it('says that pop-ups must be allowed if the browser blocked the one of the wallet', async () => {
    const { page } = await visit(phone)
    // As wallets do whose window is not there: the connector gives them no id of one.
    const code = () =>
      window.selector.ready({
        async signIn() {
          if (!(await window.selector.open('https://download.hot-labs.org/').id()))
            throw new Error('Popup window blocked')
        },
      })
    serveExecutors(harness().internet, undefined, [{ ...hot, isOneStep: false, code }])
    await page.evaluate(() => (window.open = () => null))
    await page.getByRole('button', { name: 'Sign in with NEAR' }).tap()
    await chooseWallet(page, hot.id)
    await status(page).getByText('Allow pop-ups for this site, then try again').waitFor()
    await picture(page, 'phone-blocked')
  })

  async function goToWallet(page: Page): Promise<void> {
    redirectingWallet(harness().internet)
    await page.getByRole('link', { name: 'Continue in this window instead' }).tap()
  }

  it('signs in with a wallet that replaces the page', async () => {
    const { page } = await visit(phone)
    await goToWallet(page)
    await page.getByRole('heading', { name: 'alice.testnet' }).waitFor()
  })

  it('says that the person declined, when such a wallet returns', async () => {
    harness().wallet.choice = 'decline'
    const { page } = await visit(phone)
    await goToWallet(page)
    await status(page).getByText('You did not approve the request in your wallet').waitFor()
  })

  it('signs in when the wallet returns to another tab, because the browser has thrown the first away', async () => {
    const { context, page } = await visit(phone)
    const redirect = await page.request.get(`${example.url}/login/near`, { maxRedirects: 0 })
    const asked = Object.fromEntries(
      new URL(redirect.headers().location!).searchParams,
    ) as unknown as WalletRequest
    // The wallet's app takes over, and the browser forgets the tab: its page and its sessionStorage. The cookie stays.
    await page.close()
    const { choice, ...answer } = harness().wallet.ask(asked)
    expect(choice).toBe('approve')
    const returned = `${asked.callbackUrl!}#${new URLSearchParams({ ...answer, state: asked.state! })}`
    const fresh = await context.newPage()
    await fresh.goto(returned, { waitUntil: 'commit' })
    await fresh.getByRole('heading', { name: 'alice.testnet' }).waitFor()
  })

  it('says what to do if the wallet returns in a browser that never asked', async () => {
    const { context, page } = await visit(phone)
    redirectingWallet(harness().internet)
    // What the wallet sends back is opened elsewhere: no cookie of the request, no tab.
    await context.clearCookies()
    const signature = Buffer.alloc(64, 1).toString('base64')
    const fragment = new URLSearchParams({
      accountId: 'alice.testnet',
      publicKey: harness().wallet.publicKey,
      signature,
    })
    await page.goto(`${example.url}/login/near/callback#${fragment}`)
    await status(page).getByText('Reload this page and try again').waitFor()
    await picture(page, 'phone-elsewhere')
  })
})
