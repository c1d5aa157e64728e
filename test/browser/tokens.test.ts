import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { clickForPopup, describeInChromium, openBrowser } from '../support/chromium'
import { freePort } from '../support/free-port'
import { startApiExample } from '../support/token-example'

describeInChromium('the page of example/api, on another origin', () => {
  const everything = new Cleanup()
  const cleanup = new Cleanup()
  let pageUrl: string
  let apiUrl: string
  let context: BrowserContext
  let page: Page
  /** The cookies that any response set, and the requests that carried one. */
  let cookies: string[]
  let bodies: string[]

  beforeAll(async () => {
    const ports = { WALLET_PORT: String(await freePort()), PAGE_PORT: String(await freePort()) }
    pageUrl = `http://localhost:${ports.PAGE_PORT}/`
    apiUrl = (await startApiExample(everything, { ...ports, ACCESS_TOKEN_LIFETIME: '4s' }, 'dev.js')).url
  }, 60_000)
  beforeEach(async () => {
    const browser = await openBrowser()
    cleanup.add(browser.close)
    context = browser.context
    ;[cookies, bodies] = [[], []]
    context.on('request', (request) => {
      if (!request.url().startsWith(apiUrl)) return
      bodies.push(request.postData() ?? '')
      if (request.headers().cookie) cookies.push(request.url())
    })
    page = await context.newPage()
    await page.goto(pageUrl)
  })
  afterEach(async () => {
    expect(cookies).toEqual([])
    expect(await context.cookies()).toEqual([])
    await cleanup.run()
  })
  afterAll(() => everything.run())

  const status = () => page.getByRole('status').innerText()
  const button = (name: string) => page.getByRole('button', { name, exact: true })
  const click = (name: string) => button(name).click()
  const openPopUp = (): Promise<Page> => clickForPopup(button('Sign in with a pop-up'))
  const approve = async (wallet: Page): Promise<void> => {
    await wallet.getByRole('radio', { name: 'alice.test' }).check()
    await wallet.getByRole('button', { name: 'Approve' }).click()
  }
  const isSignedIn = () => expect.poll(status).toBe('Signed in with alice.test')

  async function useAndSignOut(): Promise<void> {
    await click('Call the API')
    await isSignedIn()
    await click('Refresh')
    await expect.poll(status).toBe('Refreshed')
    await click('Call the API')
    await isSignedIn()
    await click('Sign out')
    await expect.poll(status).toBe('Signed out')
  }

  it('signs in by pop-up, calls the API, refreshes and signs out', async () => {
    await approve(await openPopUp())
    await isSignedIn()
    await useAndSignOut()
  })

  it('signs in by redirect: the tab keeps the verifier, and the address bar keeps no answer', async () => {
    await click('Sign in with a redirect')
    await page.waitForURL('**/sign-message**')
    await approve(page)
    await page.waitForURL(pageUrl)
    await isSignedIn()
    expect(page.url()).toBe(pageUrl)
    await useAndSignOut()
  })

  it('tells that the person declined, by pop-up and by redirect', async () => {
    await (await openPopUp()).getByRole('button', { name: 'Decline' }).click()
    await expect.poll(status).toBe('The wallet declined the request.')
    await click('Sign in with a redirect')
    await page.waitForURL('**/sign-message**')
    await page.getByRole('button', { name: 'Decline' }).click()
    await page.waitForURL(pageUrl)
    await expect.poll(status).toBe('The wallet declined the request.')
  })

  it('rejects an answer that was planted in a link, and the tab still signs in', async () => {
    const thief = await (await openBrowser()).context.newPage()
    cleanup.add(() => thief.context().close())
    await thief.goto(pageUrl)
    await thief.getByRole('button', { name: 'Sign in with a redirect' }).click()
    await thief.waitForURL('**/sign-message**')
    await thief.route(`${pageUrl}**`, (route) => route.fulfill({ body: 'stopped', contentType: 'text/html' }))
    await approve(thief)
    await thief.waitForURL(`${pageUrl}#**`)
    const planted = thief.url()

    const victim = await context.newPage()
    await victim.goto(planted)
    const message = 'There is no open challenge for this login'
    await expect.poll(() => victim.getByRole('status').innerText()).toContain(message)
    expect(bodies.at(-1)).not.toContain('codeVerifier')
    await approve(await openPopUp())
    await isSignedIn()
  })

  it('renews an access token that has expired, by itself', async () => {
    await approve(await openPopUp())
    await isSignedIn()
    const renewals = () =>
      bodies.filter((body) => body.includes('refreshToken') && !body.includes('accountId')).length
    const callAndCount = async (): Promise<number> => {
      await click('Call the API')
      return renewals()
    }
    await expect.poll(callAndCount).toBe(1)
    await isSignedIn()
  })
})
