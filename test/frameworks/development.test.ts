import type { BrowserContext, Page } from 'playwright-core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { clickForPopup, describeInChromium, openBrowser } from '../support/chromium'
import { freePort } from '../support/free-port'
import { examples } from './examples'
import { linkedProject, startProject } from './project'

describeInChromium('`npm run dev`, with the page that all examples share', () => {
  const cleanup = new Cleanup()
  let context: BrowserContext
  let page: Page
  let url: string

  beforeEach(async () => {
    const directory = linkedProject(examples[0]!, cleanup)
    // dev.js starts a network and names it in NEAR_RPC_URL. No request reaches a public endpoint.
    url = await startProject(directory, 'http://127.0.0.1:1', cleanup, {
      entry: 'dev.js',
      env: { WALLET_PORT: String(await freePort()) },
    })
    const browser = await openBrowser()
    cleanup.add(browser.close)
    context = browser.context
    page = await context.newPage()
    await page.goto(url)
  }, 120_000)
  afterEach(() => cleanup.run())

  const openWallet = (button: string): Promise<Page> =>
    clickForPopup(page.getByRole('button', { name: button }))
  const status = (): Promise<string> => page.getByRole('status').innerText()

  it('signs in, links a second account and signs out, with clicks only', async () => {
    await expect.poll(status).toBe('Signed out')
    let wallet = await openWallet('Sign in with NEAR')
    await wallet.getByRole('button', { name: 'Decline' }).click()
    await expect.poll(status).toBe('The wallet declined the request.')

    wallet = await openWallet('Sign in with NEAR')
    await wallet.getByRole('radio', { name: 'alice.test' }).check()
    await wallet.getByRole('button', { name: 'Approve' }).click()
    await expect.poll(status).toBe('Signed in with alice.test')

    wallet = await openWallet('Link another account')
    await wallet.getByText('Link this account to alice.test at localhost:3000').waitFor()
    await wallet.getByRole('radio', { name: 'bob.test' }).check()
    await wallet.getByRole('button', { name: 'Approve' }).click()
    await expect.poll(status).toBe('Signed in with alice.test, bob.test')

    await page.getByRole('button', { name: 'Sign out' }).click()
    await expect.poll(status).toBe('Signed out')
    expect(await page.getByRole('button', { name: 'Sign in with NEAR' }).isVisible()).toBe(true)
  })
})
