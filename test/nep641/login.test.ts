import type { Challenge } from 'passport-near'
import { TestNetwork, type TestAccount, type WalletContract } from 'passport-near/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Browser, Cleanup, RECIPIENT, startApp } from '../support/app'
import type { ReturnedChallenge } from '../../lib/challenges/challenge'
import { loginPayload } from '../../lib/nep641/payload'
import type { Resolution } from '../../lib/nep641/resolve'
import { proveByAuthorization } from '../../lib/proofs/authorization'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount
let url: string
let browser: Browser
let challenge: Challenge

beforeAll(async () => {
  network = await TestNetwork.start()
  alice = await network.createAccount('alice.test')
  const app = await startApp(cleanup, { near: { rpc: network.rpcUrl, walletContracts: true } })
  url = app.url
})
afterAll(async () => {
  await cleanup.run()
  await network.stop()
})
beforeEach(async () => {
  browser = new Browser(url)
  challenge = await browser.challenge()
})

const invalid = { status: 401, body: { code: 'ERR_NEAR_AUTHORIZATION_INVALID' } }
const limit = { status: 401, body: { code: 'ERR_NEAR_AUTHORIZATION_LIMIT' } }

let number = 0
/** An id that no other test uses. */
const newId = (): string => `account-${++number}.test`

describe('a challenge of a site that accepts wallet contracts', () => {
  it('has the payload and the network for a wallet', () => {
    const { message, nonce, payload, chainId } = challenge
    expect(payload).toBe(
      `{\n  "domain": "${RECIPIENT}",\n  "action": "Login",\n  "msg": "${message}\\n\\nNonce: ${nonce}"\n}`,
    )
    expect(chainId).toBe('mainnet')
  })

  it('has neither where wallet contracts are not accepted, and a login says not who decided', async () => {
    const own = new Cleanup()
    try {
      const app = await startApp(own, { near: { rpc: network.rpcUrl } })
      const visitor = new Browser(app.url)
      const plain = await visitor.challenge()
      expect(Object.keys(plain)).toEqual(['message', 'recipient', 'nonce', 'state'])
      const { body } = await visitor.login(await alice.signMessage(plain))
      const { accountId, publicKey } = alice
      const account = { provider: 'near', id: accountId, displayName: accountId, accountId }
      expect(body.profile).toEqual({ ...account, publicKey, network: 'mainnet' })
    } finally {
      await own.run()
    }
  })
})

describe('an account with a wallet contract signs in', () => {
  it.each(['webauthn-p256', 'webauthn-ed25519', 'ed25519'] as const)('with a key of %s', async (schema) => {
    const carol = await network.createWalletContract(newId(), { schema })
    const { status, body } = await browser.login(await carol.resolveAuth(challenge))
    const { accountId } = carol
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        id: accountId,
        profile: {
          provider: 'near',
          id: accountId,
          displayName: accountId,
          accountId,
          network: 'mainnet',
          via: 'contract',
        },
      },
    })
  })

  it('with a form in place of JSON', async () => {
    const carol = await network.createWalletContract(newId())
    const login = await carol.resolveAuth(challenge)
    const response = await browser.request('/login/near', {
      method: 'POST',
      body: new URLSearchParams({ ...login }),
    })
    expect(response.status).toBe(200)
  })

  it('through an account with a wallet contract', async () => {
    const carol = await network.createWalletContract(newId())
    const vault = await network.createWalletContract(newId(), {
      schema: 'no-sign',
      extensions: [carol.accountId],
    })
    const { body } = await browser.login(await vault.resolveAuth(challenge, { through: carol }))
    expect(body).toMatchObject({ id: vault.accountId, profile: { via: 'contract' } })
  })

  it('through two accounts, of which the lowest has keys', async () => {
    const mid = await network.createWalletContract(newId(), { extensions: [alice.accountId] })
    const vault = await network.createWalletContract(newId(), { extensions: [mid.accountId] })
    const { body } = await browser.login(await vault.resolveAuth(challenge, { through: [mid, alice] }))
    expect(body).toMatchObject({ id: vault.accountId, profile: { via: 'contract' } })
    expect(body.profile).not.toHaveProperty('publicKey')
  })
})

