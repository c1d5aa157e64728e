import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Express } from 'express'
import type { PassportStatic } from 'passport'
import { NearStrategy, type Challenge } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { Browser, Cleanup, RECIPIENT, startApp } from '../support/app'
import { authenticate } from '../support/strategy'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount

beforeEach(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.test')
})

afterEach(() => cleanup.run())

async function start(near: object = {}): Promise<{ browser: Browser; url: string; statuses: number[] }> {
  const app = await startApp(cleanup, { near: { rpc: network.rpcUrl, ...near } })
  return { browser: new Browser(app.url), url: app.url, statuses: app.statuses }
}

describe('a good login', () => {
  it('signs in with the proven account at the cost of exactly one RPC call', async () => {
    const { browser } = await start()
    const signed = await alice.signMessage(await browser.challenge())
    const { status, body } = await browser.login(signed)
    expect(status).toBe(200)
    expect(body).toEqual({
      id: 'alice.test',
      profile: {
        provider: 'near',
        id: 'alice.test',
        displayName: 'alice.test',
        accountId: 'alice.test',
        publicKey: alice.publicKey,
        network: 'mainnet',
      },
    })
    expect(network.requestCount).toBe(1)
    expect(await (await browser.request('/me')).json()).toMatchObject({ id: 'alice.test' })
  })

  it('changes the session id, so that a planted session id is useless', async () => {
    const { browser, url } = await start()
    const signed = await alice.signMessage(await browser.challenge())
    const planted = new Browser(url)
    planted.cookie = browser.cookie
    await browser.login(signed)
    expect(browser.cookie).not.toBe(planted.cookie)
    expect(await (await planted.request('/me')).json()).toBeNull()
  })

  it('accepts an HTML form, and a signature whose plus sign became a space', async () => {
    const { browser } = await start()
    let signed = await alice.signMessage(await browser.challenge())
    while (!signed.signature.includes('+')) signed = await alice.signMessage(await browser.challenge())
    const { accountId, publicKey, signature, state } = signed
    const form = `accountId=${accountId}&publicKey=${publicKey}&signature=${signature}&state=${state!}`
    const response = await browser.request('/login/near', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.replace(/=(?=&|$)/g, '%3D'),
    })
    expect(response.status).toBe(200)
  })

  it('accepts a body without state, which many wallets do not return', async () => {
    const { browser } = await start()
    const { state: _, ...signed } = await alice.signMessage(await browser.challenge())
    expect((await browser.login(signed)).status).toBe(200)
  })

  it('accepts a signature with the callback URL or without it', async () => {
    const { browser } = await start({ callbackUrl: 'https://app.example.com/callback' })
    for (const signCallbackUrl of [true, false]) {
      const challenge = await browser.challenge()
      expect(challenge.callbackUrl).toBe('https://app.example.com/callback')
      expect((await browser.login(await alice.signMessage(challenge, { signCallbackUrl }))).status).toBe(200)
    }
  })

  it('signs in with a funded full-access key (NEP-641) as well', async () => {
    const { browser } = await start()
    const publicKey = alice.addKey({ permission: 'GasKeyFullAccess' })
    expect(
      (await browser.login(await alice.signMessage(await browser.challenge(), { publicKey }))).status,
    ).toBe(200)
  })

  it("gives verify the key in its canonical spelling, whatever the wallet's spelling", async () => {
    const { browser } = await start()
    for (const publicKey of [alice.publicKey.replace('ed25519', 'ED25519'), alice.publicKey.slice(8)]) {
      const signed = await alice.signMessage(await browser.challenge())
      const { status, body } = await browser.login({ ...signed, publicKey })
      expect(status).toBe(200)
      expect(body.profile).toMatchObject({ publicKey: alice.publicKey })
    }
  })
})

describe('the challenge', () => {
  it('is JSON that must not be cached', async () => {
    const { browser } = await start()
    const response = await browser.request('/login/near/challenge')
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-store')
    const challenge = (await response.json()) as Record<string, string>
    expect(Object.keys(challenge)).toEqual(['message', 'recipient', 'nonce', 'state'])
    expect(challenge.message).toBe(`Sign in to ${RECIPIENT}`)
    expect(challenge.recipient).toBe(RECIPIENT)
    expect(Buffer.from(challenge.nonce!, 'base64')).toHaveLength(32)
    expect(challenge.nonce).toHaveLength(44)
    expect(Buffer.from(challenge.state!, 'base64url')).toHaveLength(16)
  })

  it('is different for each request', async () => {
    const { browser } = await start()
    const challenges = [await browser.challenge(), await browser.challenge()]
    expect(new Set(challenges.map(({ nonce }) => nonce)).size).toBe(2)
    expect(new Set(challenges.map(({ state }) => state)).size).toBe(2)
  })

  it('has the message that the application returns for the request', async () => {
    const message = async (req: object): Promise<string> => `Hello from ${(req as { path: string }).path} 👋`
    const { browser } = await start({ message })
    const challenge = await browser.challenge()
    expect(challenge.message).toBe('Hello from /login/near/challenge 👋')
    expect((await browser.login(await alice.signMessage(challenge))).status).toBe(200)
  })
})

