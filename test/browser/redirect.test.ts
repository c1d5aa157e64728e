import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Cleanup, type TestAppOptions } from '../support/app'
import { describeInChromium, openBrowser, picture } from '../support/chromium'
import { approve, bundle, result, startSite, type Site } from '../support/site'

const cleanup = new Cleanup()
let context: BrowserContext
let page: Page
let site: Site
/** The URLs, referrers and bodies of all requests except the login request. */
let requested: string[]

beforeEach(async () => {
  const browser = await openBrowser()
  cleanup.add(browser.close)
  context = browser.context
  page = await context.newPage()
  requested = []
  page.on('request', (request) => {
    requested.push(request.url(), request.headers().referer ?? '')
    if (request.method() === 'POST' && !request.url().includes('/login/near'))
      requested.push(request.postData() ?? '')
  })
})
afterEach(() => cleanup.run())

/** Everything that the browser stores about the pages of this tab. */
async function history(): Promise<string[]> {
  const session: CDPSession = await context.newCDPSession(page)
  const { entries } = await session.send('Page.getNavigationHistory')
  return entries.map(({ url }) => url)
}

/**
 * No part of the response is where other sites or scripts can read it. The wallet's own page is not checked.
 */
async function expectNoTrace(): Promise<void> {
  expect(page.url()).not.toContain('signature')
  for (const place of [
    ...(await history()),
    ...requested.filter((text) => !text.startsWith(`${site.walletUrl}/`)),
  ]) {
    expect(place).not.toMatch(/signature=|publicKey=|ed25519/)
  }
  expect(await page.evaluate('[location.hash, document.referrer].join()')).not.toMatch(/signature|ed25519/)
}

const signedIn = { outcome: 'signed-in', reply: { id: 'alice.test' } }

describeInChromium('a page whose wallet replaces it in the window', () => {
  async function open(options: TestAppOptions & { callbackUrl?: string } = {}): Promise<void> {
    site = await startSite(cleanup, await bundle('redirecting-wallet'), options)
    await page.goto(site.url)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(`${site.walletUrl}/sign-message**`)
  }

  it('signs in when the wallet returns, and leaves no trace of the response', async () => {
    await open()
    await approve(page)
    await expect.poll(() => result(page)).toMatchObject(signedIn)
    expect(page.url()).toBe(`${site.url}/`)
    await expectNoTrace()
  })

  it('signs in on a callback URL with a query and a hash, which is signed unchanged', async () => {
    await open({ callbackUrl: '/elsewhere?next=%2Fa%20b&x=1#part' })
    await approve(page)
    await expect.poll(() => result(page)).toMatchObject(signedIn)
    expect(page.url()).toBe(`${site.url}/elsewhere?next=%2Fa%20b&x=1`)
    await expectNoTrace()
  })

  it('reports that the person declined, and signs in at the second attempt', async () => {
    await open()
    await page.getByRole('button', { name: 'Decline' }).click()
    await expect.poll(() => result(page)).toEqual({ outcome: 'refused' })
    expect(page.url()).toBe(`${site.url}/`)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await approve(page)
    await expect.poll(() => result(page)).toMatchObject(signedIn)
  })

  it('reports a challenge that expired while the wallet was open', async () => {
    await open({ near: { challengeMaxAge: 1 } })
    await approve(page)
    await expect
      .poll(() => result(page))
      .toMatchObject({ outcome: 'failed', code: 'ERR_NEAR_CHALLENGE_EXPIRED' })
  })

  it("signs in within the wallet's window if the page behind it is gone", async () => {
    await open()
    const address = page.url()
    await page.goto(`${site.url}/elsewhere`)
    const [popup] = await Promise.all([
      context.waitForEvent('page'),
      page.evaluate((url) => void window.open(url), address),
    ])
    await approve(popup)
    // No page closes the window. After three seconds the wallet goes to the callback URL, with a signature
    // over no callback URL.
    await expect.poll(() => result(popup)).toMatchObject(signedIn)
    expect(popup.url()).toBe(`${site.url}/`)
  })
})

