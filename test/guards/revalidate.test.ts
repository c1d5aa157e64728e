import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { MemoryStore, type SessionData } from 'express-session'
import { NearServiceError, NearStrategy, type AccessKeySource, type RevalidationEvent } from 'passport-near'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Browser, Cleanup } from '../support/app'
import { getJson, passTime, postJson, signIn, startSite, type Site } from './support'

const cleanup = new Cleanup()
afterEach(async () => {
  vi.useRealTimers()
  await cleanup.run()
})

const MINUTE = 60_000

async function start(options: Parameters<typeof startSite>[1] = {}): Promise<Site & { browser: Browser }> {
  const site = await startSite(cleanup, options)
  const browser = new Browser(site.url)
  passTime(0)
  await signIn(browser, site.alice)
  return { ...site, browser }
}

const userOf = async (browser: Browser): Promise<unknown> => {
  const { status, body } = await getJson(browser, '/user')
  return status === 200 ? ((body.user as { id: string } | null)?.id ?? null) : [status, body.code]
}

const unavailable = [503, 'ERR_NEAR_RPC_UNAVAILABLE']

describe('revalidate', () => {
  it('asks nothing before `every` is over, and then once', async () => {
    const { browser, network } = await start()
    const { requestCount } = network
    passTime(10 * MINUTE - 1)
    expect(await userOf(browser)).toBe('alice.test')
    expect(network.requestCount).toBe(requestCount)
    passTime(1)
    expect(await userOf(browser)).toBe('alice.test')
    expect(await userOf(browser)).toBe('alice.test')
    expect(network.requestCount).toBe(requestCount + 1)
    passTime(10 * MINUTE - 1)
    expect(await userOf(browser)).toBe('alice.test')
    expect(network.requestCount).toBe(requestCount + 1)
  })

  it.each([
    ['removed', (site: Site) => site.alice.deleteKey(site.alice.publicKey)],
    [
      'made a function-call key',
      ({ alice }: Site) => {
        alice.deleteKey(alice.publicKey)
        alice.addKey({ publicKey: alice.publicKey, permission: 'FunctionCall' })
      },
    ],
  ])('ends the session of a key that was %s, for good', async (how, change) => {
    const site = await start()
    const { browser, alice } = site
    const other = new Browser(site.url)
    other.cookie = browser.cookie
    passTime(10 * MINUTE)
    expect(await userOf(browser)).toBe('alice.test')
    change(site)
    expect(await userOf(browser)).toBe('alice.test')
    passTime(10 * MINUTE)
    expect(await getJson(browser, '/user')).toEqual({ status: 200, body: { user: null, login: null } })
    if (how !== 'removed') alice.deleteKey(alice.publicKey)
    alice.addKey({ publicKey: alice.publicKey })
    expect(await userOf(browser)).toBeNull()
    expect(await userOf(other)).toBeNull()
    await signIn(browser, alice)
    expect(await userOf(browser)).toBe('alice.test')
  })

  it('passes on while the last yes is younger than `tolerate`; then fails with 503, and the session stays', async () => {
    const { browser, network } = await start({ near: { rpcTimeout: 300 } })
    network.fail('http-500')
    passTime(60 * MINUTE - 1)
    expect(await userOf(browser)).toBe('alice.test')
    passTime(1)
    expect(await userOf(browser)).toEqual(unavailable)
    passTime(24 * 60 * MINUTE)
    expect(await userOf(browser)).toEqual(unavailable)
    network.recover()
    passTime(30_000)
    expect(await userOf(browser)).toBe('alice.test')
  })

  it('does not ask again for 30 s when the chain cannot tell, nor for `every` if that is shorter', async () => {
    const { browser, network } = await start({ revalidate: { every: MINUTE } })
    network.fail('http-500')
    passTime(MINUTE)
    let before = network.requestCount
    expect(await userOf(browser)).toBe('alice.test')
    expect(network.requestCount).toBeGreaterThan(before)
    before = network.requestCount
    passTime(29_999)
    expect(await userOf(browser)).toBe('alice.test')
    expect(network.requestCount).toBe(before)
    passTime(1)
    expect(await userOf(browser)).toBe('alice.test')
    expect(network.requestCount).toBeGreaterThan(before)

    const short = await start({ revalidate: { every: 1000 } })
    short.network.fail('http-500')
    passTime(1000)
    await userOf(short.browser)
    before = short.network.requestCount
    passTime(999)
    await userOf(short.browser)
    expect(short.network.requestCount).toBe(before)
    passTime(1)
    await userOf(short.browser)
    expect(short.network.requestCount).toBeGreaterThan(before)
  })

  it('ends the session when the chain says no after an outage', async () => {
    const { browser, network, alice } = await start()
    network.fail('http-500')
    passTime(2 * 60 * MINUTE)
    expect(await userOf(browser)).toEqual(unavailable)
    alice.deleteKey(alice.publicKey)
    network.recover()
    passTime(30_000)
    expect(await userOf(browser)).toBeNull()
  })

  it('asks once for parallel requests of all sessions of one key', async () => {
    const { url, alice, network } = await start()
    const browsers = Array.from({ length: 20 }, () => new Browser(url))
    for (const browser of browsers) await signIn(browser, alice)
    passTime(10 * MINUTE)
    const before = network.requestCount
    const users = await Promise.all(browsers.flatMap((browser) => [userOf(browser), userOf(browser)]))
    expect(new Set(users)).toEqual(new Set(['alice.test']))
    expect(network.requestCount).toBe(before + 1)
    passTime(10 * MINUTE)
    alice.deleteKey(alice.publicKey)
    expect(new Set(await Promise.all(browsers.map(userOf)))).toEqual(new Set([null]))
    expect(network.requestCount).toBe(before + 2)
  })

  it.each([
    ['a second and a millisecond', 1001],
    ['a day', 24 * 60 * MINUTE],
  ])('asks each time when the clock steps back by %s, and tolerates nothing', async (_, step) => {
    const { browser, network } = await start()
    passTime(-step)
    const before = network.requestCount
    expect(await userOf(browser)).toBe('alice.test')
    expect(await userOf(browser)).toBe('alice.test')
    expect(network.requestCount).toBe(before + 2)
    network.fail('http-500')
    expect(await userOf(browser)).toEqual(unavailable)
  })

  it('takes one second ahead for another server’s clock', async () => {
    const { browser, network } = await start()
    passTime(-1000)
    const before = network.requestCount
    expect(await userOf(browser)).toBe('alice.test')
    expect(network.requestCount).toBe(before)
  })

  it('passes on without a user, without a session of this strategy, and after another login', async () => {
    const { url, network, browser } = await start()
    const before = network.requestCount
    expect(await userOf(new Browser(url))).toBeNull()
    await postJson(browser, '/password', { user: 'bob', keepSessionInfo: true })
    passTime(24 * 60 * MINUTE)
    expect(await getJson(browser, '/user')).toEqual({
      status: 200,
      body: { user: { id: 'bob' }, login: null },
    })
    expect(network.requestCount).toBe(before)
  })

  it('forgets a record that a session library kept at logout', async () => {
    const { browser, network } = await start({
      more: (app) =>
        app.post('/leave', (req, res, next) =>
          req.logOut({ keepSessionInfo: true }, (error) => (error ? next(error) : res.json({}))),
        ),
    })
    await postJson(browser, '/leave')
    expect(await userOf(browser)).toBeNull()
    passTime(20 * MINUTE)
    const before = network.requestCount
    // The same user, as a password proves it: `startApp` serialises the whole user.
    await postJson(browser, '/password', { user: 'alice.test', keepSessionInfo: true })
    expect(await userOf(browser)).toBe('alice.test')
    expect(network.requestCount).toBe(before)
  })

  it('fails with 503 when the session cannot be ended, and ends it when the store is well again', async () => {
    class Sessions extends MemoryStore {
      failure: Error | undefined
      override set(id: string, data: SessionData, callback?: (error?: unknown) => void): void {
        if (this.failure) callback?.(this.failure)
        else super.set(id, data, callback)
      }
    }
    const sessions = new Sessions()
    const { browser, alice } = await start({ sessions })
    alice.deleteKey(alice.publicKey)
    passTime(10 * MINUTE)
    sessions.failure = new Error('the disk is full')
    expect(await userOf(browser)).toEqual([503, 'ERR_NEAR_STORE_FAILED'])
    sessions.failure = undefined
    expect(await userOf(browser)).toBeNull()
  })

  it('passes a bug of a custom source on as the chain’s outage, and never as a no', async () => {
    let answer: () => unknown = () => 'FullAccess'
    const accessKeys = { permission: async () => answer() } as AccessKeySource
    const { browser } = await start({ near: { accessKeys } })
    for (const give of [() => ({}), () => true, () => Promise.reject(new Error('lost'))]) {
      answer = give
      passTime(2 * 60 * MINUTE)
      expect(await userOf(browser)).toEqual(unavailable)
    }
    answer = () => 'FullAccess'
    passTime(30_000)
    expect(await userOf(browser)).toBe('alice.test')
  })

  it.each<[object | null, string]>([
    [{ every: 0 }, 'revalidate: option "every" must be a number of milliseconds from 1 to 2147483647; got 0'],
    [{ every: '1' }, 'revalidate: option "every" must be a number'],
    [{ every: null }, 'revalidate: option "every" must be a number'],
    [{ tolerate: NaN }, 'revalidate: option "tolerate" must be a number'],
    [
      { every: 2000, tolerate: 1999 },
      'revalidate: option "tolerate" must be at least "every" (2000 ms); got 1999',
    ],
    [
      { every: 3_600_001 },
      'revalidate: option "tolerate" must be at least "every" (3600001 ms); got 3600000',
    ],
    [{ evry: 1 }, 'revalidate: option "evry" is not known; expected one of every, tolerate'],
    [null, 'revalidate: options must be an object; got null'],
  ])('rejects the options %j', (options, message) => {
    const near = new NearStrategy({ recipient: 'app.example.com' }, () => undefined)
    expect(() => near.revalidate(options as never)).toThrow(TypeError)
    expect(() => near.revalidate(options as never)).toThrow(message)
  })
})

