import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NearStrategy, type NearStrategyOptions } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { Browser, Cleanup, RECIPIENT, startApp, type TestApp } from './support/app'

const cleanup = new Cleanup()
const walletUrl = 'https://wallet.example.com'
const callbackUrl = 'https://app.example.com/login/near/callback?next=%2Fa%20b'
let network: TestNetwork
let alice: TestAccount

beforeEach(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.test')
})
afterEach(() => cleanup.run())

/** An application with the routes of a sign-in without front-end code. */
async function start(near: Partial<NearStrategyOptions> = {}): Promise<TestApp & { browser: Browser }> {
  const app = await startApp(cleanup, {
    near: { rpc: network.rpcUrl, walletUrl, callbackUrl, ...near },
    routes: (express, passport, strategy) => {
      express.get('/login/near', passport.authenticate('near') as never)
      express.get('/login/near/callback', strategy.callbackPage())
      express.post(
        '/login/near/callback',
        passport.authenticate('near', { successRedirect: '/me', failureRedirect: '/login' }) as never,
      )
    },
  })
  return { ...app, browser: new Browser(app.url) }
}

/** Posts a form like the callback page. */
const postForm = (browser: Browser, fields: Record<string, string>): Promise<Response> =>
  browser.request('/login/near/callback', { method: 'POST', body: new URLSearchParams(fields) })

describe('a request without a login, with a walletUrl', () => {
  it("is redirected to the wallet's page with the whole challenge, which signs in", async () => {
    const { browser } = await start()
    const response = await browser.request('/login/near')
    expect(response.status).toBe(302)
    const location = new URL(response.headers.get('location')!)
    expect(location.origin + location.pathname).toBe('https://wallet.example.com/sign-message')
    const fields = Object.fromEntries(location.searchParams)
    expect(Object.keys(fields)).toEqual(['message', 'nonce', 'recipient', 'callbackUrl', 'state'])
    expect(fields).toMatchObject({ message: `Sign in to ${RECIPIENT}`, recipient: RECIPIENT, callbackUrl })
    expect(Buffer.from(fields.nonce!, 'base64')).toHaveLength(32)

    const { accountId, publicKey, signature } = await alice.signMessage(fields as never)
    const posted = await postForm(browser, { accountId, publicKey, signature, state: fields.state! })
    expect([posted.status, posted.headers.get('location')]).toEqual([302, '/me'])
    expect(await (await browser.request('/me')).json()).toMatchObject({ id: 'alice.test' })
  })

  it.each([
    ['https://wallet.example.com/', 'https://wallet.example.com/sign-message'],
    ['https://wallet.example.com/near/', 'https://wallet.example.com/near/sign-message'],
    ['https://wallet.example.com/near//', 'https://wallet.example.com/near/sign-message'],
    ['https://wallet.example.com/?theme=dark#top', 'https://wallet.example.com/sign-message'],
    ['https://wallet.example.com/?theme=dark&message=Pay', 'https://wallet.example.com/sign-message'],
  ])('a walletUrl %s leads to %s', async (url, page) => {
    const { browser } = await start({ walletUrl: url })
    const location = new URL((await browser.request('/login/near')).headers.get('location')!)
    expect(location.origin + location.pathname).toBe(page)
    expect(location.searchParams.getAll('message')).toEqual([`Sign in to ${RECIPIENT}`])
    if (url.includes('theme')) expect(location.searchParams.get('theme')).toBe('dark')
  })

  it('has no influence on the redirect: no field of the request is in the URL', async () => {
    const { browser } = await start()
    const evil =
      'walletUrl=https://evil.example.com&callbackUrl=https://evil.example.com&message=m&recipient=r'
    const response = await browser.request(`/login/near?${evil}`, {
      headers: { 'x-forwarded-host': 'evil.example.com' },
    })
    expect(response.headers.get('location')).not.toContain('evil')
    expect(response.headers.get('location')).toContain(encodeURIComponent('https://app.example.com'))
  })

  it('that is posted is a 400: a missing body parser must not lead back to the wallet', async () => {
    const { browser } = await start()
    const response = await browser.post('/login/near', {})
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'ERR_NEAR_CREDENTIALS_MISSING' })
    expect(response.headers.get('location')).toBeNull()
  })

  it.each(['PUT', 'PATCH', 'DELETE'])('that is a %s is not redirected to the wallet', async (method) => {
    const { url } = await startApp(cleanup, {
      near: { rpc: network.rpcUrl, walletUrl, callbackUrl },
      routes: (express, passport) => express.all('/login/near', passport.authenticate('near') as never),
    })
    const response = await new Browser(url).request('/login/near', { method })
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
  })

  it('with half a login is a 400', async () => {
    const { near } = await start()
    const fail = vi.fn()
    const redirect = vi.fn()
    await new Promise<void>((resolve) => {
      fail.mockImplementation(() => resolve())
      redirect.mockImplementation(() => resolve())
      const req = { method: 'GET', body: { accountId: 'alice.test' }, session: {} }
      Object.assign(Object.create(near) as typeof near, { fail, redirect }).authenticate(req)
    })
    expect(redirect).not.toHaveBeenCalled()
    expect(fail).toHaveBeenCalledWith(expect.objectContaining({ code: 'ERR_NEAR_CREDENTIALS_MISSING' }), 400)
  })

  it('without a session, or with a failing store, is an error and no redirect', async () => {
    const broken = { issue: () => Promise.reject(new Error('lost')), consume: async () => undefined }
    const { browser } = await start({ store: broken })
    const response = await browser.request('/login/near')
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ code: 'ERR_NEAR_STORE_FAILED' })
    expect(response.headers.get('location')).toBeNull()
  })
})

