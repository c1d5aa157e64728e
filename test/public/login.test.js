const { RECIPIENT, startSite, stopSites } = require('./support/site')

afterEach(stopSites)

test('a signed challenge signs the account in, and the session keeps the user', async () => {
  const site = await startSite()
  const alice = await site.createAccount('alice.near')
  const browser = site.openBrowser()
  const challenge = await browser.challenge()
  expect(await browser.user()).toBeNull()

  const login = await browser.post('/login/near', alice.sign(challenge))

  expect(login).toMatchObject({ status: 200, body: { id: 'alice.near' } })
  expect(await browser.user()).toEqual({ id: 'alice.near' })
  expect(await site.openBrowser().user()).toBeNull()
  expect(site.network.requestCount).toBe(1)
})

test('a challenge has the documented fields and is not cached', async () => {
  const site = await startSite()
  const { status, headers, body } = await site.openBrowser().get('/login/near/challenge')
  expect(status).toBe(200)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('content-type')).toMatch('application/json')
  expect(body).toEqual({
    message: `Sign in to ${RECIPIENT}`,
    recipient: RECIPIENT,
    nonce: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
    state: expect.stringMatching(/^[\w-]{22}$/),
  })
})

test('every challenge has a new nonce and a new state', async () => {
  const browser = (await startSite()).openBrowser()
  const challenges = [await browser.challenge(), await browser.challenge(), await browser.challenge()]
  expect(new Set(challenges.map(({ nonce }) => nonce)).size).toBe(3)
  expect(new Set(challenges.map(({ state }) => state)).size).toBe(3)
})

test('verify receives the profile of the account', async () => {
  const site = await startSite({ near: { network: 'testnet' } })
  const alice = await site.createAccount('alice.testnet')
  const browser = site.openBrowser()
  await browser.post('/login/near', alice.sign(await browser.challenge()))
  expect(site.profiles).toEqual([
    {
      provider: 'near',
      id: 'alice.testnet',
      displayName: 'alice.testnet',
      accountId: 'alice.testnet',
      publicKey: alice.publicKey,
      network: 'testnet',
    },
  ])
})

test('a login gives the browser a new session id', async () => {
  const site = await startSite()
  const alice = await site.createAccount('alice.near')
  const browser = site.openBrowser()
  const challenge = await browser.challenge()
  const cookieBefore = browser.cookie
  await browser.post('/login/near', alice.sign(challenge))
  const cookieAfter = browser.cookie
  expect(cookieAfter).not.toBe(cookieBefore)

  browser.cookie = cookieBefore
  expect(await browser.user()).toBeNull()
  browser.cookie = cookieAfter
  expect(await browser.user()).toEqual({ id: 'alice.near' })
})

test('a login as a form signs in', async () => {
  const site = await startSite()
  const alice = await site.createAccount('alice.near')
  const browser = site.openBrowser()
  const login = await browser.postForm('/login/near', alice.sign(await browser.challenge()))
  expect(login.status).toBe(200)
  expect(await browser.user()).toEqual({ id: 'alice.near' })
})

test('a login without a state uses the latest challenge of the session', async () => {
  const site = await startSite()
  const alice = await site.createAccount('alice.near')
  const browser = site.openBrowser()
  await browser.challenge()
  const login = alice.sign(await browser.challenge())
  delete login.state
  expect((await browser.post('/login/near', login)).status).toBe(200)
  expect(await browser.user()).toEqual({ id: 'alice.near' })
})

test('two tabs of one browser sign in, each with its own challenge', async () => {
  const site = await startSite()
  const alice = await site.createAccount('alice.near')
  const browser = site.openBrowser()
  const first = alice.sign(await browser.challenge())
  const second = alice.sign(await browser.challenge())
  expect((await browser.post('/login/near', first)).status).toBe(200)
  expect((await browser.post('/login/near', second)).status).toBe(200)
  expect(await browser.user()).toEqual({ id: 'alice.near' })
})

test('a user who logged out signs in again', async () => {
  const site = await startSite()
  const alice = await site.createAccount('alice.near')
  const browser = site.openBrowser()
  await browser.post('/login/near', alice.sign(await browser.challenge()))
  expect((await browser.post('/logout')).status).toBe(204)
  expect(await browser.user()).toBeNull()
  await browser.post('/login/near', alice.sign(await browser.challenge()))
  expect(await browser.user()).toEqual({ id: 'alice.near' })
})

describe('a site with a callback URL', () => {
  const callbackUrl = 'https://app.example.com/login/near/callback'

  test.each([
    ['signs the callback URL', {}],
    ['omits the callback URL', { callbackUrl: undefined }],
  ])('accepts a wallet that %s', async (_, changed) => {
    const site = await startSite({ near: { callbackUrl } })
    const alice = await site.createAccount('alice.near')
    const browser = site.openBrowser()
    const challenge = await browser.challenge()
    expect(challenge.callbackUrl).toBe(callbackUrl)
    expect((await browser.post('/login/near', alice.sign(challenge, changed))).status).toBe(200)
    expect(await browser.user()).toEqual({ id: 'alice.near' })
  })
})

test('Passport alone signs in, and responds to a rejection with the status text', async () => {
  const site = await startSite()
  const alice = await site.createAccount('alice.near')
  const browser = site.openBrowser()
  const login = alice.sign(await browser.challenge())
  expect(await browser.post('/login/passport-alone', login)).toMatchObject({ status: 200 })
  expect(await browser.user()).toEqual({ id: 'alice.near' })

  const other = site.openBrowser()
  expect(await other.post('/login/passport-alone', login)).toMatchObject({
    status: 401,
    body: 'Unauthorized',
  })
  expect(await other.user()).toBeNull()
})

test('an account that the application rejects is not signed in', async () => {
  const site = await startSite({
    verify: (profile, done) => done(null, false, { message: 'This account is closed.' }),
  })
  const alice = await site.createAccount('alice.near')
  const browser = site.openBrowser()
  const login = await browser.post('/login/near', alice.sign(await browser.challenge()))
  expect(login).toMatchObject({ status: 401, body: { message: 'This account is closed.' } })
  expect(await browser.user()).toBeNull()
})

test('an error of the application is a 500 and not a rejection', async () => {
  const site = await startSite({ verify: (profile, done) => done(new Error('The database is down')) })
  const alice = await site.createAccount('alice.near')
  const browser = site.openBrowser()
  expect((await browser.post('/login/near', alice.sign(await browser.challenge()))).status).toBe(500)
  expect(await browser.user()).toBeNull()
})
