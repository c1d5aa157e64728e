import { once } from 'node:events'
import { generateKey } from 'near-kit'
import { KeyPair } from 'near-api-js'
import { signIn, type SignInResult } from 'passport-near/client'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { newAccount } from '../support/accounts'
import { until } from '../support/until'
import { runExample, startApiExample } from '../support/token-example'

interface Tokens {
  accessToken: string
  refreshToken: string
}

const everything = new Cleanup()
const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount
let url: string

beforeAll(async () => {
  network = await TestNetwork.start()
  everything.add(() => network.stop())
  alice = await network.createAccount('alice.test')
  // The JWT counts whole seconds: a token of 4 s can be used for 3 s at least, also on a slow machine.
  const env = { NEAR_RPC_URL: network.rpcUrl, ACCESS_TOKEN_LIFETIME: '4s' }
  url = (await startApiExample(everything, env)).url
})
afterEach(async () => {
  network.recover()
  await cleanup.run()
})
afterAll(() => everything.run())

const urls = () => ({ challengeUrl: `${url}/auth/near/challenge`, loginUrl: `${url}/auth/near`, pkce: true })

async function signInWith(account: TestAccount): Promise<Tokens> {
  const result = await signIn<Tokens>((message) => account.signMessage(message), urls())
  expect(result).toMatchObject({ outcome: 'signed-in' })
  return (result as Extract<SignInResult<Tokens>, { outcome: 'signed-in' }>).reply
}

const post = async (path: string, body: unknown) => {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  return {
    response,
    status: response.status,
    body: text.startsWith('{') ? (JSON.parse(text) as Tokens) : undefined,
  }
}
const refresh = (refreshToken: unknown) => post('/auth/refresh', { refreshToken })
const me = async (accessToken: string) =>
  (await fetch(`${url}/me`, { headers: { authorization: `Bearer ${accessToken}` } })).status

describe('example/api', () => {
  it('gives an access token for a signature, and sets no cookie anywhere', async () => {
    const headers: Headers[] = []
    const watching: typeof fetch = async (...args) => {
      const response = await fetch(...args)
      headers.push(response.headers)
      return response
    }
    const result = await signIn<Tokens>((message) => alice.signMessage(message), {
      ...urls(),
      fetch: watching,
    })
    const { accessToken } = (result as { reply: Tokens }).reply
    expect(await me(accessToken)).toBe(200)
    expect(headers).toHaveLength(2)
    for (const each of headers) expect(each.getSetCookie()).toEqual([])
    expect(headers[1]!.get('cache-control')).toBe('no-store')
  })

  it.each(['', 'x', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.'])('takes no other token: %j', async (token) => {
    expect(await me(token)).toBe(401)
  })

  it('takes no signature for a token', async () => {
    const { signature } = await alice.signMessage({ message: 'm', recipient: 'r', nonce: Buffer.alloc(32) })
    expect(await me(signature)).toBe(401)
    expect((await refresh(signature)).status).toBe(401)
  })

  it('ends an access token after its lifetime, and renews it', async () => {
    const tokens = await signInWith(alice)
    await until(async () => (await me(tokens.accessToken)) === 401)
    const renewed = await refresh(tokens.refreshToken)
    expect(renewed.status).toBe(200)
    expect(await me(renewed.body!.accessToken)).toBe(200)
  })

  it('takes a refresh token once; a second time ends every token of the login', async () => {
    const { refreshToken } = await signInWith(alice)
    const next = (await refresh(refreshToken)).body!.refreshToken
    expect((await refresh(refreshToken)).status).toBe(401)
    expect((await refresh(next)).status).toBe(401)
  })

  it('takes one of 20 copies of a refresh token at once', async () => {
    const { refreshToken } = await signInWith(alice)
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => (await refresh(refreshToken)).status),
    )
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  })

  it('refreshes nothing after its key was removed on chain, and never again', async () => {
    const account = await newAccount(network, 'carol')
    const { refreshToken } = await signInWith(account)
    account.deleteKey(account.publicKey)
    expect((await refresh(refreshToken)).status).toBe(401)
    account.addKey({ publicKey: account.publicKey })
    expect((await refresh(refreshToken)).status).toBe(401)
  })

  it('keeps a refresh token while the chain cannot tell', async () => {
    const { refreshToken } = await signInWith(alice)
    network.fail('http-500')
    expect((await refresh(refreshToken)).status).toBe(503)
    network.recover()
    expect((await refresh(refreshToken)).status).toBe(200)
  })

  it('forgets a refresh token at sign-out', async () => {
    const { refreshToken } = await signInWith(alice)
    expect((await post('/auth/sign-out', { refreshToken })).status).toBe(204)
    expect((await refresh(refreshToken)).status).toBe(401)
    for (const odd of [undefined, null, [], {}, 'x']) expect((await refresh(odd)).status).toBe(401)
  })

  it('lets the page of its origin call it, without cookies, and no other page', async () => {
    const { headers } = await fetch(`${url}/auth/near`, { method: 'OPTIONS' })
    expect(headers.get('access-control-allow-origin')).toBe('http://localhost:3002')
    expect(headers.get('access-control-allow-credentials')).toBeNull()
  })
})

describe('example/agent', () => {
  const keys = {
    'near-api-js': () => {
      const pair = KeyPair.fromRandom('ED25519')
      return { publicKey: pair.getPublicKey().toString(), privateKey: pair.toString() }
    },
    'near-kit': () => {
      const { publicKey, secretKey } = generateKey()
      return { publicKey: publicKey.toString(), privateKey: secretKey }
    },
  }

  it.each(['near-api-js', 'near-kit'] as const)(
    "signs in with %s's signer, renews, and is locked out after its key was removed on chain",
    async (signer) => {
      const { publicKey, privateKey } = keys[signer]()
      const account = await newAccount(network, `${signer}-bot`, { publicKey })
      const { child, output } = runExample(
        'agent',
        'agent.js',
        {
          API_URL: url,
          NEAR_ACCOUNT_ID: account.accountId,
          NEAR_PRIVATE_KEY: privateKey,
          SIGNER: signer,
          INTERVAL: '100',
        },
        cleanup,
      )
      const exited = once(child, 'exit')
      await until(() => output().includes(`renewed\ncalled as ${account.accountId}`), { saying: output })
      expect(output()).toContain(`signed in\ncalled as ${account.accountId}`)
      network.fail('http-500')
      await until(() => output().includes('status 503'), { saying: output })
      network.recover()
      account.deleteKey(publicKey)
      expect(await exited).toEqual([1, null])
      expect(output()).toMatch(/locked out\n$/)
      expect(output()).not.toContain(privateKey)
    },
    60_000,
  )

  it('is refused with a function-call key', async () => {
    const { publicKey, privateKey } = keys['near-kit']()
    const { accountId } = await newAccount(network, 'limited-bot', { publicKey, permission: 'FunctionCall' })
    const { child, output } = runExample(
      'agent',
      'agent.js',
      { API_URL: url, NEAR_ACCOUNT_ID: accountId, NEAR_PRIVATE_KEY: privateKey, SIGNER: 'near-kit' },
      cleanup,
    )
    expect(await once(child, 'exit')).toEqual([1, null])
    expect(output()).toContain('The signing key is a function-call key.')
  })
})