it('without a walletUrl is a 400', async () => {
  const app = await startApp(cleanup, {
    near: { rpc: network.rpcUrl },
    routes: (express, passport) => express.get('/login/near', passport.authenticate('near') as never),
  })
  const response = await new Browser(app.url).request('/login/near')
  expect([response.status, response.headers.get('location')]).toEqual([400, null])
})

describe('a callback URL that the server did not issue', () => {
  it.each(['form', 'json'])('never verifies, in any of its places: %s', async (how) => {
    const { browser } = await start()
    const location = new URL((await browser.request('/login/near')).headers.get('location')!)
    const { state, ...challenge } = Object.fromEntries(location.searchParams) as Record<string, string>
    const evil = 'https://evil.example.com/callback'
    const { accountId, publicKey, signature } = await alice.signMessage({
      ...challenge,
      callbackUrl: evil,
    } as never)
    const login = { accountId, publicKey, signature, state: state!, callbackUrl: evil }
    if (how === 'form') {
      const response = await postForm(browser, login)
      expect(response.headers.get('location')).toBe('/login')
    } else {
      const path = `/login/near?callbackUrl=${encodeURIComponent(evil)}`
      const response = await browser.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', referer: evil, origin: 'https://evil.example.com' },
        body: JSON.stringify(login),
      })
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ code: 'ERR_NEAR_SIGNATURE_INVALID' })
    }
    expect(await (await browser.request('/me')).json()).toBeNull()
    expect(network.requestCount).toBe(0)
  })

  it.each([
    ['with another query', `${callbackUrl}&x=1`],
    ['with a hash', `${callbackUrl}#x`],
    ['with a user name', callbackUrl.replace('https://', 'https://user@')],
    ['with an additional slash', callbackUrl.replace('?', '/?')],
  ])('is any string that differs: %s', async (_, signedUrl) => {
    const { browser } = await start()
    const challenge = await browser.challenge()
    const signed = await alice.signMessage({ ...challenge, callbackUrl: signedUrl })
    expect(await browser.login(signed)).toMatchObject({
      status: 401,
      body: { code: 'ERR_NEAR_SIGNATURE_INVALID' },
    })
  })
})

