const { startSite, stopSites } = require('./support/site')
const { expectNoLogin } = require('./support/expectations')
const { Wallet } = require('./support/wallet')

afterEach(stopSites)

const rejected = (status, code) => ({ status, code })

async function start(near) {
  const site = await startSite({ near })
  return { site, alice: await site.createAccount('alice.near'), browser: site.openBrowser() }
}

describe('a body that is not a login is rejected, and the challenge stays pending', () => {
  const missing = rejected(400, 'ERR_NEAR_CREDENTIALS_MISSING')
  const invalid = rejected(400, 'ERR_NEAR_CREDENTIALS_INVALID')

  test.each([
    ['no body', () => undefined, missing],
    ['an empty object', () => ({}), missing],
    ['no account id', (login) => ({ ...login, accountId: undefined }), missing],
    ['no public key', (login) => ({ ...login, publicKey: undefined }), missing],
    ['no signature', (login) => ({ ...login, signature: undefined }), missing],
    ['null as the account id', (login) => ({ ...login, accountId: null }), missing],
    ['an empty account id', (login) => ({ ...login, accountId: '' }), missing],
    ['an array', (login) => [login], invalid],
    ['a number as the account id', (login) => ({ ...login, accountId: 7 }), invalid],
    ['an array as the account id', (login) => ({ ...login, accountId: [login.accountId] }), invalid],
    ['an object as the signature', (login) => ({ ...login, signature: { a: 1 } }), invalid],
    ['a boolean as the state', (login) => ({ ...login, state: true }), invalid],
    ['an account id with capitals', (login) => ({ ...login, accountId: 'Alice.near' }), invalid],
    ['an account id of 65 characters', (login) => ({ ...login, accountId: 'a'.repeat(65) }), invalid],
    ['a public key that is not base58', (login) => ({ ...login, publicKey: 'ed25519:0OIl' }), invalid],
    ['a public key of 31 bytes', (login) => ({ ...login, publicKey: `ed25519:${'1'.repeat(31)}` }), invalid],
    ['a public key of an unknown type', (login) => ({ ...login, publicKey: 'rsa:11111111' }), invalid],
    ['a signature of 3 bytes', (login) => ({ ...login, signature: 'AAAA' }), invalid],
    ['a signature of 10,000 characters', (login) => ({ ...login, signature: 'A'.repeat(10_000) }), invalid],
    ['a state of 50,000 characters', (login) => ({ ...login, state: 'A'.repeat(50_000) }), invalid],
  ])('%s', async (_, change, expected) => {
    const { site, alice, browser } = await start()
    const login = alice.sign(await browser.challenge())
    await expectNoLogin(site, browser, change(login), expected)
    expect((await browser.post('/login/near', login)).status).toBe(200)
  })

  test('text that is not JSON', async () => {
    const { site, alice, browser } = await start()
    const login = alice.sign(await browser.challenge())
    expect((await browser.postText('/login/near', '{"accountId":')).status).toBe(400)
    expect(site.network.requestCount).toBe(0)
    expect(await browser.user()).toBeNull()
    expect((await browser.post('/login/near', login)).status).toBe(200)
  })
})

describe('a login that the wallet declined is rejected, and the challenge stays pending', () => {
  test.each([
    ['an error', ({ state }) => ({ error: 'User rejected the request', state })],
    ['empty strings', ({ state }) => ({ accountId: '', publicKey: '', signature: '', state })],
    ['an empty signature', (login) => ({ ...login, signature: '' })],
  ])('%s', async (_, change) => {
    const { site, alice, browser } = await start()
    const login = alice.sign(await browser.challenge())
    await expectNoLogin(site, browser, change(login), rejected(401, 'ERR_NEAR_WALLET_REFUSED'))
    expect((await browser.post('/login/near', login)).status).toBe(200)
  })
})

describe('a signature of bytes other than the challenge is rejected', () => {
  const invalid = rejected(401, 'ERR_NEAR_SIGNATURE_INVALID')

  test.each([
    ['another recipient', { recipient: 'evil.example.com' }],
    ['another message', { message: 'Sign in to evil.example.com' }],
    ['another nonce', { nonce: Buffer.alloc(32, 7).toString('base64') }],
    ['a callback URL that the site did not name', { callbackUrl: 'https://evil.example.com/' }],
    ['the tag of a transaction', { tag: 2 ** 30 + 413 }],
  ])('%s', async (_, changed) => {
    const { site, alice, browser } = await start()
    await expectNoLogin(site, browser, alice.sign(await browser.challenge(), changed), invalid)
  })

  test('a payload that the request names', async () => {
    const { site, alice, browser } = await start()
    const changed = { message: 'Hello', recipient: 'evil.example.com' }
    const login = { ...alice.sign(await browser.challenge(), changed), ...changed }
    await expectNoLogin(site, browser, login, invalid)
  })

  test('a signature of another key', async () => {
    const { site, alice, browser } = await start()
    const login = new Wallet('alice.near').sign(await browser.challenge())
    await expectNoLogin(site, browser, { ...login, publicKey: alice.publicKey }, invalid)
  })

  test('a signature with one changed bit', async () => {
    const { site, alice, browser } = await start()
    const login = alice.sign(await browser.challenge())
    const bytes = Buffer.from(login.signature, 'base64')
    bytes[0] ^= 1
    await expectNoLogin(site, browser, { ...login, signature: bytes.toString('base64') }, invalid)
  })
})