describe('an account with keys signs in at such a site', () => {
  it('with an authorization by its key, which the profile names', async () => {
    const { body } = await browser.login(await alice.resolveAuth(challenge))
    expect(body.profile).toMatchObject({ via: 'access-key', publicKey: alice.publicKey })
  })

  it('with a signature, as at any other site', async () => {
    const { body } = await browser.login(await alice.signMessage(challenge))
    expect(body.profile).toMatchObject({ via: 'access-key', publicKey: alice.publicKey })
  })

  it('not with a function-call key', async () => {
    const publicKey = alice.addKey({ permission: 'FunctionCall' })
    expect(await browser.login(await alice.resolveAuth(challenge, { publicKey }))).toMatchObject(invalid)
  })

  it('not with a key that was removed since the challenge', async () => {
    const publicKey = alice.addKey()
    const login = await alice.resolveAuth(challenge, { publicKey })
    alice.deleteKey(publicKey)
    expect(await browser.login(login)).toMatchObject(invalid)
  })
})

describe('an authorization is rejected', () => {
  let carol: WalletContract
  beforeEach(async () => {
    carol = await network.createWalletContract(newId())
  })
  afterEach(() => carol.allowSignature(true))

  it('when it is used again', async () => {
    const login = await carol.resolveAuth(challenge)
    expect(await browser.login(login)).toMatchObject({ status: 200 })
    expect(await browser.login(login)).toMatchObject({ body: { code: 'ERR_NEAR_CHALLENGE_MISSING' } })
  })

  it('when it is for another challenge', async () => {
    const login = await carol.resolveAuth(await new Browser(url).challenge())
    expect(await browser.login({ ...login, state: challenge.state })).toMatchObject(invalid)
  })

  it('when another account is named', async () => {
    const login = await carol.resolveAuth(challenge)
    const other = await network.createWalletContract(newId())
    expect(await browser.login({ ...login, accountId: other.accountId })).toMatchObject(invalid)
  })

  it('when the contract no longer accepts signatures', async () => {
    const login = await carol.resolveAuth(challenge)
    carol.allowSignature(false)
    expect(await browser.login(login)).toMatchObject(invalid)
  })

  it('when the extension was disabled', async () => {
    const vault = await network.createWalletContract(newId(), { extensions: [carol.accountId] })
    const login = await vault.resolveAuth(challenge, { through: carol })
    vault.disableExtension(carol.accountId)
    expect(await browser.login(login)).toMatchObject(invalid)
    vault.enableExtension(carol.accountId)
    challenge = await browser.challenge()
    expect(await browser.login(await vault.resolveAuth(challenge, { through: carol }))).toMatchObject({
      status: 200,
    })
  })

  it('when the account was deleted', async () => {
    const login = await carol.resolveAuth(challenge)
    carol.delete()
    expect(await browser.login(login)).toMatchObject(invalid)
    carol = await network.createWalletContract(newId())
  })

  it('when the contract depends on more levels than the site accepts', async () => {
    const levels = [carol]
    for (let level = 0; level < 5; level++) {
      const extensions = [levels[0]!.accountId]
      levels.unshift(await network.createWalletContract(newId(), { extensions }))
    }
    const [top, ...below] = levels as [WalletContract, ...WalletContract[]]
    const tooDeep = await top.resolveAuth(challenge, { through: below })
    expect(await browser.login(tooDeep)).toMatchObject(limit)
    const next = await browser.challenge()
    const [second, ...rest] = below as [WalletContract, ...WalletContract[]]
    expect(await browser.login(await second.resolveAuth(next, { through: rest }))).toMatchObject({
      status: 200,
    })
  })
})

describe('the proof of an account', () => {
  const asked = { message: 'm', nonce: 'n' } as ReturnedChallenge
  const payload = loginPayload('r', asked)
  const prove = (result: Resolution['result']): ReturnType<typeof proveByAuthorization> =>
    proveByAuthorization(
      { recipient: 'r', authorizations: { resolve: async () => ({ result, endpoint: 1 }) } },
      asked,
      { accountId: 'a.test', authorization: 'x', state: undefined },
      undefined,
    )

  it('has a key only if a key decided', async () => {
    const proof = { accountId: 'a.test', authorization: 'x', payload }
    expect(await prove({ payload, via: 'contract' })).toStrictEqual({ ...proof, via: 'contract' })
    const byKey = { via: 'access-key', publicKey: 'ed25519:x' } as const
    expect(await prove({ payload, ...byKey })).toStrictEqual({ ...proof, ...byKey })
  })

  it('is none if the account authorized another text, whatever the resolver was asked', async () => {
    const rejected = { code: 'ERR_NEAR_AUTHORIZATION_INVALID', status: 401 }
    expect(await prove({ payload: `${payload} `, via: 'contract' })).toMatchObject(rejected)
    expect(await prove('invalid')).toMatchObject(rejected)
    expect(await prove('limit')).toMatchObject({ code: 'ERR_NEAR_AUTHORIZATION_LIMIT', status: 401 })
  })
})
