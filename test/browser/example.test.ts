import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { clickForPopup, describeInChromium, openBrowser, picture } from '../support/chromium'
import { startExample, type Example } from '../support/example'
import { startRewritingProxy } from '../support/proxy'

describeInChromium('the example', () => {
  let dataDirectory: string
  let example: Example
  let context: BrowserContext
  let close: () => Promise<void>
  let page: Page

  beforeAll(async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), 'passport-near-example-'))
    example = await startExample(dataDirectory)
  })
  afterAll(async () => {
    await example.stop()
    await rm(dataDirectory, { recursive: true, force: true })
  })
  beforeEach(() => visit())
  afterEach(() => close())

  async function visit(options: Parameters<typeof openBrowser>[0] = {}): Promise<void> {
    ;({ context, close } = await openBrowser(options))
    page = await context.newPage()
    await page.goto(example.url)
  }

  const signInButton = (window: Page): Locator => window.getByRole('button', { name: 'Sign in with NEAR' })

  /** Clicks a button of the site and returns the wallet's window. */
  async function openWallet(button: string | RegExp): Promise<Page> {
    const wallet = await clickForPopup(page.getByRole('button', { name: button }))
    await wallet.getByRole('heading', { name: 'Sign this message?' }).waitFor()
    return wallet
  }

  async function approve(wallet: Page, accountId: string): Promise<void> {
    await wallet.getByLabel(accountId).check()
    await wallet.getByRole('button', { name: 'Approve' }).click()
  }

  async function signIn(accountId: string): Promise<void> {
    await approve(await openWallet('Sign in with NEAR'), accountId)
    await page.getByRole('heading', { level: 1, name: accountId }).waitFor()
  }

  const sessionCookie = async (): Promise<string | undefined> =>
    (await context.cookies(example.url)).find(({ name }) => name === 'example.sid')?.value

  const status = (): ReturnType<Page['getByRole']> => page.getByRole('status')

  it('signs in, shows the account page, and signs out', async () => {
    await picture(page, 'sign-in')
    const wallet = await openWallet('Sign in with NEAR')
    const before = await sessionCookie()
    expect(await wallet.locator('[data-recipient]').innerText()).toBe(new URL(example.url).host)
    expect(await wallet.locator('[data-message]').innerText()).toBe(`Sign in to ${new URL(example.url).host}`)
    expect(new URL(wallet.url()).origin).toBe(example.walletUrl)
    await picture(wallet, 'wallet-approve')
    await approve(wallet, 'alice.test')

    await page.waitForURL(`${example.url}/account`)
    await page.getByRole('heading', { level: 1, name: 'alice.test' }).waitFor()
    await expect.poll(() => wallet.isClosed()).toBe(true)
    expect(await sessionCookie()).not.toBe(before)
    await picture(page, 'account')

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Sign in with NEAR' }).waitFor()
    await page.goto(`${example.url}/account`)
    expect(page.url()).toBe(`${example.url}/`)
  })

  it('reports that the person declined, and offers another attempt', async () => {
    const wallet = await openWallet('Sign in with NEAR')
    await wallet.getByRole('button', { name: 'Decline' }).click()
    await status().getByText('You did not approve the request in your wallet, so nothing happened.').waitFor()
    await expect.poll(() => wallet.isClosed()).toBe(true)
    await picture(page, 'refused')
    await signIn('alice.test')
  })

  it('reports a wallet window that was closed without a response', async () => {
    const wallet = await openWallet('Sign in with NEAR')
    await wallet.close()
    await status().getByText('The wallet’s window was closed before you approved.').waitFor()
    await signIn('alice.test')
  })

  it('reports a pop-up that the browser blocked', async () => {
    await page.evaluate('window.open = () => null')
    await page.getByRole('button', { name: 'Sign in with NEAR' }).click()
    await status().getByText('Allow pop-ups for this site, then try again.').waitFor()
    await picture(page, 'blocked')
  })

  it('reports a site that cannot be reached', async () => {
    const wallet = await openWallet('Sign in with NEAR')
    await context.route(`${example.url}/**`, (route) => route.abort())
    await approve(wallet, 'alice.test')
    await status().getByText('Check your connection, then try again.').waitFor()
    await context.unroute(`${example.url}/**`)
    await signIn('alice.test')
  })

  it('ignores a response from a window that is not the wallet', async () => {
    const wallet = await openWallet('Sign in with NEAR')
    await page.evaluate(
      "window.postMessage({ status: 'success', signedRequest: { accountId: 'x', publicKey: 'y', signature: 'z' } }, '*')",
    )
    await approve(wallet, 'bob.test')
    await page.getByRole('heading', { level: 1, name: 'bob.test' }).waitFor()
  })

  it('links a second account, confirms it on the page, and either account then signs in', async () => {
    await signIn('carol.test')
    const wallet = await openWallet('Link another NEAR account')
    expect(await wallet.locator('[data-message]').innerText()).toBe(
      `Link this NEAR account to carol.test at ${new URL(example.url).host}`,
    )
    await picture(wallet, 'wallet-link')
    // Other tests may have made alice and bob users already; only this test links dave.
    await approve(wallet, 'dave.test')
    await page.locator('.accounts').getByText('dave.test').waitFor()
    await status().getByText('dave.test is linked. You can sign in with it from now on.').waitFor()
    expect(await page.locator('.accounts strong').allInnerTexts()).toEqual(['carol.test', 'dave.test'])
    await picture(page, 'account-linked')

    await page.getByRole('button', { name: 'Sign out' }).click()
    await approve(await openWallet('Sign in with NEAR'), 'dave.test')
    await page.getByRole('heading', { level: 1, name: 'carol.test' }).waitFor()
  })

  it('unlinks an account and confirms it on the page, but keeps the last way to sign in', async () => {
    await signIn('carol.test')
    const linked = await page.locator('.accounts strong').allInnerTexts()
    if (!linked.includes('dave.test')) {
      await approve(await openWallet('Link another NEAR account'), 'dave.test')
      await page.locator('.accounts').getByText('dave.test').waitFor()
    }
    const stale = await context.newPage()
    await stale.goto(`${example.url}/account`)
    await page.getByRole('button', { name: 'Unlink dave.test' }).click()
    await status().getByText('dave.test is no longer linked.').waitFor()
    await picture(page, 'account-unlinked')
    expect(await page.locator('.accounts strong').allInnerTexts()).toEqual(['carol.test'])
    expect(await page.getByRole('button', { name: /^Unlink/ }).count()).toBe(0)
    // A tab that was opened earlier still has the button.
    await stale.getByRole('button', { name: 'Unlink carol.test' }).click()
    await stale.getByText('This NEAR account is your only way to sign in').waitFor()
    await picture(stale, 'last-way-in')
    await stale.getByRole('link', { name: 'Back to the start' }).click()
    await stale.getByRole('heading', { level: 1, name: 'carol.test' }).waitFor()
  })

  it('links nothing for a tab of another user who signed out, and that tab shows the reason', async () => {
    await signIn('bob.test')
    // The first user requests the challenge and does not respond to it yet.
    const heldBack = await openWallet('Link another NEAR account')
    const other = await context.newPage()
    await other.goto(`${example.url}/account`)
    await other.getByRole('button', { name: 'Sign out' }).click()
    await approve(await clickForPopup(signInButton(other)), 'alice.test')
    await other.getByRole('heading', { level: 1, name: 'alice.test' }).waitFor()
    const before = await other.locator('.accounts strong').allInnerTexts()

    await approve(heldBack, 'erin.test')
    await status().getByText('This request is no longer valid.').waitFor()
    await picture(page, 'stale-tab')
    await other.reload()
    expect(await other.locator('.accounts strong').allInnerTexts()).toEqual(before)
    expect(before).not.toContain('erin.test')
  })

  it('names the new user in the wallet when a tab of the user before links an account', async () => {
    await signIn('bob.test')
    const other = await context.newPage()
    await other.goto(`${example.url}/account`)
    await other.getByRole('button', { name: 'Sign out' }).click()
    await approve(await clickForPopup(signInButton(other)), 'alice.test')
    await other.getByRole('heading', { level: 1, name: 'alice.test' }).waitFor()
    const wallet = await openWallet('Link another NEAR account')
    expect(await wallet.locator('[data-message]').innerText()).toContain(
      'Link this NEAR account to alice.test at',
    )
  })

  it('signs in behind a proxy that replaces the header Host, with SITE_URL', async () => {
    const cleanup = new Cleanup()
    const directory = await mkdtemp(join(tmpdir(), 'passport-near-example-'))
    let behind: Example | undefined
    try {
      const proxy = await startRewritingProxy(cleanup, () => behind!.url)
      // An account is changed within 3 seconds of a login, and a key is asked about each time.
      const guards = { RECENT_LOGIN: '3000', KEY_CHECK_INTERVAL: '1' }
      behind = await startExample(directory, { SITE_URL: proxy.url, ...guards })
      await page.goto(proxy.url)
      const wallet = await openWallet('Sign in with NEAR')
      expect(await wallet.locator('[data-recipient]').innerText()).toBe(new URL(proxy.url).host)
      await approve(wallet, 'alice.test')
      await page.waitForURL(`${proxy.url}/account`)
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.getByRole('link', { name: 'Continue in this window instead' }).click()
      await approve(page, 'bob.test')
      await page.getByRole('heading', { level: 1, name: 'bob.test' }).waitFor()
      expect(page.url()).toBe(`${proxy.url}/account`)

      // Linking needs a recent login.
      await page.waitForTimeout(3100)
      await page.getByRole('button', { name: 'Link another NEAR account' }).click()
      await status().getByText('You signed in a while ago. Sign in again, then repeat this change.').waitFor()
      await picture(page, 'login-too-old')

      // A key that its owner removes in the wallet ends the session.
      const keys = await context.newPage()
      await keys.goto(behind.walletUrl)
      await keys.getByText('Remove a key').click()
      await keys.getByRole('button', { name: 'Remove the key of bob.test' }).click()
      await keys.getByText('Remove a key').click()
      await keys.getByRole('button', { name: 'Add the key again: bob.test' }).waitFor()
      await page.reload()
      await page.getByRole('button', { name: 'Sign in with NEAR' }).waitFor()
      await keys.getByRole('button', { name: 'Add the key again: bob.test' }).click()
      await keys.getByText('Remove a key').click()
      await keys.getByRole('button', { name: 'Remove the key of bob.test' }).waitFor()
      await page.reload()
      await page.getByRole('button', { name: 'Sign in with NEAR' }).waitFor()
    } finally {
      await behind?.stop()
      await cleanup.run()
      await rm(directory, { recursive: true, force: true })
    }
  })

  it('sends a pretend payment that the wallet shows and the person approves, and nothing else', async () => {
    await signIn('carol.test')
    const payments = (): Promise<string[]> => page.locator('.payments li').allInnerTexts()
    const before = await payments()
    await page.getByLabel('Amount in NEAR').fill('25')
    await page.getByLabel('Receiver').fill('bob.test')
    const declined = await openWallet('Send')
    expect(await declined.locator('[data-message]').innerText()).toBe('Send 25 NEAR to bob.test')
    await declined.getByRole('button', { name: 'Decline' }).click()
    await status().getByText('so nothing happened.').waitFor()
    expect(await payments()).toEqual(before)

    // Another account than one of the user's, and another amount than the approved one.
    await approve(await openWallet('Send'), 'alice.test')
    await status().getByText('Another account approved this than one of yours here').waitFor()
    await context.route(`${example.url}/payments`, (route) =>
      route.continue({ postData: route.request().postData()!.replace('"25"', '"26"') }),
    )
    await approve(await openWallet('Send'), 'carol.test')
    await status().getByText('What you approved in your wallet is not what was about to be done').waitFor()
    await context.unroute(`${example.url}/payments`)
    expect(await payments()).toEqual(before)

    await approve(await openWallet('Send'), 'carol.test')
    await status().getByText('Sent 25 NEAR to bob.test.').waitFor()
    await picture(page, 'payment')
    expect(await payments()).toEqual(['25 NEAR to bob.test, confirmed by carol.test', ...before])
  })

  it("does not link another user's account, and shows what to do", async () => {
    await signIn('bob.test')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await signIn('alice.test')
    await approve(await openWallet('Link another NEAR account'), 'bob.test')
    await status().getByText('This NEAR account belongs to another user here.').waitFor()
    expect(await page.locator('.accounts strong').allInnerTexts()).toEqual(['alice.test'])
    await picture(page, 'account-taken')
  })

  it("continues in the wallet's window when the page behind it was reloaded", async () => {
    await signIn('bob.test')
    const wallet = await openWallet('Link another NEAR account')
    await page.reload()
    await approve(wallet, 'carol.test')
    // The reloaded page does not close the window. After 3 seconds it returns to the account page, which
    // posts the response.
    await wallet.getByText('belongs to another user here').waitFor()
    expect(wallet.url()).toBe(`${example.url}/account`)
  })

  it('signs in with a password as well, and links a NEAR account to that user', async () => {
    await page.getByText('Use a password instead').click()
    await page.getByLabel('User name').fill('demo')
    await page.getByLabel('Password', { exact: true }).fill('wrong')
    await page.getByRole('button', { name: 'Sign in with a password' }).click()
    await page.getByText('Wrong user name or password. Try again.').waitFor()
    await picture(page, 'password-wrong')
    await page.getByLabel('User name').fill('demo')
    await page.getByLabel('Password', { exact: true }).fill('near-demo')
    await page.getByRole('button', { name: 'Sign in with a password' }).click()
    await page.getByRole('heading', { level: 1, name: 'demo' }).waitFor()
    await approve(await openWallet(/^Link (a|another) NEAR account$/), 'erin.test')
    await page.locator('.accounts').getByText('erin.test').waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await approve(await openWallet('Sign in with NEAR'), 'erin.test')
    await page.getByRole('heading', { level: 1, name: 'demo' }).waitFor()
  })

  it('lets two tabs complete their logins', async () => {
    const other = await context.newPage()
    await other.goto(example.url)
    const first = await openWallet('Sign in with NEAR')
    const second = await clickForPopup(signInButton(other))
    await approve(first, 'alice.test')
    await page.getByRole('heading', { level: 1, name: 'alice.test' }).waitFor()
    await approve(second, 'bob.test')
    await other.getByRole('heading', { level: 1, name: 'bob.test' }).waitFor()
  })

  describe('without a script of the site: to the wallet in the same window, and back', () => {
    const goToWallet = async (): Promise<void> => {
      await page.getByRole('link', { name: 'Continue in this window instead' }).click()
      await page.waitForURL(`${example.walletUrl}/sign-message**`)
    }

    it('signs in', async () => {
      await goToWallet()
      await approve(page, 'alice.test')
      await page.getByRole('heading', { level: 1, name: 'alice.test' }).waitFor()
      expect(page.url()).toBe(`${example.url}/account`)
    })

    it('reports that the person declined, and offers another attempt', async () => {
      await goToWallet()
      await page.getByRole('button', { name: 'Decline' }).click()
      await status().getByText('so nothing happened. You can try again at any time.').waitFor()
      await picture(page, 'redirect-refused')
      await goToWallet()
      await approve(page, 'alice.test')
      await page.waitForURL(`${example.url}/account`)
    })

    it('completes after a reload if the site was down', async () => {
      await goToWallet()
      await page.route(`${example.url}/**`, (route) => route.abort('internetdisconnected'))
      await approve(page, 'alice.test')
      await expect.poll(() => page.url()).toContain('chrome-error')
      await page.unroute(`${example.url}/**`)
      await page.reload()
      await page.waitForURL(`${example.url}/account`)
    })

    it('shows no text from its URL as its own', async () => {
      await page.goto(`${example.url}/?problem=Call+%2B1+555+now`)
      expect(await page.locator('body').innerText()).not.toContain('555')
    })
  })

  it("fits a phone's width, in the light and the dark scheme", async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await close()
      await visit({
        viewport: { width: 360, height: 740 },
        colorScheme,
        deviceScaleFactor: 2,
        hasTouch: true,
      })
      await picture(page, `phone-${colorScheme}-sign-in`)
      const wallet = await openWallet('Sign in with NEAR')
      await picture(wallet, `phone-${colorScheme}-wallet`)
      for (const view of [page, wallet]) {
        expect(await view.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
      }
      await approve(wallet, 'alice.test')
      await page.getByRole('heading', { level: 1, name: 'alice.test' }).waitFor()
      await picture(page, `phone-${colorScheme}-account`)
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    }
  })

  it('reports that the request expired while the wallet was open, and offers another attempt', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'passport-near-example-'))
    const hasty = await startExample(directory, { CHALLENGE_MAX_AGE: '1' })
    try {
      await page.goto(hasty.url)
      const wallet = await openWallet('Sign in with NEAR')
      await approve(wallet, 'alice.test')
      await status()
        .getByText('The request has expired. Try again, and approve it within a few minutes.')
        .waitFor()
      await picture(page, 'expired')
      await page.getByRole('link', { name: 'Continue in this window instead' }).click()
      await approve(page, 'alice.test')
      await status()
        .getByText('The request has expired. Try again, and approve it within a few minutes.')
        .waitFor()
      await page.getByRole('button', { name: 'Sign in with NEAR' }).waitFor()
    } finally {
      await hasty.stop()
      await rm(directory, { recursive: true, force: true })
    }
  })

  it("offers near-connect's wallets on a real network, and its policy lets their code run", async () => {
    const directory = await mkdtemp(join(tmpdir(), 'passport-near-example-'))
    const real = await startExample(directory, { NEAR_NETWORK: 'testnet' })
    const refused: string[] = []
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) refused.push(message.text())
    })
    try {
      // The tests have no internet connection: near-connect's manifest names the development wallet instead.
      const manifest = await (await fetch(`${example.walletUrl}/near-connect/manifest.json`)).text()
      const code = await (await fetch(`${example.walletUrl}/near-connect/executor.js`)).text()
      const { wallets } = JSON.parse(manifest) as { wallets: { executor: string }[] }
      wallets[0]!.executor = 'https://wallet.example.com/executor.js'
      const headers = { 'access-control-allow-origin': '*' }
      await context.route('https://raw.githubusercontent.com/**', (route) =>
        route.fulfill({ json: { version: '1.0.0', wallets }, headers }),
      )
      await context.route('https://wallet.example.com/**', (route) =>
        route.fulfill({ body: code, contentType: 'text/javascript', headers }),
      )
      await page.goto(real.url)
      await page.getByRole('button', { name: 'Sign in with NEAR' }).click()
      const wallet = await clickForPopup(page.getByText('Development wallet'))
      await picture(page, 'real-wallets')
      await wallet.getByRole('button', { name: 'Decline' }).click()
      await status().getByText('You did not approve the request in your wallet').waitFor()
      expect(refused).toEqual([])
      const response = await page.request.get(`${real.url}/login/near`, { maxRedirects: 0 })
      expect(response.headers().location).toContain('https://testnet.mynearwallet.com/sign-message?')
    } finally {
      await real.stop()
      await rm(directory, { recursive: true, force: true })
    }
  })

  it('keeps its users across a restart and a crash', async () => {
    await signIn('carol.test')
    const linked = await page.locator('.accounts strong').allInnerTexts()
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      expect(await example.stop(signal)).toBe(signal === 'SIGTERM' ? 0 : null)
      example = await startExample(dataDirectory)
      await page.goto(example.url)
      await signIn('carol.test')
      expect(await page.locator('.accounts strong').allInnerTexts()).toEqual(linked)
    }
  })
})
