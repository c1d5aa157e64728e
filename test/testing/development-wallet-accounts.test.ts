import { createPublicKey, generateKeyPairSync, sign, createHash } from 'node:crypto'
import { resolveAuthorization } from 'passport-near'
import { developmentWallet, TestNetwork } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cleanup, listen } from '../support/app'

const cleanup = new Cleanup()
let network: TestNetwork
let url: string

beforeEach(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  await network.createAccount('alice.test')
  ;({ url } = await listen(developmentWallet(network), cleanup))
})
afterEach(() => cleanup.run())

const payload = JSON.stringify({ domain: 'app.test', action: 'Login', msg: '<b>Hello</b>' }, null, 2)
const request = { payload, chainId: 'mainnet', callbackUrl: 'http://localhost:3000/login?next=1' }

interface Reply {
  status: number
  body: Record<string, unknown> & { message?: string }
}

async function post(path: string, body: object): Promise<Reply> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: response.status, body: (await response.json()) as Reply['body'] }
}

const page = async (query: Record<string, string>): Promise<{ status: number; text: string }> => {
  const response = await fetch(`${url}/resolve-auth?${new URLSearchParams(query)}`)
  return { status: response.status, text: await response.text() }
}

const resolve = ({ accountId, authorization }: Record<string, unknown>): Promise<unknown> =>
  resolveAuthorization({
    accountId: accountId as string,
    authorization: authorization as string,
    rpc: network.rpcUrl,
  })

describe('the page that asks whether to authorize a payload', () => {
  it('shows domain, action and message, the origin of the site, and the accounts of each kind', async () => {
    await network.createWalletContract('carol.test')
    const { status, text } = await page(request)
    expect(status).toBe(200)
    expect(text).toMatch(/<dd data-recipient>app\.test<\/dd>/)
    expect(text).toMatch(/<dd data-action>Login<\/dd>/)
    expect(text).toMatch(/<dd data-message>&lt;b&gt;Hello&lt;\/b&gt;<\/dd>/)
    expect(text).toMatch(/<dd data-site>http:\/\/localhost:3000<\/dd>/)
    for (const accountId of ['alice.test', 'carol.test']) expect(text).toContain(`value="${accountId}"`)
  })

  it.each(['not JSON', 'null', '[]', '{"domain":1}', '{"domain":"app.test"}'])(
    'shows the whole payload if it is %s',
    async (other) => {
      const { text } = await page({ ...request, payload: other })
      expect(text).toMatch(/<dt>Text<\/dt>/)
      expect(text).not.toMatch(/data-recipient/)
    },
  )

  it.each<[string, Record<string, string>]>([
    ['payload', { ...request, payload: '' }],
    ['network', { ...request, chainId: '' }],
    ['http(s) URL to return to', { ...request, callbackUrl: 'javascript:alert(1)' }],
  ])('is 400 without a %s', async (_, query) => {
    expect((await page(query)).status).toBe(400)
    expect(await post('/resolve-auth', { ...query, accountId: 'alice.test' })).toMatchObject({ status: 400 })
  })
})

describe('the wallet authorizes', () => {
  it('for an account with a key', async () => {
    const { body } = await post('/resolve-auth', { ...request, accountId: 'alice.test' })
    expect(await resolve(body)).toMatchObject({ payload, via: 'access-key' })
  })

  it('for an account with a contract whose key the test holds', async () => {
    await network.createWalletContract('carol.test', { schema: 'webauthn-p256' })
    const { body } = await post('/resolve-auth', { ...request, accountId: 'carol.test' })
    expect(await resolve(body)).toEqual({ payload, via: 'contract' })
  })

  it('for a shared account through the account that controls it', async () => {
    const created = { kind: 'shared', accountId: 'family.test', controlledBy: 'alice.test' }
    expect(await post('/accounts', created)).toMatchObject({ status: 201 })
    await post('/accounts', { kind: 'shared', accountId: 'top.test', controlledBy: 'family.test' })
    const { body } = await post('/resolve-auth', { ...request, accountId: 'top.test' })
    expect(body).toMatchObject({ accountId: 'top.test' })
    expect(await resolve(body)).toEqual({ payload, via: 'contract' })
  })

  it.each(['absent.test', 'lost.test'])('not for %s, for which no account can sign', async (accountId) => {
    await network.createWalletContract('lost.test', { schema: 'no-sign', extensions: ['gone.test'] })
    expect(await post('/resolve-auth', { ...request, accountId })).toEqual({
      status: 400,
      body: { message: 'The test network has no account that can sign for this one.' },
    })
  })
})

describe('a passkey account', () => {
  /** What a browser's authenticator does, with a key in this process. */
  function createAuthenticator(type: 'P-256' | 'Ed25519') {
    const { publicKey, privateKey } =
      type === 'P-256'
        ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
        : generateKeyPairSync('ed25519')
    const spki = createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })).export({
      format: 'der',
      type: 'spki',
    })
    return {
      created: {
        credentialId: 'AQID',
        publicKey: spki.toString('base64url'),
        algorithm: type === 'P-256' ? -7 : -8,
      },
      assert(challenge: string) {
        const clientData = JSON.stringify({ type: 'webauthn.get', challenge, origin: 'http://localhost' })
        const authenticatorData = Buffer.alloc(37)
        authenticatorData[32] = 0x05
        const digest = createHash('sha256').update(clientData).digest()
        const signed = sign(
          type === 'P-256' ? 'sha256' : null,
          Buffer.concat([authenticatorData, digest]),
          privateKey,
        )
        return {
          authenticatorData: authenticatorData.toString('base64url'),
          clientData,
          signature: signed.toString('base64url'),
        }
      },
    }
  }

  it.each(['P-256', 'Ed25519'] as const)(
    'of %s signs in two steps, also for a shared account',
    async (type) => {
      const authenticator = createAuthenticator(type)
      const account = { kind: 'passkey', accountId: 'fay.test', ...authenticator.created }
      expect(await post('/accounts', account)).toEqual({ status: 201, body: { accountId: 'fay.test' } })
      await post('/accounts', { kind: 'shared', accountId: 'family.test', controlledBy: 'fay.test' })
      for (const accountId of ['fay.test', 'family.test']) {
        // Signatures differ each time in the length of their DER.
        for (let count = 0; count < 8; count++) {
          const first = await post('/resolve-auth', { ...request, accountId })
          const { credentialId, challenge, msg } = first.body.passkey as Record<string, string>
          expect(credentialId).toBe('AQID')
          const assertion = authenticator.assert(challenge!)
          const { body } = await post('/resolve-auth', { ...request, accountId, msg, assertion })
          expect(await resolve(body)).toEqual({ payload, via: 'contract' })
        }
      }
    },
  )

  it('is not created without a passkey that the wallet can use, or twice', async () => {
    const { created } = createAuthenticator('P-256')
    const create = (fields: object): Promise<Reply> =>
      post('/accounts', { kind: 'passkey', accountId: 'fay.test', ...created, ...fields })
    for (const wrong of [
      { algorithm: -257 },
      { publicKey: undefined },
      { credentialId: 1 },
      { accountId: 'X' },
    ])
      expect(await create(wrong)).toMatchObject({ status: 400 })
    expect(await create({})).toMatchObject({ status: 201 })
    expect(await create({})).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('exists already') as string },
    })
    const shared = { kind: 'shared', accountId: 'family.test', controlledBy: 'absent.test' }
    expect(await post('/accounts', shared)).toMatchObject({ status: 400 })
  })
})
