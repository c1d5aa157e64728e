const { SessionChallengeStore } = require('passport-near')
const { startSite, stopSites } = require('./support/site')
const { expectError, expectNoLogin } = require('./support/expectations')

afterEach(stopSites)

describe('an outage of the RPC endpoint is a 503 and not a rejection', () => {
  const unavailable = { status: 503, code: 'ERR_NEAR_RPC_UNAVAILABLE', rpcRequests: 1 }

  test.each(['hang', 'reset', 'http-500', 'garbage'])('%s', async (failure) => {
    const site = await startSite({ near: { rpcTimeout: 300 } })
    const alice = await site.createAccount('alice.near')
    const browser = site.openBrowser()
    const login = alice.sign(await browser.challenge())
    site.network.fail(failure)
    await expectNoLogin(site, browser, login, unavailable)

    site.network.recover()
    await expectNoLogin(site, browser, login, { status: 401, code: 'ERR_NEAR_CHALLENGE_MISSING' })
    const secondLogin = alice.sign(await browser.challenge())
    expect((await browser.post('/login/near', secondLogin)).status).toBe(200)
    expect(await browser.user()).toEqual({ id: 'alice.near' })
  })

  test('a login that is rejected before the key check stays a rejection', async () => {
    const site = await startSite()
    const alice = await site.createAccount('alice.near')
    const browser = site.openBrowser()
    site.network.fail('reset')
    const login = alice.sign(await browser.challenge(), { recipient: 'evil.example.com' })
    await expectNoLogin(site, browser, login, { status: 401, code: 'ERR_NEAR_SIGNATURE_INVALID' })
  })

  test('the second endpoint decides during an outage of the first', async () => {
    const other = await startSite()
    const site = await startSite({ near: { rpc: ['http://127.0.0.1:9', other.network.rpcUrl] } })
    const alice = await other.createAccount('alice.near')
    const browser = site.openBrowser()
    expect((await browser.post('/login/near', alice.sign(await browser.challenge()))).status).toBe(200)
    expect(await browser.user()).toEqual({ id: 'alice.near' })
    expect(other.network.requestCount).toBe(1)
  })
})

describe('a failure of the challenge store is a 503 and not a rejection', () => {
  const storeFailed = { status: 503, code: 'ERR_NEAR_STORE_FAILED' }

  class FailingStore extends SessionChallengeStore {
    fails = undefined

    async issue(...given) {
      if (this.fails === 'issue') throw new Error('connect ECONNREFUSED redis.internal:6379')
      return super.issue(...given)
    }

    async consume(...given) {
      if (this.fails === 'consume') throw new Error('connect ECONNREFUSED redis.internal:6379')
      return super.consume(...given)
    }
  }

  test('when a challenge is issued', async () => {
    const store = new FailingStore()
    const site = await startSite({ near: { store } })
    const browser = site.openBrowser()
    store.fails = 'issue'
    const response = await browser.get('/login/near/challenge')
    expectError(response, 503, 'ERR_NEAR_STORE_FAILED')
    expect(response.body.message).not.toMatch('redis.internal')
    expect(response.body).not.toHaveProperty('nonce')
  })

  test('when a challenge is consumed', async () => {
    const store = new FailingStore()
    const site = await startSite({ near: { store } })
    const alice = await site.createAccount('alice.near')
    const browser = site.openBrowser()
    const login = alice.sign(await browser.challenge())
    store.fails = 'consume'
    await expectNoLogin(site, browser, login, storeFailed)

    store.fails = undefined
    expect((await browser.post('/login/near', login)).status).toBe(200)
  })
})

test('a site without session middleware responds with 500 and names the cause', async () => {
  const site = await startSite({ hasSession: false })
  const alice = await site.createAccount('alice.near')
  const browser = site.openBrowser()
  const asked = await browser.get('/login/near/challenge')
  expectError(asked, 500, 'ERR_NEAR_SESSION_UNAVAILABLE')
  expect(asked.body.message).toMatch('express-session')

  const login = alice.sign({ message: 'Sign in', recipient: 'app.example.com', nonce: 'A'.repeat(43) + '=' })
  await expectNoLogin(site, browser, login, { status: 500, code: 'ERR_NEAR_SESSION_UNAVAILABLE' })
})
