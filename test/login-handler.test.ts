import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { NearStrategy } from 'passport-near'
import type { RequestHandler } from 'express'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Browser, Cleanup, startApp, type TestAppOptions } from './support/app'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount

beforeAll(async () => {
  network = await TestNetwork.start()
  alice = await network.createAccount('alice.test')
})
afterAll(() => network.stop())
afterEach(async () => {
  network.recover()
  await cleanup.run()
})

type Handler = (near: NearStrategy) => unknown

async function start(handler: Handler = (near) => near.loginHandler(), options: TestAppOptions = {}) {
  const { url } = await startApp(cleanup, {
    ...options,
    near: { rpc: network.rpcUrl, rpcTimeout: 500, ...options.near },
    routes: (app, _, near) => app.post('/login', handler(near) as RequestHandler),
  })
  const browser = new Browser(url)
  const post = async (body: unknown) => {
    const response = await browser.post('/login', body)
    const text = await response.text()
    return { status: response.status, body: JSON.parse(text) as unknown, headers: response.headers }
  }
  return { browser, post }
}

describe('loginHandler', () => {
  it('signs in and responds with the account, uncacheable', async () => {
    const { browser, post } = await start()
    const session = await browser.challenge().then((challenge) => alice.signMessage(challenge))
    const before = browser.cookie
    const response = await post(session)
    expect(response).toMatchObject({ status: 200, body: { user: 'alice.test' } })
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(browser.cookie).not.toBe(before) // Passport replaced the session.
    expect(await (await browser.request('/me')).json()).toMatchObject({ id: 'alice.test' })
  })

  it('lets the application respond', async () => {
    const { browser, post } = await start((near) =>
      near.loginHandler({
        respond: (req, res) => {
          res.setHeader('content-type', 'application/json')
          res.end(JSON.stringify({ welcome: (req as unknown as { user: { id: string } }).user.id }))
        },
      }),
    )
    expect(await post(await alice.signMessage(await browser.challenge()))).toMatchObject({
      status: 200,
      body: { welcome: 'alice.test' },
    })
  })

  it('responds with the reason and the status of a rejected login, and signs in no user', async () => {
    const { browser, post } = await start()
    expect(await post({})).toMatchObject({ status: 400, body: { code: 'ERR_NEAR_CREDENTIALS_MISSING' } })
    const signed = await alice.signMessage(await browser.challenge())
    expect(await post({ ...signed, accountId: 'bob.test' })).toMatchObject({
      status: 401,
      body: { code: 'ERR_NEAR_ACCESS_KEY_NOT_FOUND', message: expect.stringContaining('does not') as string },
    })
    expect(await post(signed)).toMatchObject({ status: 401, body: { code: 'ERR_NEAR_CHALLENGE_MISSING' } })
    expect(await (await browser.request('/me')).json()).toBeNull()
  })

  it("passes on the application's info for an account that may not sign in", async () => {
    const { browser, post } = await start(undefined, {
      verify: (_, done) => done(null, false, { code: 'NO_SUCH_USER', message: 'Sign up first.' }),
    })
    expect(await post(await alice.signMessage(await browser.challenge()))).toMatchObject({
      status: 401,
      body: { code: 'NO_SUCH_USER', message: 'Sign up first.' },
    })
  })

  it('passes an outage to the error handler: 503, never a rejection', async () => {
    const { browser, post } = await start()
    const signed = await alice.signMessage(await browser.challenge())
    network.fail('http-500')
    expect(await post(signed)).toMatchObject({ status: 503, body: { code: 'ERR_NEAR_RPC_UNAVAILABLE' } })
  })

  it.each<[string, () => void | Promise<void>]>([
    [
      'throws',
      () => {
        throw new Error('bug')
      },
    ],
    ['rejects', () => Promise.reject(new Error('bug'))],
  ])('passes it to the error handler when respond %s', async (_, respond) => {
    const { browser, post } = await start((near) => near.loginHandler({ respond }))
    expect(await post(await alice.signMessage(await browser.challenge()))).toMatchObject({
      status: 500,
      body: { message: 'bug' },
    })
  })

  it('reports a missing passport.session() if req.logIn is missing', async () => {
    const near = new NearStrategy({ recipient: 'app.example.com', rpc: network.rpcUrl }, (profile, done) =>
      done(null, profile),
    )
    const req = { session: {}, body: {} as unknown }
    req.body = await alice.signMessage(await near.challenge(req as never))
    const error = await new Promise<unknown>((resolve) => {
      const res = { headersSent: false, statusCode: 200, setHeader: () => undefined, end: () => undefined }
      near.loginHandler()(req as never, res, resolve)
    })
    expect(error).toMatchObject({ message: expect.stringContaining('passport.session()') as string })
  })

  it.each([
    [{ respond: 1 }, /"respond" must be a function/],
    [{ answer: () => undefined }, /"answer" is not known/],
    [null, /must be an object/],
  ])('rejects the options %j', (options, message) => {
    const near = new NearStrategy({ recipient: 'r' }, () => undefined)
    expect(() => near.loginHandler(options as never)).toThrow(message)
  })
})

