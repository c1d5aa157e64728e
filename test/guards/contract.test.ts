import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { WalletContract } from 'passport-near/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Browser, Cleanup } from '../support/app'
import { getJson, passTime, postJson, startSite, type SiteOptions } from './support'

const cleanup = new Cleanup()
afterEach(async () => {
  vi.useRealTimers()
  await cleanup.run()
})

const MINUTE = 60_000

async function start(options: SiteOptions = {}) {
  const site = await startSite(cleanup, {
    ...options,
    near: { walletContracts: true, ...options.near },
  })
  passTime(0)
  const carol = await site.network.createWalletContract('carol.test')
  const browser = new Browser(site.url)
  const login = await carol.resolveAuth(await browser.challenge())
  expect(await browser.login(login)).toMatchObject({ status: 200 })
  const userOf = async (): Promise<unknown> => {
    const { status, body } = await getJson(browser, '/user')
    return status === 200 ? ((body.user as { id: string } | null)?.id ?? null) : [status, body.code]
  }
  return { ...site, carol, browser, userOf, login }
}

async function confirmAs(browser: Browser, account: WalletContract, body: object): Promise<object> {
  const { body: challenge } = await postJson(browser, '/transfer/challenge', body)
  return account.resolveAuth(challenge)
}

describe('the record of a login by a wallet contract', () => {
  it('has no key, says what decided, and shows no authorization', async () => {
    const { browser } = await start()
    const loggedInAt = Date.now()
    expect((await getJson(browser, '/user')).body.login).toEqual({
      accountId: 'carol.test',
      via: 'contract',
      network: 'mainnet',
      loggedInAt,
      checkedAt: loggedInAt,
    })
  })

  it('of a key login, says that a key decided', async () => {
    const { alice, url } = await start()
    const browser = new Browser(url)
    await browser.login(await alice.signMessage(await browser.challenge()))
    const { publicKey } = alice
    expect((await getJson(browser, '/user')).body.login).toMatchObject({ via: 'access-key', publicKey })
  })

  it('of an authorization that a key signed, has the key', async () => {
    const { alice, url, network } = await start()
    const browser = new Browser(url)
    const login = await alice.resolveAuth(await browser.challenge())
    expect(await browser.login(login)).toMatchObject({ status: 200 })
    const { publicKey } = alice
    expect((await getJson(browser, '/user')).body.login).toMatchObject({ via: 'access-key', publicKey })
    alice.deleteKey(publicKey)
    passTime(10 * MINUTE)
    const before = network.requestCount
    expect((await getJson(browser, '/user')).body.user).toBeNull()
    expect(network.requestCount).toBe(before + 1)
  })
})

describe('revalidate, of a login by a wallet contract', () => {
  it('asks the same question again, and ends the session when the contract does not authorize it any more', async () => {
    const { carol, userOf, network } = await start()
    passTime(10 * MINUTE)
    const before = network.requestCount
    expect(await userOf()).toBe('carol.test')
    expect(network.requestCount).toBeGreaterThan(before)
    carol.allowSignature(false)
    expect(await userOf()).toBe('carol.test')
    passTime(10 * MINUTE)
    expect(await userOf()).toBeNull()
    carol.allowSignature(true)
    expect(await userOf()).toBeNull()
  })

  it('ends the session of an account that is gone, and of a contract that answers with another payload', async () => {
    const gone = await start()
    gone.carol.delete()
    passTime(10 * MINUTE)
    expect(await gone.userOf()).toBeNull()

    const other = await start()
    other.network.deployContract('carol.test', () => ({ payload: 'another' }))
    passTime(10 * MINUTE)
    expect(await other.userOf()).toBeNull()
  })

  it('cannot tell during an outage, or when the contract asks for more than the caps', async () => {
    const { userOf, network } = await start({ near: { walletContracts: { maxAuthorizations: 1 } } })
    network.fail('http-500')
    passTime(10 * MINUTE)
    expect(await userOf()).toBe('carol.test')
    passTime(50 * MINUTE)
    expect(await userOf()).toEqual([503, 'ERR_NEAR_RPC_UNAVAILABLE'])
    network.recover()
    const pending = Array.from({ length: 3 }, (_, index) => ({
      account_id: `a${index}.test`,
      authorization: 'x',
      expect: 'y',
    }))
    network.deployContract('carol.test', (_, __) => ({ payload: 'x', pending }))
    passTime(MINUTE)
    // Another payload is a no, whatever is pending: the cap comes after it.
    expect(await userOf()).toBeNull()
  })

  it('keeps the session for `tolerate` when the caps are exceeded', async () => {
    const events: { outcome: string; code: string }[] = []
    const listener = (event: unknown): void => void events.push(event as never)
    subscribe('passport-near:revalidation', listener)
    cleanup.add(() => unsubscribe('passport-near:revalidation', listener))
    const { userOf, network, login } = await start({
      near: { walletContracts: { maxAuthorizations: 1 } },
    })
    const payload = (JSON.parse(login.authorization) as { signature: { msg: { payload: string } } }).signature
      .msg.payload
    const pending = Array.from({ length: 3 }, (_, index) => ({
      account_id: `a${index}.test`,
      authorization: 'x',
      expect: 'y',
    }))
    network.deployContract('carol.test', () => ({ payload, pending }))
    passTime(10 * MINUTE)
    expect(await userOf()).toBe('carol.test')
    expect(events).toMatchObject([{ outcome: 'error', code: 'ERR_NEAR_RPC_UNAVAILABLE' }])
    passTime(50 * MINUTE)
    expect(await userOf()).toEqual([503, 'ERR_NEAR_RPC_UNAVAILABLE'])
  })
})

