const NearStrategy = require('passport-near')
const { RECIPIENT, startSite, stopSites } = require('./support/site')
const { expectError, expectNoLogin } = require('./support/expectations')

afterEach(stopSites)

const MESSAGE = `Link this NEAR account to your account at ${RECIPIENT}`

/** The routes with which a signed-in user links a second NEAR account. */
const WAYS = {
  'passport.authorize': {
    options: {},
    // Without options, Passport reads the callback as the options, and the route behaves like
    // passport.authenticate.
    middleware: (passport, callback) => passport.authorize('link-near', {}, callback),
  },
  'a strategy with linking: true': {
    options: { linking: true },
    middleware: (passport, callback) => passport.authenticate('link-near', callback),
  },
}

/** A site where alice.near is signed in, and bob.near is an account to link. */
async function start({ options, middleware }, near) {
  const links = []
  const addRoutes = (app, { passport, rpc }) => {
    const linkNear = new NearStrategy(
      { name: 'link-near', recipient: RECIPIENT, message: MESSAGE, rpc, ...options, ...near },
      (profile, done) => done(null, profile),
    )
    passport.use(linkNear)
    app.get('/link/near/challenge', linkNear.challengeHandler())
    app.post('/link/near', (req, res, next) => {
      middleware(passport, (error, account, info, status) => {
        if (error) return next(error)
        if (!account) return res.status(status ?? 401).json(info)
        links.push({ user: req.user?.id, account: account.accountId })
        res.json(links.at(-1))
      })(req, res, next)
    })
  }
  const site = await startSite({ addRoutes })
  const browser = site.openBrowser()
  const alice = await site.createAccount('alice.near')
  const bob = await site.createAccount('bob.near')
  const signIn = async (wallet) => {
    const login = await browser.post('/login/near', wallet.sign(await browser.challenge()))
    expect(login.status).toBe(200)
  }
  return { site, browser, alice, bob, links, signIn }
}

async function expectNoLink({ site, browser, links }, body, { status, code, rpcRequests = 0 }) {
  const userBefore = await browser.user()
  const linksBefore = [...links]
  const requestsBefore = site.network.requestCount
  const response = await browser.post('/link/near', body)
  expectError(response, status, code)
  expect(site.network.requestCount - requestsBefore).toBe(rpcRequests)
  expect(links).toEqual(linksBefore)
  expect(await browser.user()).toEqual(userBefore)
}

const MISSING = { status: 401, code: 'ERR_NEAR_CHALLENGE_MISSING' }
const SIGN_IN_REQUIRED = { status: 401, code: 'ERR_NEAR_SIGN_IN_REQUIRED' }

test('passport.authorize sets req.account and does not change req.user', async () => {
  const addRoutes = (app, { passport, rpc }) => {
    const linkNear = new NearStrategy({ name: 'link-near', recipient: RECIPIENT, rpc }, (profile, done) =>
      done(null, profile),
    )
    passport.use(linkNear)
    const signedIn = (req, res, next) => (req.user ? next() : res.sendStatus(401))
    app.get('/link/near/challenge', signedIn, linkNear.challengeHandler())
    app.post('/link/near', signedIn, passport.authorize('link-near'), (req, res) => {
      res.json({ user: req.user.id, linked: req.account.accountId })
    })
  }
  const site = await startSite({ addRoutes })
  const alice = await site.createAccount('alice.near')
  const bob = await site.createAccount('bob.near')
  const browser = site.openBrowser()
  expect((await browser.get('/link/near/challenge')).status).toBe(401)
  await browser.post('/login/near', alice.sign(await browser.challenge()))

  const link = await browser.post('/link/near', bob.sign(await browser.challenge('/link/near/challenge')))

  expect(link).toMatchObject({ status: 200, body: { user: 'alice.near', linked: 'bob.near' } })
  expect(await browser.user()).toEqual({ id: 'alice.near' })
})