describe('the callback page', () => {
  it('is the same for every visitor: needs no session, sets no cookie, must not be cached', async () => {
    const { browser } = await start()
    const first = await browser.request('/login/near/callback')
    const second = await browser.request('/login/near/callback?error=%3Cscript%3E')
    expect(first.status).toBe(200)
    expect(first.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(first.headers.get('cache-control')).toBe('no-store')
    expect(first.headers.getSetCookie()).toEqual([])
    expect(first.headers.get('x-content-type-options')).toBe('nosniff')
    // With no-referrer a browser would send its form with the origin null.
    expect(first.headers.get('referrer-policy')).toBe('same-origin')
    expect(await second.text()).toBe(await first.text())
  })

  it('allows only its own script and style by their hashes, and a form to its own origin', async () => {
    const { browser } = await start()
    const response = await browser.request('/login/near/callback')
    const page = await response.text()
    const policy = response.headers.get('content-security-policy')!
    const part = (name: string): string =>
      createHash('sha256')
        .update(new RegExp(`<${name}>([^]*?)</${name}>`).exec(page)![1]!)
        .digest('base64')
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src 'sha256-${part('script')}'`,
      `style-src 'sha256-${part('style')}'`,
      'img-src data:',
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ])
    expect(page).not.toMatch(/https?:|src=|\bon\w+=/)
  })

  it('lets the login redirect to the origins in its policy', () => {
    const near = new NearStrategy({ recipient: RECIPIENT }, (profile, done) => done(null, profile))
    const headers = new Map<string, unknown>()
    const response = {
      headersSent: false,
      statusCode: 200,
      setHeader: (name: string, value: unknown) => headers.set(name, value),
      end: () => undefined,
    }
    const redirectOrigins = ['https://app.example.com/welcome?x=1', 'http://localhost:3000']
    near.callbackPage({ redirectOrigins })({ method: 'GET' }, response, () => undefined)
    expect(headers.get('Content-Security-Policy')).toContain(
      "; form-action 'self' https://app.example.com http://localhost:3000;",
    )
    for (const wrong of ['https://app.example.com', ['app.example.com'], ["'unsafe-inline'"], [1], null]) {
      expect(() => near.callbackPage({ redirectOrigins: wrong as string[] })).toThrow(
        /^callbackPage: option "redirectOrigins" must be/,
      )
    }
    expect(() => near.callbackPage({ redirectOrigin: 'https://app.example.com' } as object)).toThrow(
      /^callbackPage: option "redirectOrigin" is not known; expected one of home, lang, texts, stylesheet, redirectOrigins$/,
    )
  })

  it('shows what to do when scripts are off', async () => {
    const { browser } = await start()
    const page = await (await browser.request('/login/near/callback')).text()
    expect(/<noscript>([^]*)<\/noscript>/.exec(page)![1]).toContain(
      'Turn on JavaScript for this site and reload',
    )
  })

  it('can handle all methods: it responds to GET and HEAD, and passes the others to the next handler', () => {
    const near = new NearStrategy({ recipient: RECIPIENT }, (profile, done) => done(null, profile))
    for (const [method, answers] of Object.entries({ GET: true, HEAD: true, POST: false, PUT: false })) {
      const response = { headersSent: false, statusCode: 200, setHeader: vi.fn(), end: vi.fn() }
      const next = vi.fn()
      near.callbackPage()({ method }, response, next)
      expect([response.end.mock.calls.length, response.setHeader.mock.calls.length > 0]).toEqual([
        answers ? 1 : 0,
        answers,
      ])
      expect(next.mock.calls).toEqual(answers ? [] : [[]])
    }
  })

  it('responds to HEAD, and passes on a POST', async () => {
    const { browser } = await start()
    const head = await browser.request('/login/near/callback', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect((await postForm(browser, { error: 'User rejected' })).headers.get('location')).toBe('/login')
  })
})