describe('checkSession', () => {
  const startChecked = async () => {
    const site = await start({
      more: (app, near) =>
        app.get('/check', (req, res, next) => {
          near
            .checkSession(req, { every: MINUTE, tolerate: 2 * MINUTE })
            .then((check) => res.json({ check }), next)
        }),
      revalidate: { every: 7 * 24 * 60 * MINUTE, tolerate: 7 * 24 * 60 * MINUTE },
    })
    const check = async (browser = site.browser): Promise<unknown> => {
      const { status, body } = await getJson(browser, '/check')
      return status === 200 ? body.check : [status, body.code]
    }
    return { ...site, check }
  }

  it('resolves to "none", "valid" or "revoked", and leaves the session', async () => {
    const { check, url, alice, browser } = await startChecked()
    expect(await check(new Browser(url))).toBe('none')
    expect(await check()).toBe('valid')
    passTime(MINUTE)
    expect(await check()).toBe('valid')
    alice.deleteKey(alice.publicKey)
    passTime(MINUTE)
    expect(await check()).toBe('revoked')
    expect(await check()).toBe('revoked')
    expect(await userOf(browser)).toBe('alice.test')
  })

  it('throws the 503 when the chain cannot tell for longer than `tolerate`', async () => {
    const { check, network } = await startChecked()
    network.fail('http-500')
    passTime(2 * MINUTE - 1)
    expect(await check()).toBe('valid')
    passTime(1)
    expect(await check()).toEqual(unavailable)
  })

  it('rejects wrong options with a TypeError', async () => {
    const near = new NearStrategy({ recipient: 'app.example.com' }, () => undefined)
    await expect(near.checkSession({} as never, { every: 10, tolerate: 5 })).rejects.toThrow(TypeError)
    expect(await near.checkSession({} as never)).toBe('none')
  })
})