describe.each(Object.entries(WAYS))('with %s', (_, way) => {
  const linkChallenge = (browser) => browser.challenge('/link/near/challenge')

  test('the signed-in user links a second account', async () => {
    const { browser, alice, bob, links, signIn } = await start(way)
    await signIn(alice)
    const challenge = await linkChallenge(browser)
    expect(challenge.message).toBe(MESSAGE)
    expect((await browser.post('/link/near', bob.sign(challenge))).status).toBe(200)
    expect(links).toEqual([{ user: 'alice.near', account: 'bob.near' }])
    expect(await browser.user()).toEqual({ id: 'alice.near' })
  })

  test('a replayed link is rejected', async () => {
    const started = await start(way)
    const { browser, alice, bob, signIn } = started
    await signIn(alice)
    const body = bob.sign(await linkChallenge(browser))
    expect((await browser.post('/link/near', body)).status).toBe(200)
    await expectNoLink(started, body, MISSING)
  })

  test('a challenge to sign in is rejected for a link', async () => {
    const started = await start(way)
    const { browser, alice, bob, signIn } = started
    await signIn(alice)
    await expectNoLink(started, bob.sign(await browser.challenge()), MISSING)
  })

  test('a challenge to link is rejected for a sign-in', async () => {
    const { site, browser, alice, bob, signIn } = await start(way)
    await signIn(alice)
    await expectNoLogin(site, browser, bob.sign(await linkChallenge(browser)), MISSING)
  })

  test('the challenge of the previous user of the browser is rejected', async () => {
    const started = await start(way)
    const { site, browser, alice, bob, signIn } = started
    await signIn(alice)
    const body = bob.sign(await linkChallenge(browser))
    await signIn(await site.createAccount('carol.near'))
    await expectNoLink(started, body, MISSING)
    expect(await browser.user()).toEqual({ id: 'carol.near' })
  })

  test('a challenge is accepted after the same user signed in again', async () => {
    const { browser, alice, bob, links, signIn } = await start(way)
    await signIn(alice)
    const body = bob.sign(await linkChallenge(browser))
    await signIn(alice)
    expect((await browser.post('/link/near', body)).status).toBe(200)
    expect(links).toEqual([{ user: 'alice.near', account: 'bob.near' }])
  })

  test('a challenge of another browser of the same user is rejected', async () => {
    const started = await start(way)
    const { site, browser, alice, bob, signIn } = started
    const other = site.openBrowser()
    await other.post('/login/near', alice.sign(await other.challenge()))
    await signIn(alice)
    await expectNoLink(started, bob.sign(await linkChallenge(other)), MISSING)
    expect(await browser.user()).toEqual({ id: 'alice.near' })
  })

  test('a key that the account does not have links nothing', async () => {
    const started = await start(way)
    const { browser, alice, bob, signIn } = started
    await signIn(alice)
    bob.account.deleteKey(bob.publicKey)
    await expectNoLink(started, bob.sign(await linkChallenge(browser)), {
      status: 401,
      code: 'ERR_NEAR_ACCESS_KEY_NOT_FOUND',
      rpcRequests: 1,
    })
  })

  test('an outage of the RPC endpoint is a 503 and links nothing', async () => {
    const started = await start(way)
    const { site, browser, alice, bob, signIn } = started
    await signIn(alice)
    const body = bob.sign(await linkChallenge(browser))
    site.network.fail('http-500')
    await expectNoLink(started, body, { status: 503, code: 'ERR_NEAR_RPC_UNAVAILABLE', rpcRequests: 1 })
  })
})

test('with passport.authorize, a challenge from before the sign-in is rejected', async () => {
  const started = await start(WAYS['passport.authorize'])
  const { browser, alice, bob, signIn } = started
  const body = bob.sign(await browser.challenge('/link/near/challenge'))
  await signIn(alice)
  await expectNoLink(started, body, MISSING)
})

describe('with linking: true and no user signed in', () => {
  const way = WAYS['a strategy with linking: true']

  test('a challenge is not issued', async () => {
    const { site, browser } = await start(way)
    const response = await browser.get('/link/near/challenge')
    expectError(response, SIGN_IN_REQUIRED.status, SIGN_IN_REQUIRED.code)
    expect(site.network.requestCount).toBe(0)
    expect(await browser.user()).toBeNull()
  })

  test('a link is rejected', async () => {
    const started = await start(way)
    const { browser, bob } = started
    await expectNoLink(started, bob.sign(await browser.challenge()), SIGN_IN_REQUIRED)
  })

  test('a link is rejected after the user logged out', async () => {
    const started = await start(way)
    const { browser, alice, bob, signIn } = started
    await signIn(alice)
    const body = bob.sign(await browser.challenge('/link/near/challenge'))
    await browser.post('/logout')
    await expectNoLink(started, body, SIGN_IN_REQUIRED)
  })
})

test('with currentUser, the application names the signed-in user', async () => {
  let currentUser = 'user 1'
  const started = await start(WAYS['a strategy with linking: true'], { currentUser: () => currentUser })
  const { browser, bob, links } = started
  const first = bob.sign(await browser.challenge('/link/near/challenge'))
  expect((await browser.post('/link/near', first)).status).toBe(200)
  expect(links).toHaveLength(1)

  const second = bob.sign(await browser.challenge('/link/near/challenge'))
  currentUser = 'user 2'
  await expectNoLink(started, second, MISSING)
})
