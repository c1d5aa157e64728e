const { startSite, stopSites } = require('./support/site')
const { expectNoLogin } = require('./support/expectations')

afterEach(async () => {
  jest.restoreAllMocks()
  await stopSites()
})

const MISSING = { status: 401, code: 'ERR_NEAR_CHALLENGE_MISSING' }
const EXPIRED = { status: 401, code: 'ERR_NEAR_CHALLENGE_EXPIRED' }

async function start(near) {
  const site = await startSite({ near })
  return { site, alice: await site.createAccount('alice.near'), browser: site.openBrowser() }
}

function moveClock(milliseconds) {
  const now = Date.now.bind(Date)
  const moved = now() + milliseconds
  jest.spyOn(Date, 'now').mockImplementation(() => moved)
}

test('a replayed login is rejected', async () => {
  const { site, alice, browser } = await start()
  const login = alice.sign(await browser.challenge())
  // The challenge of a second tab makes the login carry the session's challenges over.
  await browser.challenge()
  expect((await browser.post('/login/near', login)).status).toBe(200)
  await expectNoLogin(site, browser, login, MISSING)
  await browser.post('/logout')
  await expectNoLogin(site, browser, login, MISSING)
  const { accountId, publicKey, signature } = login
  await expectNoLogin(site, browser, { accountId, publicKey, signature }, MISSING)
})

test('exactly one of 8 identical concurrent logins signs in', async () => {
  const { site, alice, browser } = await start()
  const login = alice.sign(await browser.challenge())
  const { cookie } = browser
  const responses = await Promise.all(
    Array.from({ length: 8 }, () => {
      const request = site.openBrowser()
      request.cookie = cookie
      return request.post('/login/near', login)
    }),
  )
  expect(responses.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(401)])
  for (const { body } of responses.filter(({ status }) => status === 401)) {
    expect(body.code).toBe('ERR_NEAR_CHALLENGE_MISSING')
  }
  expect(site.profiles).toHaveLength(1)
  expect(site.network.requestCount).toBe(1)
})

test('a login without a challenge is rejected', async () => {
  const { site, alice, browser } = await start()
  const madeUp = {
    message: 'Sign in to app.example.com',
    recipient: 'app.example.com',
    nonce: Buffer.alloc(32, 1).toString('base64'),
    state: 'AAAAAAAAAAAAAAAAAAAAAA',
  }
  await expectNoLogin(site, browser, alice.sign(madeUp), MISSING)
  await expectNoLogin(site, browser, alice.sign({ ...madeUp, state: undefined }), MISSING)
})

test("an unknown state is rejected, and the session's challenge stays pending", async () => {
  const { site, alice, browser } = await start()
  const login = alice.sign(await browser.challenge())
  await expectNoLogin(site, browser, { ...login, state: 'AAAAAAAAAAAAAAAAAAAAAA' }, MISSING)
  expect((await browser.post('/login/near', login)).status).toBe(200)
})

test("another session's challenge is rejected, and stays usable in its own session", async () => {
  const { site, alice, browser } = await start()
  const login = alice.sign(await browser.challenge())
  const other = site.openBrowser()
  await expectNoLogin(site, other, login, MISSING)
  expect((await browser.post('/login/near', login)).status).toBe(200)
})

test("another session's challenge is rejected without its state, in a session with a challenge", async () => {
  const { site, alice, browser } = await start()
  const { accountId, publicKey, signature } = alice.sign(await browser.challenge())
  const other = site.openBrowser()
  await other.challenge()
  await expectNoLogin(
    site,
    other,
    { accountId, publicKey, signature },
    { status: 401, code: 'ERR_NEAR_SIGNATURE_INVALID' },
  )
})

test('a challenge is accepted 5 minutes after it was issued', async () => {
  const { alice, browser } = await start()
  const login = alice.sign(await browser.challenge())
  moveClock(300_000 - 1_000)
  expect((await browser.post('/login/near', login)).status).toBe(200)
})

test('a challenge expires after 5 minutes', async () => {
  const { site, alice, browser } = await start()
  const login = alice.sign(await browser.challenge())
  moveClock(300_000 + 1_000)
  await expectNoLogin(site, browser, login, EXPIRED)
})

test('a challenge expires after challengeMaxAge and is then consumed', async () => {
  const { site, alice, browser } = await start({ challengeMaxAge: 60_000 })
  const login = alice.sign(await browser.challenge())
  moveClock(61_000)
  await expectNoLogin(site, browser, login, EXPIRED)
  await expectNoLogin(site, browser, login, MISSING)
})

test('a challenge is consumed by a wrong signature', async () => {
  const { site, alice, browser } = await start()
  const challenge = await browser.challenge()
  await expectNoLogin(site, browser, alice.sign(challenge, { recipient: 'evil.example.com' }), {
    status: 401,
    code: 'ERR_NEAR_SIGNATURE_INVALID',
  })
  await expectNoLogin(site, browser, alice.sign(challenge), MISSING)
})

test('a session keeps its latest 8 challenges', async () => {
  const { site, alice, browser } = await start()
  const logins = []
  for (let count = 0; count < 9; count++) logins.push(alice.sign(await browser.challenge()))
  await expectNoLogin(site, browser, logins[0], MISSING)
  expect((await browser.post('/login/near', logins[1])).status).toBe(200)
})