describe('requireCallbackUrl', () => {
  const callbackUrl = 'https://app.example.com/login/near/callback'

  it("rejects a signature without the callback URL, such as a pop-up's, without an RPC request", async () => {
    const { browser, post } = await start(undefined, { near: { callbackUrl, requireCallbackUrl: true } })
    const before = network.requestCount
    const relayed = await alice.signMessage(await browser.challenge(), { signCallbackUrl: false })
    expect(await post(relayed)).toMatchObject({ status: 401, body: { code: 'ERR_NEAR_SIGNATURE_INVALID' } })
    expect(network.requestCount).toBe(before)
    expect(await post(await alice.signMessage(await browser.challenge()))).toMatchObject({ status: 200 })
  })

  it('accepts both signatures by default', async () => {
    const { browser, post } = await start(undefined, { near: { callbackUrl } })
    for (const signCallbackUrl of [true, false]) {
      const signed = await alice.signMessage(await browser.challenge(), { signCallbackUrl })
      expect(await post(signed)).toMatchObject({ status: 200 })
    }
  })

  it('requires callbackUrl', () => {
    expect(() => new NearStrategy({ recipient: 'r', requireCallbackUrl: true }, () => undefined)).toThrow(
      'option "callbackUrl" must be the absolute URL to which a wallet returns, because "requireCallbackUrl" is set; got none',
    )
  })
})

describe('a function of the application that never settles', () => {
  it('is an error after verifyTimeout: message', async () => {
    const { url } = await startApp(cleanup, {
      near: { rpc: network.rpcUrl, verifyTimeout: 50, message: () => new Promise<string>(() => undefined) },
    })
    const response = await new Browser(url).request('/login/near/challenge')
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({
      message: 'NearStrategy: option "message" did not return within 50 ms',
    })
  })
})

describe('verify that passes a promise to done', () => {
  it.each([Promise.resolve(false), Promise.resolve({ id: 1 }), { then: () => undefined }])(
    'is an error, and signs in no user',
    async (user) => {
      const { browser, post } = await start(undefined, { verify: (_, done) => done(null, user) })
      expect(await post(await alice.signMessage(await browser.challenge()))).toMatchObject({
        status: 500,
        body: { message: 'verify called done with a promise: await the promise first' },
      })
      expect(await (await browser.request('/me')).json()).toBeNull()
    },
  )

  it('gets the hint to call done when it returns the user instead', async () => {
    const { browser, post } = await start(undefined, {
      near: { verifyTimeout: 50 },
      verify: (async () => ({ id: 1 })) as never,
    })
    expect(await post(await alice.signMessage(await browser.challenge()))).toMatchObject({
      status: 500,
      body: {
        message:
          'verify did not call done within 50 ms: verify returned an object: pass the user to done(null, user) instead of returning it',
      },
    })
  })
})
