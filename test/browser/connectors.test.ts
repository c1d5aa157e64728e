import type { BrowserContext, Page } from 'playwright-core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { clickForPopup, describeInChromium, openBrowser, picture } from '../support/chromium'
import { approve, bundle, result, startSite, type Site } from '../support/site'

const cleanup = new Cleanup()
let context: BrowserContext
let page: Page
let site: Site

beforeEach(async () => {
  const browser = await openBrowser()
  cleanup.add(browser.close)
  context = browser.context
})
afterEach(() => cleanup.run())

async function open(script: string, path = '/'): Promise<void> {
  site = await startSite(cleanup, script)
  page = await context.newPage()
  await page.goto(site.url + path)
  await page.locator('button[data-ready]').waitFor()
}

const signedIn = { outcome: 'signed-in', reply: { id: 'alice.test' } }

for (const globalBuffer of [false, true]) {
  describeInChromium(
    `wallet-selector's own code for MyNearWallet, ${globalBuffer ? 'with' : 'without'} a global Buffer`,
    () => {
      beforeEach(async () => open(await bundle('wallet-selector'), globalBuffer ? '/?global-buffer' : '/'))

      it('signs in', async () => {
        const wallet = await clickForPopup(page.getByRole('button', { name: 'Sign in' }))
        expect(new URL(wallet.url()).pathname).toBe('/sign-message')
        await approve(wallet)
        await expect.poll(() => result(page)).toMatchObject(signedIn)
        expect(await page.evaluate('fetch("/me").then((response) => response.json())')).toMatchObject({
          id: 'alice.test',
        })
        expect(wallet.isClosed()).toBe(true)
      })

      it('reports that the person declined', async () => {
        const wallet = await clickForPopup(page.getByRole('button', { name: 'Sign in' }))
        await wallet.getByRole('button', { name: 'Decline' }).click()
        await expect.poll(() => result(page)).toEqual({ outcome: 'refused' })
        expect(site.network.requestCount).toBe(0)
      })

      it('reports a closed window', async () => {
        const wallet = await clickForPopup(page.getByRole('button', { name: 'Sign in' }))
        // Playwright's close() does not return if the window is still loading.
        await wallet.getByRole('button', { name: 'Approve' }).waitFor()
        await wallet.close()
        await expect.poll(() => result(page)).toEqual({ outcome: 'refused', cause: 'User closed the window' })
      })
    },
  )
}

describeInChromium("near-connect's own code, its connector and a wallet by manifest", () => {
  beforeEach(async () => open(await bundle('near-connect')))

  /** Selects a wallet in near-connect's dialog, which keeps its content in a shadow root or not. */
  async function chooseWallet(): Promise<Page> {
    await page.getByRole('button', { name: 'Sign in' }).click()
    return clickForPopup(page.getByText('Development wallet'))
  }

  it('signs in with one approval, and the connector then knows the wallet', async () => {
    const wallet = await chooseWallet()
    await picture(page, 'near-connect')
    await approve(wallet)
    await expect.poll(() => result(page)).toMatchObject(signedIn)
    expect(await page.evaluate('localStorage.getItem("selected-wallet")')).toBe('development-wallet')
  })

  it('reports that the person declined in the wallet', async () => {
    const wallet = await chooseWallet()
    await wallet.getByRole('button', { name: 'Decline' }).click()
    await expect.poll(() => result(page)).toMatchObject({ outcome: 'refused', cause: 'User rejected' })
    expect(site.network.requestCount).toBe(0)
  })
})

describeInChromium("near-connect's connector with a wallet that signs in and signs separately", () => {
  it('connects the wallet, then has the message signed', async () => {
    const script = await bundle('near-connect')
    await context.route('**/near-connect/manifest.json', async (route) => {
      const response = await route.fetch()
      const manifest = (await response.json()) as { wallets: { features: object }[] }
      Object.assign(manifest.wallets[0]!.features, { signInAndSignMessage: false })
      manifest.wallets.push({
        ...manifest.wallets[0]!,
        id: 'other',
        name: 'Cannot sign',
        features: {},
      } as never)
      await route.fulfill({ response, json: manifest })
    })
    await open(script)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Development wallet').waitFor()
    expect(await page.getByText('Cannot sign').count()).toBe(0)
    const connecting = await clickForPopup(page.getByText('Development wallet'))
    await connecting.getByRole('heading', { name: 'Show an account to this site?' }).waitFor()
    const [signing] = await Promise.all([context.waitForEvent('page'), approve(connecting)])
    await approve(signing)
    await expect.poll(() => result(page)).toMatchObject(signedIn)
    expect(await page.evaluate('localStorage.getItem("selected-wallet")')).toBe('development-wallet')
  })
})

describeInChromium('a near-connect wallet without its connector', () => {
  beforeEach(async () => open(await bundle('near-connect'), '/?wallet'))

  it('signs in with one approval', async () => {
    const wallet = await clickForPopup(page.getByRole('button', { name: 'Sign in' }))
    await approve(wallet)
    await expect.poll(() => result(page)).toMatchObject(signedIn)
  })

  it('reports that the person declined', async () => {
    const wallet = await clickForPopup(page.getByRole('button', { name: 'Sign in' }))
    await wallet.getByRole('button', { name: 'Decline' }).click()
    await expect.poll(() => result(page)).toMatchObject({ outcome: 'refused' })
  })
})