describe('the channel passport-near:revalidation', () => {
  it('gets one event for each question', async () => {
    const events: unknown[] = []
    const listener = (event: unknown): void => void events.push(event)
    subscribe('passport-near:revalidation', listener)
    cleanup.add(() => unsubscribe('passport-near:revalidation', listener))
    const { browser, network, alice } = await start()
    await userOf(browser)
    expect(events).toEqual([])
    passTime(10 * MINUTE)
    await Promise.all([userOf(browser), userOf(browser)])
    const event = (rest: Partial<RevalidationEvent>): object => ({
      strategy: 'near',
      code: undefined,
      endpoint: undefined,
      ...rest,
    })
    expect(events.splice(0)).toEqual([event({ outcome: 'valid', endpoint: 1 })])
    network.fail('http-500')
    passTime(10 * MINUTE)
    await userOf(browser)
    await userOf(browser)
    expect(events.splice(0)).toEqual([event({ outcome: 'error', code: 'ERR_NEAR_RPC_UNAVAILABLE' })])
    network.recover()
    alice.deleteKey(alice.publicKey)
    passTime(10 * MINUTE)
    await userOf(browser)
    expect(events).toEqual([
      event({ outcome: 'revoked', code: 'ERR_NEAR_ACCESS_KEY_NOT_FOUND', endpoint: 1 }),
    ])
  })
})