describe('single use', () => {
  it('rejects a replayed login because its challenge is already used, without an RPC call', async () => {
    const { browser } = await start()
    const signed = await alice.signMessage(await browser.challenge())
    expect((await browser.login(signed)).status).toBe(200)
    const replay = await browser.login(signed)
    expect(replay).toMatchObject({ status: 401, body: { code: 'ERR_NEAR_CHALLENGE_MISSING' } })
    expect(network.requestCount).toBe(1)
  })

  it('rejects a replayed login in the old session as well', async () => {
    const { browser, url } = await start()
    const signed = await alice.signMessage(await browser.challenge())
    const old = new Browser(url)
    old.cookie = browser.cookie
    await browser.login(signed)
    expect(await old.login(signed)).toMatchObject({
      status: 401,
      body: { code: 'ERR_NEAR_CHALLENGE_MISSING' },
    })
  })

  it('accepts exactly one of 200 concurrent copies of one login', async () => {
    const { browser, url } = await start()
    const signed = await alice.signMessage(await browser.challenge())
    const answers = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const copy = new Browser(url)
        copy.cookie = browser.cookie
        return copy.login(signed)
      }),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const refused = answers.filter(
      ({ status, body }) => status === 401 && body.code === 'ERR_NEAR_CHALLENGE_MISSING',
    )
    expect(refused).toHaveLength(199)
    expect(network.requestCount).toBe(1)
  })

  it('consumes the challenge of a rejected login, and of a login that failed with a 503', async () => {
    const { browser } = await start()
    const challenge = await browser.challenge()
    const signed = await alice.signMessage(challenge)
    const other = await alice.signMessage({ ...challenge, message: 'another message' })
    expect((await browser.login(other)).body.code).toBe('ERR_NEAR_SIGNATURE_INVALID')
    expect((await browser.login(signed)).body.code).toBe('ERR_NEAR_CHALLENGE_MISSING')

    const again = await alice.signMessage(await browser.challenge())
    network.fail('http-500')
    expect((await browser.login(again)).body.code).toBe('ERR_NEAR_RPC_UNAVAILABLE')
    network.recover()
    expect((await browser.login(again)).body.code).toBe('ERR_NEAR_CHALLENGE_MISSING')
  })

  it('does not consume the challenge for an invalid body', async () => {
    const { browser } = await start()
    const signed = await alice.signMessage(await browser.challenge())
    expect((await browser.login({ ...signed, accountId: 'Not An Account' })).status).toBe(400)
    expect((await browser.login(signed)).status).toBe(200)
  })
})

