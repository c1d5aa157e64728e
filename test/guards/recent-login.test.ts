import { NearStrategy } from 'passport-near'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Browser, Cleanup } from '../support/app'
import { passTime, postJson, signIn, startSite, type SiteOptions } from './support'

const cleanup = new Cleanup()
afterEach(async () => {
  vi.useRealTimers()
  await cleanup.run()
})

const tooOld = { status: 401, code: 'ERR_NEAR_LOGIN_TOO_OLD' }

async function start(options: SiteOptions = {}) {
  const site = await startSite(cleanup, options)
  const browser = new Browser(site.url)
  passTime(0)
  await signIn(browser, site.alice)
  const act = async (by = browser) => {
    const { status, body } = await postJson(by, '/keys')
    return status === 200 ? status : { status, code: body.code }
  }
  return { ...site, browser, act }
}

describe('requireRecentLogin', () => {
  it('passes on a login of at most `maxAge`, and rejects an older one until the next login', async () => {
    const { act, browser, alice } = await start()
    expect(await act()).toBe(200)
    passTime(900_000)
    expect(await act()).toBe(200)
    passTime(1)
    expect(await act()).toEqual(tooOld)
    await signIn(browser, alice)
    expect(await act()).toBe(200)
  })

  it('rejects a request without a user, and a user who signed in by other means', async () => {
    const { act, browser, url } = await start()
    expect(await act(new Browser(url))).toEqual(tooOld)
    await postJson(browser, '/password', { user: 'alice.test' })
    expect(await act()).toEqual(tooOld)
  })

  it('rejects another user in a session that was taken over', async () => {
    const { act, browser } = await start()
    await postJson(browser, '/password', { user: 'mallory', keepSessionInfo: true })
    expect(await act()).toEqual(tooOld)
  })

  it('rejects a login of the future: a clock that steps back extends nothing', async () => {
    const { act } = await start()
    passTime(-1000)
    expect(await act()).toBe(200)
    passTime(-1)
    expect(await act()).toEqual(tooOld)
  })

  it('is not extended by a check of the key', async () => {
    const { act, browser } = await start()
    passTime(700_000)
    await browser.request('/user') // asks the chain
    passTime(200_001)
    expect(await act()).toEqual(tooOld)
  })

  it.each<[unknown, string]>([
    [
      {},
      'requireRecentLogin: option "maxAge" must be a number of milliseconds from 1 to 2147483647; got undefined',
    ],
    [undefined, 'requireRecentLogin: options must be an object; got undefined'],
    [{ maxAge: '5' }, 'got "5"'],
    [{ maxAge: 5, age: 1 }, 'option "age" is not known'],
  ])('rejects the options %j', (options, message) => {
    const near = new NearStrategy({ recipient: 'app.example.com' }, () => undefined)
    expect(() => near.requireRecentLogin(options as never)).toThrow(TypeError)
    expect(() => near.requireRecentLogin(options as never)).toThrow(message)
  })
})
