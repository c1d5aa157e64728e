import { readFileSync } from 'node:fs'
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { NearStrategy } from 'passport-near'
import { developmentWallet, TestNetwork } from 'passport-near/testing'
import type { BrowserContext, Page } from 'playwright-core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Cleanup, listen } from '../support/app'
import { clickForPopup, describeInChromium, openBrowser, picture } from '../support/chromium'
import { result } from '../support/site'

const cleanup = new Cleanup()
let context: BrowserContext
let page: Page
let network: TestNetwork
let site: string
let walletUrl: string

beforeEach(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  // The wallet is on localhost, so it is another site than 127.0.0.1 to the browser.
  const wallet = await listen(express().use(developmentWallet(network)), cleanup)
  walletUrl = wallet.url.replace('127.0.0.1', 'localhost')
  site = await startNewcomersApp()
  const browser = await openBrowser({ viewport: { width: 440, height: 800 } })
  cleanup.add(browser.close)
  context = browser.context
  page = await context.newPage()
})
afterEach(() => cleanup.run())

/** The application from the README: a real Express, Passport and express-session. */
async function startNewcomersApp(): Promise<string> {
  const { url, server } = await listen(undefined, cleanup)
  const near = new NearStrategy(
    {
      recipient: new URL(url).host,
      rpc: network.rpcUrl,
      walletUrl,
      callbackUrl: `${url}/login/near/callback`,
    },
    (profile, done) => done(null, { id: profile.accountId }),
  )
  const authenticator = new passport.Passport() as unknown as passport.PassportStatic
  authenticator.use(near)
  authenticator.serializeUser((user, done) => done(null, user.id))
  authenticator.deserializeUser((id: string, done) => done(null, { id }))
  const authenticate = authenticator.authenticate('near') as express.RequestHandler
  const app = express()
  app.use(express.json(), express.urlencoded({ extended: false }))
  app.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false }))
  app.use(authenticator.session())
  app.get('/', (_req, res) => void res.type('html').send(PAGE))
  app.get('/client.js', (_req, res) => void res.type('js').send(readFileSync('dist/client/index.mjs')))
  app.get('/me', (req, res) => void res.json(req.user ?? null))
  app.get('/login/near', authenticate)
  app.get('/login/near/challenge', near.challengeHandler())
  app.post('/login/near', authenticate, (req, res) => void res.json(req.user))
  app.get('/login/near/callback', near.callbackPage())
  app.post(
    '/login/near/callback',
    authenticator.authenticate('near', {
      successRedirect: '/me',
      failureRedirect: '/?failed',
    }) as express.RequestHandler,
  )
  server.on('request', app)
  return url
}

const PAGE = `<!doctype html><title>Site</title>
<button>Sign in</button> <a href="/login/near">Sign in here</a> <output id="result"></output>
<script type="module">
import { signIn } from '/client.js'
const WALLET = new URLSearchParams(location.search).get('wallet')

function signMessage({ message, recipient, nonce, callbackUrl }) {
  const query = { message, recipient, nonce: btoa(String.fromCharCode(...nonce)), callbackUrl }
  const popup = open(WALLET + '/sign-message?' + new URLSearchParams(query), 'wallet', 'popup,width=440,height=800')
  return new Promise((resolve) => {
    addEventListener('message', function answer({ origin, source, data }) {
      if (origin !== WALLET || source !== popup) return
      removeEventListener('message', answer)
      popup.close()
      resolve(data.signedRequest ?? null)
    })
  })
}
document.querySelector('button').onclick = async () => {
  const result = await signIn(signMessage, { challengeUrl: '/login/near/challenge', loginUrl: '/login/near' })
  document.querySelector('#result').textContent = JSON.stringify(result)
}
document.querySelector('button').dataset.ready = ''
</script>`

const open = async (): Promise<void> => {
  await page.goto(`${site}/?${new URLSearchParams({ wallet: walletUrl })}`)
  await page.locator('button[data-ready]').waitFor()
}
const approve = (wallet: Page): Promise<void> => wallet.getByRole('button', { name: 'Approve' }).click()
const decline = (wallet: Page): Promise<void> => wallet.getByRole('button', { name: 'Decline' }).click()