describe('two tabs', () => {
  it('can both complete their logins, in either order', async () => {
    const bob = await network.createAccount('bob.test')
    for (const order of ['first tab first', 'second tab first']) {
      const { browser } = await start()
      const tabs = [
        await alice.signMessage(await browser.challenge()),
        await bob.signMessage(await browser.challenge()),
      ]
      if (order === 'second tab first') tabs.reverse()
      for (const signed of tabs) {
        const { status, body } = await browser.login(signed)
        expect(status).toBe(200)
        expect(body.id).toBe(signed.accountId)
      }
    }
  })

  it('can both complete their logins at the same time', async () => {
    const { browser, url } = await start()
    const tabs = [await browser.challenge(), await browser.challenge()]
    const answers = await Promise.all(
      tabs.map(async (challenge) => {
        const tab = new Browser(url)
        tab.cookie = browser.cookie
        return tab.login(await alice.signMessage(challenge))
      }),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
  })

  it('have at most 8 pending challenges: a ninth evicts the oldest', async () => {
    const { browser } = await start()
    const challenges = []
    for (let tab = 0; tab < 9; tab++) challenges.push(await browser.challenge())
    const [oldest, second] = challenges
    expect((await browser.login(await alice.signMessage(oldest!))).body.code).toBe(
      'ERR_NEAR_CHALLENGE_MISSING',
    )
    expect((await browser.login(await alice.signMessage(second!))).status).toBe(200)
  })
})

describe('a signature for another purpose is rejected without an RPC call', () => {
  it('when the challenge was issued to another browser', async () => {
    const { browser, url } = await start()
    const victim = new Browser(url)
    await victim.challenge()
    const signed = await alice.signMessage(await browser.challenge())
    expect(await victim.login(signed)).toMatchObject({
      status: 401,
      body: { code: 'ERR_NEAR_CHALLENGE_MISSING' },
    })
    expect(network.requestCount).toBe(0)
  })

  it('when the browser has no session', async () => {
    const { browser, url } = await start()
    const signed = await alice.signMessage(await browser.challenge())
    expect((await new Browser(url).login(signed)).body.code).toBe('ERR_NEAR_CHALLENGE_MISSING')
    expect(network.requestCount).toBe(0)
  })

  it.each([
    ['recipient', { recipient: 'evil.example.com' }],
    ['message', { message: 'Sign in to evil.example.com' }],
    ['nonce', { nonce: Buffer.alloc(32).toString('base64') }],
    ['callback URL', { callbackUrl: 'https://evil.example.com/' }],
  ])('when it was made for another %s, even if the body names that value', async (_, other) => {
    const { browser } = await start()
    const challenge = { ...(await browser.challenge()), ...other }
    const signed = { ...challenge, ...(await alice.signMessage(challenge)) }
    expect(await browser.login(signed)).toMatchObject({
      status: 401,
      body: { code: 'ERR_NEAR_SIGNATURE_INVALID' },
    })
    expect(network.requestCount).toBe(0)
  })

  it('when the challenge has expired', async () => {
    const { browser } = await start({ challengeMaxAge: 50 })
    const signed = await alice.signMessage(await browser.challenge())
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(await browser.login(signed)).toMatchObject({
      status: 401,
      body: { code: 'ERR_NEAR_CHALLENGE_EXPIRED' },
    })
    expect((await browser.login(signed)).body.code).toBe('ERR_NEAR_CHALLENGE_MISSING')
    expect(network.requestCount).toBe(0)
  })
})

describe('a key that cannot sign in for the account', () => {
  async function loginWith(signed: object, browser: Browser): Promise<[number, string | undefined]> {
    const { status, body } = await browser.login(signed)
    expect(await (await browser.request('/me')).json()).toBeNull()
    return [status, body.code]
  }

  it('is rejected when it is a function-call key', async () => {
    const { browser } = await start()
    for (const permission of ['FunctionCall', 'GasKeyFunctionCall'] as const) {
      const publicKey = alice.addKey({ permission })
      const signed = await alice.signMessage(await browser.challenge(), { publicKey })
      expect(await loginWith(signed, browser)).toEqual([401, 'ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS'])
    }
  })

  it('is rejected when it belongs to another account', async () => {
    const { browser } = await start()
    await network.createAccount('bob.test')
    const signed = await alice.signMessage(await browser.challenge())
    expect(await loginWith({ ...signed, accountId: 'bob.test' }, browser)).toEqual([
      401,
      'ERR_NEAR_ACCESS_KEY_NOT_FOUND',
    ])
  })

  it('is rejected when it was removed', async () => {
    const { browser } = await start()
    const signed = await alice.signMessage(await browser.challenge())
    alice.deleteKey(alice.publicKey)
    expect(await loginWith(signed, browser)).toEqual([401, 'ERR_NEAR_ACCESS_KEY_NOT_FOUND'])
  })

  it('is rejected when the account does not exist', async () => {
    const { browser } = await start()
    const signed = await alice.signMessage(await browser.challenge())
    expect(await loginWith({ ...signed, accountId: 'nobody.test' }, browser)).toEqual([
      401,
      'ERR_NEAR_ACCESS_KEY_NOT_FOUND',
    ])
    alice.delete()
    expect(await loginWith(await alice.signMessage(await browser.challenge()), browser)).toEqual([
      401,
      'ERR_NEAR_ACCESS_KEY_NOT_FOUND',
    ])
  })
})

describe('a login that the wallet declined', () => {
  it.each([
    ['an error', { error: 'User rejected' }],
    ['empty strings', { accountId: '', publicKey: '', signature: '' }],
    ['an empty signature beside the account', { accountId: 'alice.test', publicKey: '', signature: '' }],
  ])('arrives as %s: the login is rejected, and the challenge stays pending', async (_, body) => {
    const { browser } = await start()
    const challenge = await browser.challenge()
    expect(await browser.login(body)).toMatchObject({
      status: 401,
      body: { code: 'ERR_NEAR_WALLET_REFUSED' },
    })
    expect((await browser.login(await alice.signMessage(challenge))).status).toBe(200)
  })
})

describe('an application without session middleware', () => {
  it('is reported at the challenge and at the login', async () => {
    const near = new NearStrategy<object>({ recipient: RECIPIENT, rpc: network.rpcUrl }, () => undefined)
    const expected = {
      code: 'ERR_NEAR_SESSION_UNAVAILABLE',
      status: 500,
      message:
        'NEAR authentication requires session support. Did you forget to use express-session middleware?',
    }
    await expect(near.challenge({})).rejects.toMatchObject(expected)
    const body = await alice.signMessage({ message: 'm', recipient: RECIPIENT, nonce: new Uint8Array(32) })
    expect(await authenticate(near, { body })).toMatchObject({ action: 'error', error: expected })
    expect(network.requestCount).toBe(0)
  })
})

describe('linking an account (passport.authorize)', () => {
  const linkRoutes =
    (strategy: string) =>
    (app: Express, authenticator: PassportStatic): void => {
      app.post('/link', authenticator.authorize(strategy), (req, res) => {
        res.json({ user: req.user, linked: (req as { account?: unknown }).account })
      })
    }

  it('leaves the user signed in and returns the second account', async () => {
    const bob = await network.createAccount('bob.test')
    const app = await startApp(cleanup, { near: { rpc: network.rpcUrl }, routes: linkRoutes('near') })
    const browser = new Browser(app.url)
    await browser.login(await alice.signMessage(await browser.challenge()))
    const response = await browser.post('/link', await bob.signMessage(await browser.challenge()))
    expect(await response.json()).toMatchObject({ user: { id: 'alice.test' }, linked: { id: 'bob.test' } })
    expect(await (await browser.request('/me')).json()).toMatchObject({ id: 'alice.test' })
  })

  it('rejects a challenge that was issued before the login, when no user was signed in', async () => {
    const mallory = await network.createAccount('mallory.test')
    const app = await startApp(cleanup, { near: { rpc: network.rpcUrl }, routes: linkRoutes('near') })
    const victim = new Browser(app.url)
    const planted = await mallory.signMessage(await victim.challenge())
    const before = network.requestCount
    expect((await victim.login(await alice.signMessage(await victim.challenge()))).status).toBe(200)
    const response = await victim.post('/link', planted)
    expect(response.status).toBe(401)
    expect(network.requestCount).toBe(before + 1)
  })
})

describe('two strategies in one application', () => {
  it('reject each other’s challenges, which are consumed', async () => {
    const app = await startApp(cleanup, {
      near: { rpc: network.rpcUrl },
      routes: (app, authenticator) => {
        const other = new NearStrategy(
          { name: 'other', recipient: RECIPIENT, rpc: network.rpcUrl },
          (_, done) => done(null, {}),
        )
        authenticator.use(other)
        app.get('/other/challenge', other.challengeHandler())
        app.post('/other', authenticator.authenticate('other'), (_req, res) => res.json({}))
      },
    })
    const browser = new Browser(app.url)
    const signed = await alice.signMessage(await browser.challenge())
    expect((await browser.post('/other', signed)).status).toBe(401)
    const challenge = (await (await browser.request('/other/challenge')).json()) as Challenge
    expect((await browser.login(await alice.signMessage(challenge))).body.code).toBe(
      'ERR_NEAR_CHALLENGE_MISSING',
    )
    expect((await browser.login(signed)).body.code).toBe('ERR_NEAR_CHALLENGE_MISSING')
    expect((await browser.login(await alice.signMessage(await browser.challenge()))).status).toBe(200)
  })
})

describe('invalid bodies over HTTP', () => {
  const json = 'application/json'
  const form = 'application/x-www-form-urlencoded'
  const credentials = `accountId=alice.test&publicKey=ed25519:${'2'.repeat(43)}&signature=x`

  it.each<[string, string | undefined, string | undefined, string]>([
    ['no body', undefined, undefined, 'MISSING'],
    ['null', json, 'null', 'MISSING'],
    ['an array', json, '[{"accountId":"alice.test"}]', 'INVALID'],
    ['plain text', 'text/plain', 'accountId=alice.test', 'INVALID'],
    ['a content type that no parser reads', 'application/xml', '<login/>', 'MISSING'],
    ['a multipart form', 'multipart/form-data; boundary=x', '--x--', 'MISSING'],
    ['a repeated field', form, `${credentials}&accountId=bob.test`, 'INVALID'],
    ['a field with brackets', form, 'accountId[a]=alice.test', 'INVALID'],
    ['fields in __proto__', form, '__proto__[accountId]=alice.test&constructor[prototype][x]=1', 'MISSING'],
    ['fields in __proto__ in JSON', json, '{"__proto__":{"accountId":"alice.test"}}', 'MISSING'],
  ])('%s: 400, and the challenge is still pending', async (_, type, body, code) => {
    const { browser } = await start()
    const challenge = await browser.challenge()
    const response = await browser.request('/login/near', {
      method: 'POST',
      ...(type && { headers: { 'content-type': type } }),
      ...(body !== undefined && { body }),
    })
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      400,
      `ERR_NEAR_CREDENTIALS_${code}`,
    ])
    expect(network.requestCount).toBe(0)
    expect((await browser.login(await alice.signMessage(challenge))).status).toBe(200)
  })
})