/** The routes of a sign-in without front-end code. */
const routes: NonNullable<TestAppOptions['routes']> = (app, passport, near) => {
  app.get('/login/near', passport.authenticate('near') as never)
  app.get('/login/near/callback', near.callbackPage())
  app.post(
    '/login/near/callback',
    passport.authenticate('near', { successRedirect: '/me', failureRedirect: '/?failed' }) as never,
  )
}
const callbackUrl = '/login/near/callback'

for (const sameSite of ['lax', 'strict'] as const) {
  describeInChromium(`a site without front-end code, its cookie SameSite=${sameSite}`, () => {
    const me = async (): Promise<string> => page.locator('body').innerText()

    beforeEach(async () => {
      site = await startSite(cleanup, '', { routes, callbackUrl, cookie: { sameSite } })
      await page.goto(`${site.url}/login/near`)
      await page.waitForURL(`${site.walletUrl}/sign-message**`)
    })

    it('signs in, and leaves no trace of the response', async () => {
      await approve(page)
      await page.waitForURL(`${site.url}/me`)
      expect(await me()).toContain('alice.test')
      await expectNoTrace()
    })

    it('goes to failureRedirect after the person declined', async () => {
      await page.getByRole('button', { name: 'Decline' }).click()
      await page.waitForURL(`${site.url}/?failed`)
    })

    it('shows that nothing is left to do when the callback page is reloaded or revisited', async () => {
      await approve(page)
      await page.waitForURL(`${site.url}/me`)
      const requests = site.network.requestCount
      await page.goto(`${site.url}/login/near/callback`)
      await page.getByText('There is nothing left to do here.').waitFor()
      await page.reload()
      await page.getByText('There is nothing left to do here.').waitFor()
      await picture(page, 'callback-nothing')
      await page.getByRole('link', { name: 'Continue' }).click()
      await page.waitForURL(`${site.url}/`)
      expect(site.network.requestCount).toBe(requests)
      await page.goto(`${site.url}/me`)
      expect(await me()).toContain('alice.test')
    })

    it('is still signed in after the back button, and sends nothing again', async () => {
      await approve(page)
      await page.waitForURL(`${site.url}/me`)
      const requests = site.network.requestCount
      await page.goBack()
      // Either the callback page, which has nothing left to do, or the wallet's page before it.
      const callback = page.url().startsWith(site.url)
      if (callback) await page.getByText('There is nothing left to do here.').waitFor()
      else await page.getByRole('heading', { name: 'Sign this message?' }).waitFor()
      expect(site.network.requestCount).toBe(requests)
      await page.goto(`${site.url}/me`)
      expect(await me()).toContain('alice.test')
    })

    it('rejects a second approval after the back button, because the challenge is already used', async () => {
      const address = page.url()
      await approve(page)
      await page.waitForURL(`${site.url}/me`)
      await page.goto(address)
      await approve(page)
      await page.waitForURL(`${site.url}/?failed`)
    })

    it('lets two tabs complete their logins, each with its own challenge', async () => {
      const other = await context.newPage()
      await other.goto(`${site.url}/login/near`)
      await approve(page, 'alice.test')
      await page.waitForURL(`${site.url}/me`)
      await approve(other, 'bob.test')
      await other.waitForURL(`${site.url}/me`)
      expect(await other.locator('body').innerText()).toContain('bob.test')
    })

    it('completes after a lost network on the way back, once the page is reloaded', async () => {
      await page.route(`${site.url}/**`, (route) => route.abort('internetdisconnected'))
      await approve(page)
      await expect.poll(() => page.url()).toContain('chrome-error')
      await page.unroute(`${site.url}/**`)
      await page.reload()
      await page.waitForURL(`${site.url}/me`)
      expect(await me()).toContain('alice.test')
      await expectNoTrace()
    })
  })
}