describe('hasFullAccess', () => {
  it('says yes, no, or that it cannot tell', async () => {
    const { near, alice, network } = await start()
    const { accountId, publicKey } = alice
    expect(await near.hasFullAccess({ accountId, publicKey })).toBe(true)
    const functionCall = alice.addKey({ permission: 'FunctionCall' })
    expect(await near.hasFullAccess({ accountId, publicKey: functionCall })).toBe(false)
    alice.deleteKey(publicKey)
    expect(await near.hasFullAccess({ accountId, publicKey })).toBe(false)
    expect(await near.hasFullAccess({ accountId: 'nobody.test', publicKey })).toBe(false)
    network.fail('http-500')
    await expect(near.hasFullAccess({ accountId, publicKey })).rejects.toThrow(NearServiceError)
  })

  it('answers as a login of the strategy would: with `allowImplicit` and `quorum`', async () => {
    const { network } = await start()
    const implicit = await network.createAccount('bob2.test')
    const key = implicit.publicKey
    const accountId = Buffer.from((await import('bs58')).default.decode(key.slice(8))).toString('hex')
    const make = (options: object): NearStrategy =>
      new NearStrategy({ recipient: 'app.example.com', rpc: network.rpcUrl, ...options }, () => undefined)
    expect(await make({}).hasFullAccess({ accountId, publicKey: key })).toBe(false)
    expect(await make({ allowImplicit: true }).hasFullAccess({ accountId, publicKey: key })).toBe(true)
  })

  it.each([
    [undefined],
    [{}],
    [{ accountId: 'Alice', publicKey: 'ed25519:11111111111111111111111111111111' }],
    [{ accountId: 'alice.test', publicKey: 'ed25519:0' }],
    [{ accountId: 'alice.test', publicKey: 7 }],
  ])('rejects %j with a TypeError', async (key) => {
    const near = new NearStrategy({ recipient: 'app.example.com' }, () => undefined)
    await expect(near.hasFullAccess(key as never)).rejects.toThrow(TypeError)
  })
})