describeInChromium('a new application with the development wallet, by pop-up', () => {
  beforeEach(open)

  it('signs in on approval', async () => {
    await network.createAccount('alice.test')
    await network.createAccount('bob.test')
    const wallet = await clickForPopup(page.getByRole('button', { name: 'Sign in' }))
    await wallet.getByRole('heading', { name: 'Sign this message?' }).waitFor()
    expect(await wallet.locator('[data-recipient]').innerText()).toBe(new URL(site).host)
    expect(await wallet.locator('[data-message]').innerText()).toBe(`Sign in to ${new URL(site).host}`)
    expect(await wallet.locator('[data-site]').innerText()).toBe(site)
    await picture(wallet, 'development-wallet-approve')
    await wallet.getByLabel('bob.test').check()
    await approve(wallet)
    await expect.poll(() => result(page)).toMatchObject({ outcome: 'signed-in', reply: { id: 'bob.test' } })
    expect(await page.evaluate('fetch("/me").then((response) => response.json())')).toEqual({
      id: 'bob.test',
    })
  })

  it('reports that the person declined', async () => {
    await network.createAccount('alice.test')
    await decline(await clickForPopup(page.getByRole('button', { name: 'Sign in' })))
    await expect.poll(() => result(page)).toMatchObject({ outcome: 'refused' })
    expect(network.requestCount).toBe(0)
  })

  it('signs in with an account that the person creates in the wallet', async () => {
    const wallet = await clickForPopup(page.getByRole('button', { name: 'Sign in' }))
    expect(await wallet.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true)
    await wallet.getByLabel('Account id').fill('Not an id')
    await wallet.getByRole('button', { name: 'Create' }).click()
    await wallet.getByText('an account id has 2 to 64').waitFor()
    await picture(wallet, 'development-wallet-no-account')
    await wallet.getByLabel('Account id').fill('newcomer.test')
    await wallet.getByRole('button', { name: 'Create' }).click()
    await wallet.getByLabel('newcomer.test').waitFor()
    await approve(wallet)
    await expect
      .poll(() => result(page))
      .toMatchObject({ outcome: 'signed-in', reply: { id: 'newcomer.test' } })
  })

  it('selects the account that was created last', async () => {
    await network.createAccount('alice.test')
    const wallet = await clickForPopup(page.getByRole('button', { name: 'Sign in' }))
    await wallet.getByText('Create an account').click()
    await wallet.getByLabel('Account id').fill('newcomer.test')
    await wallet.getByRole('button', { name: 'Create' }).click()
    await wallet.getByLabel('newcomer.test').waitFor()
    expect(await wallet.getByLabel('newcomer.test').isChecked()).toBe(true)
  })

  it('gets a response from the wallet after an attempt while the wallet was down', async () => {
    await network.createAccount('alice.test')
    await context.route('**/sign-message', (route) => route.abort())
    const wallet = await clickForPopup(page.getByRole('button', { name: 'Sign in' }))
    await approve(wallet)
    await wallet.getByText('The wallet does not respond.').waitFor()
    await context.unroute('**/sign-message')
    await approve(wallet)
    await expect.poll(() => result(page)).toMatchObject({ outcome: 'signed-in' })
  })
})

describeInChromium('a new application with the development wallet, by redirect', () => {
  beforeEach(async () => {
    await network.createAccount('alice.test')
    await page.goto(`${site}/login/near`)
    await page.waitForURL(`${walletUrl}/sign-message**`)
  })

  it('signs in on approval', async () => {
    await approve(page)
    await page.waitForURL(`${site}/me`)
    expect(await page.locator('body').innerText()).toContain('alice.test')
  })

  it('reports that the person declined', async () => {
    await decline(page)
    await page.waitForURL(`${site}/?failed`)
  })
})

describeInChromium('the development wallet', () => {
  const attack = `"'></dd><img src=x onerror=alert(1)><script>alert(2)</script>`
  const nonce = Buffer.alloc(32).toString('base64')

  it('runs no script from a request and shows its text unchanged', async () => {
    await network.createAccount('alice.test')
    const dialogs: string[] = []
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message())
      void dialog.dismiss()
    })
    const request = {
      message: attack,
      recipient: attack,
      nonce,
      state: attack,
      callbackUrl: `${site}/?${attack}#${attack}`,
    }
    await page.goto(`${walletUrl}/sign-message?${new URLSearchParams(request)}`)
    expect(await page.locator('[data-message]').innerText()).toBe(attack)
    expect(await page.locator('[data-recipient]').innerText()).toBe(attack)
    expect(await page.locator('script').count()).toBe(1)
    await picture(page, 'development-wallet-attack')
    await approve(page)
    await page.waitForURL(`${site}/**`)
    expect(dialogs).toEqual([])
  })

  it('rejects a callback URL that is a script', async () => {
    const request = { message: 'm', recipient: 'r', nonce, callbackUrl: 'javascript:alert(1)' }
    const response = await page.goto(`${walletUrl}/sign-message?${new URLSearchParams(request)}`)
    expect(response!.status()).toBe(400)
    expect(await page.getByRole('button').count()).toBe(0)
    await picture(page, 'development-wallet-invalid')
  })

  it('reports a request without a callback URL', async () => {
    await network.createAccount('alice.test')
    const request = { message: 'm', recipient: 'r', nonce }
    await page.goto(`${walletUrl}/sign-message?${new URLSearchParams(request)}`)
    await approve(page)
    await page.getByText('The request has no callbackUrl.').waitFor()
  })

  it('shows its accounts and creates one', async () => {
    await network.createAccount('alice.test')
    await page.goto(walletUrl)
    await page.getByText('Create an account').click()
    await page.getByLabel('Account id').fill('newcomer.test')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('listitem').getByText('newcomer.test').waitFor()
    await picture(page, 'development-wallet-home')
  })
})