describeInChromium('the callback page', () => {
  const answer = '#accountId=alice.test&signature=AAAA&publicKey=ed25519%3Ax&'

  it('waits while the browser is offline, shows it, and continues without a reload', async () => {
    site = await startSite(cleanup, '', { routes, callbackUrl })
    await page.addInitScript(() => {
      Object.defineProperty(navigator, 'onLine', { get: () => false })
    })
    await page.goto(`${site.url}/login/near/callback${answer}`)
    await page.getByText('You are offline.').waitFor()
    expect(page.url()).toBe(`${site.url}/login/near/callback`)
    await picture(page, 'callback-offline')
    await page.evaluate(() => window.dispatchEvent(new Event('online')))
    await page.waitForURL(`${site.url}/?failed`)
  })

  it('sends the response once, to the path without its query, and shows that it is busy', async () => {
    site = await startSite(cleanup, '', { routes, callbackUrl })
    await page.addInitScript(() => {
      Object.defineProperty(navigator, 'onLine', { get: () => false })
      // The page while the server works: Playwright cannot read a page that is about to be replaced.
      HTMLFormElement.prototype.submit = function () {
        document.title += ` ${this.method} ${this.action}`
      }
    })
    await page.goto(`${site.url}/login/near/callback?next=%2Fa%20b${answer}`)
    await page.getByText('You are offline.').waitFor()
    const address = `${site.url}/login/near/callback?next=%2Fa%20b`
    expect(page.url()).toBe(address)
    await page.evaluate('dispatchEvent(new Event("online")); dispatchEvent(new Event("online"))')
    expect(await page.title()).toBe(`Signing in post ${site.url}/login/near/callback`)
    const busy = page.getByText('Signing you in…')
    expect(await busy.isVisible()).toBe(true)

    // A resource that the page's policy blocks, such as an extension's picture, does not end the login.
    const refused = page.waitForEvent('console', (message) =>
      message.text().includes('Content Security Policy'),
    )
    await page.evaluate(
      'document.body.append(Object.assign(new Image(), { src: "https://evil.example.com/x.png" }))',
    )
    await refused
    expect(await busy.isVisible()).toBe(true)

    // The browser restores the page from its back/forward cache.
    await page.evaluate('dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))')
    await page.getByText('There is nothing left to do here.').waitFor()
    expect(await page.locator('input').count()).toBe(0)
  })

  it('shows what to do when scripts are off, and keeps the response for the reload', async () => {
    site = await startSite(cleanup, '', { routes, callbackUrl })
    const without = await openBrowser({ javaScriptEnabled: false })
    cleanup.add(without.close)
    const plain = await without.context.newPage()
    await plain.goto(`${site.url}/login/near/callback${answer}`)
    expect(await plain.locator('noscript p').isVisible()).toBe(true)
    expect(await plain.locator('noscript p').innerText()).toContain(
      'Turn on JavaScript for this site and reload',
    )
    expect(plain.url()).toContain('#accountId=')
    expect(await plain.getByText('Signing you in').isVisible()).toBe(false)
    await picture(plain, 'callback-without-scripts')
  })

  it.each([
    ["the browser goes there if the page's policy lists it", true],
    ['the visitor sees that nothing is left to do if the policy does not list it', false],
  ])('after a redirect to another origin, %s', async (_, isNamed) => {
    site = await startSite(cleanup, '', {
      callbackUrl,
      routes(app, _passport, near) {
        app.get('/login/near/callback', (req, res, next) =>
          near.callbackPage(isNamed ? { redirectOrigins: [site.walletUrl] } : {})(req, res, next),
        )
        app.post('/login/near/callback', (_req, res) => res.redirect(`${site.walletUrl}/`))
      },
    })
    await page.goto(`${site.url}/login/near/callback${answer}`, { waitUntil: 'commit' })
    if (isNamed) await page.waitForURL(`${site.walletUrl}/`)
    else await page.getByText('There is nothing left to do here.').waitFor()
  })

  it('runs no script from the response', async () => {
    site = await startSite(cleanup, '', { routes, callbackUrl })
    const messages: string[] = []
    page.on('dialog', (dialog) => {
      messages.push(dialog.message())
      void dialog.dismiss()
    })
    const script = encodeURIComponent('"><img src=x onerror=alert(1)><script>alert(2)</script>')
    await page.goto(`${site.url}/login/near/callback?next=${script}#error=${script}&state=${script}`)
    await page.waitForURL(`${site.url}/?failed`)
    expect(messages).toEqual([])
  })
})