describe('a confirmation by a wallet contract', () => {
  const order = { amount: '10', to: 'bob.test' }

  it('is authorized by the account, and rejected for another text', async () => {
    const { carol, browser, transfers } = await start()
    const confirmation = await confirmAs(browser, carol, order)
    expect(await postJson(browser, '/transfer', { ...order, confirmation })).toEqual({
      status: 200,
      body: {
        accountId: 'carol.test',
        via: 'contract',
        message: 'Send 10 NEAR to bob.test',
        confirmedAt: Date.now(),
      },
    })
    const other = await confirmAs(browser, carol, order)
    expect(
      await postJson(browser, '/transfer', { amount: '11', to: 'bob.test', confirmation: other }),
    ).toMatchObject({
      status: 401,
      body: { code: 'ERR_NEAR_CONFIRMATION_MISMATCH' },
    })
    expect(transfers).toHaveLength(1)
  })

  it('is rejected with the authorization of another text, of a login, and when the contract says no', async () => {
    const { carol, browser, login } = await start()
    const post = async (confirmation: object) => {
      const { status, body } = await postJson(browser, '/transfer', { ...order, confirmation })
      return [status, body.code]
    }
    const first = (await confirmAs(browser, carol, { ...order, amount: '11' })) as { authorization: string }
    const second = await confirmAs(browser, carol, order)
    const invalid = [401, 'ERR_NEAR_AUTHORIZATION_INVALID']
    expect(await post({ ...second, authorization: first.authorization })).toEqual(invalid)
    const third = await confirmAs(browser, carol, order)
    expect(await post({ ...third, authorization: login.authorization })).toEqual(invalid)
    const fourth = await confirmAs(browser, carol, order)
    carol.allowSignature(false)
    expect(await post(fourth)).toEqual(invalid)
  })

  it('of a strategy without wallet contracts is no confirmation (400)', async () => {
    const { carol, network } = await start()
    const site = await startSite(cleanup)
    const browser = new Browser(site.url)
    await browser.login(await site.alice.signMessage(await browser.challenge()))
    const { body: challenge } = await postJson(browser, '/transfer/challenge', order)
    expect(challenge).not.toHaveProperty('payload')
    const { authorization } = await carol.resolveAuth({
      ...challenge,
      payload: 'x',
      chainId: 'mainnet',
    })
    const confirmation = { accountId: 'carol.test', authorization, state: challenge.state }
    expect((await postJson(browser, '/transfer', { ...order, confirmation })).status).toBe(400)
    expect(network).toBeDefined()
  })
})

describe('a session in a cookie', () => {
  it('keeps the record of a small authorization, and none of a large one', async () => {
    const { LoginRecords } = await import('../../lib/guards/login-record')
    const records = new LoginRecords({ name: 'near', network: 'mainnet', authorizations: {} as never })
    const leave = (length: number, more: object): unknown => {
      const session: Record<string, unknown> & { save: () => void } = {
        passport: { user: 'u' },
        save: () => undefined,
      }
      Object.defineProperty(session, 'regenerate', { value: () => undefined, configurable: true })
      Object.defineProperties(session, Object.getOwnPropertyDescriptors(more))
      const req = { session }
      const proof = {
        accountId: 'carol.test',
        via: 'contract',
        authorization: 'a'.repeat(length),
        payload: 'p',
      } as const
      records.leave(req, proof)
      ;(session.regenerate as () => void)()
      session.save()
      return records.read(req)
    }
    expect(leave(1000, {})).toMatchObject({ authorization: 'a'.repeat(1000) })
    expect(leave(3000, {})).toBeUndefined()
    expect(leave(16_384, Object.defineProperty({}, 'id', { value: 'on the server' }))).toMatchObject({
      payload: 'p',
    })
  })
})