describe('a key that does not control the account is rejected', () => {
  const notFound = { ...rejected(401, 'ERR_NEAR_ACCESS_KEY_NOT_FOUND'), rpcRequests: 1 }
  const notFullAccess = { ...rejected(401, 'ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS'), rpcRequests: 1 }

  test.each(['FunctionCall', 'GasKeyFunctionCall'])('a key with the permission %s', async (permission) => {
    const { site, browser } = await start()
    const bob = await site.createAccount('bob.near', permission)
    await expectNoLogin(site, browser, bob.sign(await browser.challenge()), notFullAccess)
  })

  test('a removed key, from its removal on', async () => {
    const { site, alice, browser } = await start()
    expect((await browser.post('/login/near', alice.sign(await browser.challenge()))).status).toBe(200)
    await browser.post('/logout')
    alice.account.deleteKey(alice.publicKey)
    await expectNoLogin(site, browser, alice.sign(await browser.challenge()), notFound)
  })

  test('a key of a deleted account', async () => {
    const { site, alice, browser } = await start()
    alice.account.delete()
    await expectNoLogin(site, browser, alice.sign(await browser.challenge()), notFound)
  })

  test('a key of an unknown account', async () => {
    const { site, browser } = await start()
    const stranger = new Wallet('stranger.near')
    await expectNoLogin(site, browser, stranger.sign(await browser.challenge()), notFound)
  })

  test("one account's key for another account", async () => {
    const { site, alice, browser } = await start()
    await site.createAccount('bob.near')
    const login = { ...alice.sign(await browser.challenge()), accountId: 'bob.near' }
    await expectNoLogin(site, browser, login, notFound)
  })

  test('the key of an implicit account that is not on chain', async () => {
    const { site, browser } = await start()
    await expectNoLogin(site, browser, new Wallet().sign(await browser.challenge()), notFound)
  })
})

describe('a key that controls the account is accepted', () => {
  test('a gas key with full access', async () => {
    const { site, browser } = await start()
    const bob = await site.createAccount('bob.near', 'GasKeyFullAccess')
    expect((await browser.post('/login/near', bob.sign(await browser.challenge()))).status).toBe(200)
    expect(await browser.user()).toEqual({ id: 'bob.near' })
  })

  test('a second key of the account', async () => {
    const { alice, browser } = await start()
    const phone = new Wallet('alice.near')
    alice.account.addKey({ publicKey: phone.publicKey })
    expect((await browser.post('/login/near', phone.sign(await browser.challenge()))).status).toBe(200)
    expect(await browser.user()).toEqual({ id: 'alice.near' })
  })

  test('the key of an implicit account that is on chain', async () => {
    const { site, browser } = await start()
    const implicit = await site.createAccount(undefined)
    expect((await browser.post('/login/near', implicit.sign(await browser.challenge()))).status).toBe(200)
    expect(await browser.user()).toEqual({ id: implicit.accountId })
  })
})

describe('with allowImplicit', () => {
  const notFound = rejected(401, 'ERR_NEAR_ACCESS_KEY_NOT_FOUND')

  test('the key of an implicit account that is not on chain is accepted', async () => {
    const { browser } = await start({ allowImplicit: true })
    const implicit = new Wallet()
    expect((await browser.post('/login/near', implicit.sign(await browser.challenge()))).status).toBe(200)
    expect(await browser.user()).toEqual({ id: implicit.accountId })
  })

  test('another key is rejected for that account', async () => {
    const { site, browser } = await start({ allowImplicit: true })
    const login = new Wallet(new Wallet().accountId).sign(await browser.challenge())
    await expectNoLogin(site, browser, login, { ...notFound, rpcRequests: 1 })
  })

  test('the removed key of an implicit account that is on chain is rejected', async () => {
    const { site, browser } = await start({ allowImplicit: true })
    const implicit = await site.createAccount(undefined)
    implicit.account.deleteKey(implicit.publicKey)
    // The second request checks whether the account exists.
    await expectNoLogin(site, browser, implicit.sign(await browser.challenge()), {
      ...notFound,
      rpcRequests: 2,
    })
  })
})
