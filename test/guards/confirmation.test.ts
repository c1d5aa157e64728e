import { NearStrategy, SessionChallengeStore, type ChallengeStore, type StoredChallenge } from 'passport-near'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Browser, Cleanup } from '../support/app'
import {
  confirm,
  getJson,
  passTime,
  postJson,
  RECIPIENT,
  signIn,
  startSite,
  transferText,
  type SiteOptions,
} from './support'

const cleanup = new Cleanup()
afterEach(async () => {
  vi.useRealTimers()
  await cleanup.run()
})

const order = { amount: '10', to: 'bob.test' }

async function start(options: SiteOptions = {}) {
  const site = await startSite(cleanup, options)
  const browser = new Browser(site.url)
  await signIn(browser, site.alice)
  /** Sends an order; returns the code of a rejection, or what was confirmed. */
  const send = async (body: object, by = browser) => {
    const reply = await postJson(by, '/transfer', body)
    return reply.status === 200 ? reply.body : [reply.status, reply.body.code]
  }
  return { ...site, browser, send }
}

const missing = [401, 'ERR_NEAR_CHALLENGE_MISSING']
const mismatch = [401, 'ERR_NEAR_CONFIRMATION_MISMATCH']

describe('a confirmation', () => {
  it('fails in verifyTimeout when the option "account" never settles', async () => {
    const { browser, alice, transfers } = await start({
      near: { verifyTimeout: 100 },
      accounts: () => new Promise<never>(() => undefined) as never,
    })
    const confirmation = await confirm(browser, alice, order)
    expect((await postJson(browser, '/transfer', { ...order, confirmation })).status).toBe(500)
    expect(transfers).toEqual([])
  })

  it('passes on a request whose text the account signed, and leaves session, user and login as they are', async () => {
    const { alice, browser, send, transfers } = await start()
    const before = await getJson(browser, '/user')
    const { cookie } = browser
    const confirmation = await confirm(browser, alice, order)
    const from = Date.now()
    const confirmed = await send({ ...order, confirmation })
    expect(confirmed).toEqual({
      accountId: 'alice.test',
      publicKey: alice.publicKey,
      message: 'Send 10 NEAR to bob.test',
      confirmedAt: expect.any(Number) as number,
    })
    expect((confirmed as { confirmedAt: number }).confirmedAt).toBeGreaterThanOrEqual(from)
    expect(transfers).toEqual([{ ...order, confirmation }])
    expect(await getJson(browser, '/user')).toEqual(before)
    expect(browser.cookie).toBe(cookie)
  })

  it('has a challenge like the login’s, for this purpose and this user', async () => {
    const issued: StoredChallenge[] = []
    const inner = new SessionChallengeStore()
    const store: ChallengeStore = {
      issue: async (req, challenge) => {
        issued.push(challenge)
        await inner.issue(req, challenge)
        return undefined
      },
      consume: (...args) => inner.consume(...args),
    }
    const { browser } = await start({ near: { store }, confirmationMaxAge: 1000 })
    const response = await browser.post('/transfer/challenge', order)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const challenge = issued.at(-1)!
    expect(await response.json()).toEqual({
      message: 'Send 10 NEAR to bob.test',
      recipient: RECIPIENT,
      nonce: challenge.nonce,
      state: challenge.state,
    })
    expect(challenge).toMatchObject({
      purpose: 'near/confirm/transfer',
      issuedTo: expect.any(String) as string,
    })
    expect(challenge.expiresAt - challenge.issuedAt).toBe(1000)
  })

  it('answers the latest challenge of its purpose when there is no state', async () => {
    const { alice, browser, send } = await start()
    await confirm(browser, alice, { amount: '1', to: 'x.test' })
    const { state: _, ...confirmation } = await confirm(browser, alice, order)
    await browser.challenge() // of a login
    expect(await send({ ...order, confirmation })).toMatchObject({ message: 'Send 10 NEAR to bob.test' })
  })

  it('and a login reject the answer to a challenge of the other, or of another action, for the same text', async () => {
    const { alice, browser, send, transfers } = await start({
      near: { message: 'Send 10 NEAR to bob.test' },
      more: (app, near) => {
        const account = (): string => 'alice.test'
        const gift = near.confirmation({ name: 'gift', message: transferText as never, account })
        app.post('/gift/challenge', gift.challengeHandler())
      },
    })
    const ofLogin = await alice.signMessage(await browser.challenge())
    expect(await send({ ...order, confirmation: ofLogin })).toEqual(missing)
    const ofGift = await confirm(browser, alice, order, '/gift')
    expect(await send({ ...order, confirmation: ofGift })).toEqual(missing)
    expect(await browser.login(await confirm(browser, alice, order))).toMatchObject({
      status: 401,
      body: { code: 'ERR_NEAR_CHALLENGE_MISSING' },
    })
    expect(transfers).toEqual([])
  })

  it('reads a form with nested fields', async () => {
    const { alice, browser } = await start()
    const confirmation = await confirm(browser, alice, order)
    const form = new URLSearchParams(order)
    for (const [name, value] of Object.entries(confirmation)) form.set(`confirmation[${name}]`, value)
    const response = await browser.request('/transfer', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    })
    expect(response.status).toBe(200)
  })

  it('leaves the top of the body to the application', async () => {
    const { alice, browser, send, bob } = await start({
      message: (req) => `Pay ${(req.body as { accountId: string }).accountId}`,
    })
    const body = {
      accountId: 'carol.test',
      publicKey: 'their key',
      signature: 'x',
      state: 'y',
      error: 'none',
    }
    expect(await send({ ...body, confirmation: await confirm(browser, alice, body) })).toMatchObject({
      message: 'Pay carol.test',
    })
    // A confirmation at the top is none.
    expect(await send({ ...(await confirm(browser, alice, body)), accountId: 'carol.test' })).toEqual([
      400,
      'ERR_NEAR_CREDENTIALS_MISSING',
    ])
    expect(bob).toBeDefined()
  })

  it('accepts one of several accounts', async () => {
    const { bob, browser, send } = await start({ accounts: () => ['alice.test', 'bob.test'] })
    expect(await send({ ...order, confirmation: await confirm(browser, bob, order) })).toMatchObject({
      accountId: 'bob.test',
    })
  })

  it('rejects another account with 403, without a question to the chain', async () => {
    const { bob, browser, send, network, transfers } = await start()
    const confirmation = await confirm(browser, bob, order)
    const before = network.requestCount
    expect(await send({ ...order, confirmation })).toEqual([403, 'ERR_NEAR_ACCOUNT_MISMATCH'])
    expect(network.requestCount).toBe(before)
    expect(transfers).toEqual([])
  })

  it.each<[string, object]>([
    ['one digit of the amount', { amount: '11', to: 'bob.test' }],
    ['one more digit', { amount: '100', to: 'bob.test' }],
    ['a space', { amount: '10 ', to: 'bob.test' }],
    ['a confusable letter of the receiver', { amount: '10', to: 'b\u043eb.test' }],
    ['the Unicode form of the receiver', { amount: '10', to: 'b\u006f\u0308b.test' }],
    ['the case of the receiver', { amount: '10', to: 'Bob.test' }],
    ['an invisible character', { amount: '10', to: 'bob.test\u200b' }],
    ['a field that is missing', { amount: '10' }],
  ])('rejects a request that differs in %s, and does nothing', async (_, other) => {
    const { alice, browser, send, transfers, network } = await start()
    const confirmation = await confirm(browser, alice, order)
    const before = network.requestCount
    expect(await send({ ...other, confirmation })).toEqual(mismatch)
    expect(network.requestCount).toBe(before)
    // It is spent.
    expect(await send({ ...order, confirmation })).toEqual(missing)
    expect(transfers).toEqual([])
    const twin = await confirm(browser, alice, other)
    expect(await send({ ...other, confirmation: twin })).toMatchObject({ accountId: 'alice.test' })
  })

  it('rejects a `message` that returns something else the second time', async () => {
    let calls = 0
    const { alice, browser, send } = await start({ message: () => `Call ${++calls}` })
    expect(await send({ confirmation: await confirm(browser, alice, {}) })).toEqual(mismatch)
  })

  it('is used once, of 20 copies at once', async () => {
    const { alice, browser, send, transfers } = await start()
    const confirmation = await confirm(browser, alice, order)
    const replies = await Promise.all(Array.from({ length: 20 }, () => send({ ...order, confirmation })))
    expect(replies.filter((reply) => !Array.isArray(reply))).toHaveLength(1)
    expect(replies.filter(Array.isArray)).toEqual(Array.from({ length: 19 }, () => missing))
    expect(transfers).toHaveLength(1)
  })

  it('rejects an old answer', async () => {
    const { alice, browser, send } = await start({ confirmationMaxAge: 60_000 })
    passTime(0)
    const late = await confirm(browser, alice, order)
    passTime(60_001)
    expect(await send({ ...order, confirmation: late })).toEqual([401, 'ERR_NEAR_CHALLENGE_EXPIRED'])
    const inTime = await confirm(browser, alice, order)
    passTime(60_000)
    expect(await send({ ...order, confirmation: inTime })).toMatchObject({ accountId: 'alice.test' })
  })

  it('rejects a forged signature before it asks the chain, and a removed key after', async () => {
    const { alice, browser, send, network } = await start()
    const confirmation = await confirm(browser, alice, order)
    const { signature } = await confirm(browser, alice, order)
    const before = network.requestCount
    expect(await send({ ...order, confirmation: { ...confirmation, signature } })).toEqual([
      401,
      'ERR_NEAR_SIGNATURE_INVALID',
    ])
    expect(network.requestCount).toBe(before)
    const good = await confirm(browser, alice, order)
    alice.deleteKey(alice.publicKey)
    expect(await send({ ...order, confirmation: good })).toEqual([401, 'ERR_NEAR_ACCESS_KEY_NOT_FOUND'])
    alice.addKey({ publicKey: alice.publicKey, permission: 'FunctionCall' })
    const third = await confirm(browser, alice, order)
    expect(await send({ ...order, confirmation: third })).toEqual([
      401,
      'ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS',
    ])
  })

  it('fails with 503 when the chain cannot tell, and the challenge is spent', async () => {
    const { alice, browser, send, network, transfers } = await start()
    const confirmation = await confirm(browser, alice, order)
    network.fail('http-500')
    expect(await send({ ...order, confirmation })).toEqual([503, 'ERR_NEAR_RPC_UNAVAILABLE'])
    network.recover()
    expect(await send({ ...order, confirmation })).toEqual(missing)
    expect(transfers).toEqual([])
  })

  it.each<[string, object]>([
    ['issue', { issue: () => Promise.reject(new Error('down')) }],
    ['consume', { consume: () => Promise.reject(new Error('down')) }],
    ['consume, with a value that is no challenge', { consume: async () => true }],
  ])('fails with 503 when the store fails to %s', async (_, broken) => {
    const inner = new SessionChallengeStore()
    let current: Partial<ChallengeStore> = {}
    const store: ChallengeStore = {
      issue: (req, challenge) => (current.issue ?? inner.issue.bind(inner))(req, challenge),
      consume: (...args) => (current.consume ?? inner.consume.bind(inner))(...args),
    }
    const { alice, browser, send } = await start({ near: { store } })
    const confirmation = await confirm(browser, alice, order)
    current = broken
    const failed = 'issue' in broken ? await postJson(browser, '/transfer/challenge', order) : undefined
    const code = failed ? [failed.status, failed.body.code] : await send({ ...order, confirmation })
    expect(code).toEqual([503, 'ERR_NEAR_STORE_FAILED'])
  })

  it.each<[string, unknown, [number, string]]>([
    ['no confirmation', undefined, [400, 'ERR_NEAR_CREDENTIALS_MISSING']],
    ['null', null, [400, 'ERR_NEAR_CREDENTIALS_MISSING']],
    ['a text', 'yes', [400, 'ERR_NEAR_CREDENTIALS_INVALID']],
    ['true', true, [400, 'ERR_NEAR_CREDENTIALS_INVALID']],
    ['an array', [{}], [400, 'ERR_NEAR_CREDENTIALS_INVALID']],
    ['an empty object', {}, [400, 'ERR_NEAR_CREDENTIALS_MISSING']],
    [
      'what a wallet returns that declined',
      { accountId: '', publicKey: '', signature: '' },
      [401, 'ERR_NEAR_WALLET_REFUSED'],
    ],
  ])('rejects %s, and spends no challenge', async (_, confirmation, rejection) => {
    const { alice, browser, send, url } = await start()
    const good = await confirm(browser, alice, order)
    expect(await send({ ...order, confirmation })).toEqual(rejection)
    // Before the check that a user is signed in.
    expect(await send({ ...order, confirmation }, new Browser(url))).toEqual(rejection)
    expect(await send({ ...order, confirmation: good })).toMatchObject({ accountId: 'alice.test' })
  })

  it.each<[unknown]>([['text'], [[1]], [7]])('rejects the body %j with 400', async (body) => {
    const { browser } = await start()
    expect(await postJson(browser, '/transfer', body)).toMatchObject({
      status: 400,
      body: { code: 'ERR_NEAR_CREDENTIALS_INVALID' },
    })
  })

  it('needs a user who is signed in, at both routes, and spends no challenge without one', async () => {
    const { alice, browser, send, url } = await start({
      near: { currentUser: (req) => (req.headers['x-user'] as string | undefined) ?? undefined },
      accounts: () => 'alice.test',
    })
    expect(url).toBeDefined()
    const as = (user: string) =>
      Object.assign(new Browser(url), {
        request: (path: string, init: RequestInit = {}) =>
          browser.request(path, {
            ...init,
            headers: { ...(init.headers as object), ...(user && { 'x-user': user }) },
          }),
      })
    const [anonymous, alicesToken, bobsToken] = [as(''), as('alice'), as('bob')]
    const required = [401, 'ERR_NEAR_SIGN_IN_REQUIRED']
    const drawn = await postJson(anonymous, '/transfer/challenge', order)
    expect([drawn.status, drawn.body.code]).toEqual(required)
    const confirmation = await confirm(alicesToken, alice, order)
    expect(await send({ ...order, confirmation }, anonymous)).toEqual(required)
    expect(await send({ ...order, confirmation }, alicesToken)).toMatchObject({ accountId: 'alice.test' })
    const another = await confirm(alicesToken, alice, order)
    expect(await send({ ...order, confirmation: another }, bobsToken)).toEqual(missing)
  })

  it('passes an error of the application on as it is (500), and does nothing', async () => {
    let fails = ''
    const { alice, browser, transfers } = await start({
      message: (req) => {
        if (fails === 'message') throw new Error('lost')
        return fails === 'empty' ? '' : transferText(req)
      },
      accounts: (req) => (fails === 'account' ? (undefined as never) : (req.user as { id: string }).id),
    })
    for (const [how, text] of [
      ['message', 'lost'],
      ['empty', 'confirmation: option "message" must return a non-empty string; got ""'],
      [
        'account',
        'confirmation: option "account" must return a string or an array of strings; got undefined',
      ],
    ] as const) {
      fails = ''
      const confirmation = await confirm(browser, alice, order)
      fails = how
      const reply = await postJson(browser, '/transfer', { ...order, confirmation })
      expect(reply).toEqual({ status: 500, body: { message: text } })
      if (how === 'account') continue
      expect(await postJson(browser, '/transfer/challenge', order)).toEqual({
        status: 500,
        body: { message: text },
      })
    }
    expect(transfers).toEqual([])
  })

  it('gives the store a request whose body is the confirmation', async () => {
    const bodies: unknown[] = []
    const inner = new SessionChallengeStore()
    const store: ChallengeStore = {
      issue: (req, challenge) => {
        bodies.push((req as { body: unknown }).body)
        return inner.issue(req, challenge)
      },
      consume: (req, ...rest) => {
        bodies.push((req as { body: unknown }).body)
        return inner.consume(req, ...rest)
      },
    }
    const { alice, browser, send } = await start({ near: { store } })
    bodies.length = 0
    const confirmation = { ...(await confirm(browser, alice, order)), codeVerifier: 'secret' }
    await send({ ...order, confirmation })
    expect(bodies).toEqual([order, confirmation])
  })

  it('is kept beside the request, for that request alone', async () => {
    const { transfer, near } = await startSite(cleanup)
    expect(transfer.confirmed({} as never)).toBeUndefined()
    const other = near.confirmation({ name: 'other', message: () => 'x', account: () => 'x' })
    expect(other.confirmed({} as never)).toBeUndefined()
  })

  it.each<[unknown, string]>([
    [undefined, 'confirmation: options must be an object; got undefined'],
    [
      { message: () => 'x', account: () => 'x' },
      'confirmation: option "name" must be a non-empty string; got undefined',
    ],
    [
      { name: 'x', message: 'text', account: () => 'x' },
      'option "message" must be a function (req) => string; got "text"',
    ],
    [{ name: 'x', message: () => 'x' }, 'option "account" must be a function'],
    [{ name: 'x', message: () => 'x', account: () => 'x', maxAge: 0 }, 'option "maxAge" must be a number'],
    [{ name: 'x', message: () => 'x', account: () => 'x', acount: 1 }, 'option "acount" is not known'],
  ])('rejects the options %j', (options, message) => {
    const near = new NearStrategy({ recipient: 'app.example.com' }, () => undefined)
    expect(() => near.confirmation(options as never)).toThrow(TypeError)
    expect(() => near.confirmation(options as never)).toThrow(message)
  })
})
