import { createHash } from 'node:crypto'
import { resumeSignIn, signIn, confirm, type MessageToSign } from 'passport-near/client'
import { afterEach, describe, expect, it, vi } from 'vitest'

const challenge = { message: 'm', recipient: 'r', nonce: Buffer.alloc(32, 7).toString('base64'), state: 's' }
const signed = { accountId: 'alice.test', publicKey: 'ed25519:x', signature: 'c2ln' }
const wallet = async () => signed

interface Call {
  url: string
  init: RequestInit
  body: Record<string, unknown> | undefined
}

/** A server that sends a challenge, then accepts the response. */
function startServer(replies: unknown[] = [challenge, { token: 't' }]) {
  const calls: Call[] = []
  const fetch = async (url: string | URL, init: RequestInit): Promise<Response> => {
    const body = init.body === undefined ? undefined : (JSON.parse(init.body as string) as Call['body'])
    calls.push({ url: String(url), init, body })
    return Response.json(replies[calls.length - 1])
  }
  return { calls, fetch }
}

class MemoryStorage {
  readonly items = new Map<string, string>()
  getItem = (key: string) => this.items.get(key) ?? null
  setItem = (key: string, value: string) => void this.items.set(key, value)
  removeItem = (key: string) => void this.items.delete(key)
}

const codeChallengeOf = (verifier: unknown) =>
  createHash('sha256').update(String(verifier)).digest('base64url')
const codeChallengeIn = ({ url }: Call) => new URL(url, 'https://x').searchParams.get('codeChallenge')

afterEach(() => void vi.unstubAllGlobals())

describe('signIn with pkce', () => {
  const urls = { challengeUrl: '/challenge', loginUrl: '/login', pkce: true }

  it("sends a new verifier's hash with the challenge, the verifier with the login, no cookie", async () => {
    const { calls, fetch } = startServer()
    expect(await signIn(wallet, { ...urls, fetch })).toEqual({
      outcome: 'signed-in',
      reply: { token: 't' },
    })
    const { codeVerifier, ...login } = calls[1]!.body!
    expect(login).toEqual({ ...signed, state: 's' })
    expect(codeVerifier).toMatch(/^[\w.~-]{43,128}$/)
    expect(codeChallengeIn(calls[0]!)).toBe(codeChallengeOf(codeVerifier))
    expect(calls.map(({ init }) => init.credentials)).toEqual(['omit', 'omit'])
  })

  it('generates a new verifier for each sign-in', async () => {
    const verifiers = new Set<unknown>()
    for (let each = 0; each < 20; each++) {
      const { calls, fetch } = startServer()
      await signIn(wallet, { ...urls, fetch })
      verifiers.add(calls[1]!.body!.codeVerifier)
      expect(codeChallengeIn(calls[0]!)).toMatch(/^[\w-]{43}$/)
    }
    expect(verifiers.size).toBe(20)
  })

  it.each([
    ['/challenge?locale=en', '/challenge?locale=en&codeChallenge='],
    [new URL('https://api.example.com/challenge'), 'https://api.example.com/challenge?codeChallenge='],
  ])('adds the code challenge to the query of %s', async (challengeUrl, expected) => {
    const { calls, fetch } = startServer()
    await signIn(wallet, { ...urls, challengeUrl, fetch })
    expect(calls[0]!.url.slice(0, -43)).toBe(expected)
  })

  it('sends neither without pkce, and leaves cookies to fetch', async () => {
    const { calls, fetch } = startServer()
    vi.stubGlobal('sessionStorage', undefined)
    await signIn(wallet, { ...urls, pkce: false, fetch })
    expect(calls[0]!.url).toBe('/challenge')
    expect(calls[1]!.body).toEqual({ ...signed, state: 's' })
    expect(calls.some(({ init }) => 'credentials' in init)).toBe(false)
  })
})

describe('resumeSignIn with pkce', () => {
  const returnWith = (fields: Record<string, string>): void => {
    const hash = new URLSearchParams(fields).toString()
    vi.stubGlobal('location', { href: `https://app.example.com/#${hash}` })
    vi.stubGlobal('history', { state: null, replaceState: vi.fn() })
  }
  const urls = { challengeUrl: '/challenge', loginUrl: '/login', pkce: true }

  it('finds the verifier of the sign-in that led to the wallet, once', async () => {
    const storage = new MemoryStorage()
    vi.stubGlobal('sessionStorage', storage)
    const { calls, fetch } = startServer([challenge, { token: 't' }, { token: 't' }])
    const redirecting = async () => undefined
    expect(await signIn(redirecting, { ...urls, fetch })).toEqual({ outcome: 'redirected' })

    returnWith({ ...signed, state: 's' })
    expect(await resumeSignIn({ ...urls, fetch })).toEqual({ outcome: 'signed-in', reply: { token: 't' } })
    expect(calls[1]!.body).toEqual({ ...signed, state: 's', codeVerifier: expect.any(String) as string })
    expect(codeChallengeIn(calls[0]!)).toBe(codeChallengeOf(calls[1]!.body!.codeVerifier))
    expect(calls[1]!.init.credentials).toBe('omit')

    await resumeSignIn({ ...urls, fetch })
    expect(calls[2]!.body).not.toHaveProperty('codeVerifier')
  })

  it('stores the verifier before the wallet replaces the page, and deletes it after a response', async () => {
    const storage = new MemoryStorage()
    vi.stubGlobal('sessionStorage', storage)
    const { calls, fetch } = startServer()
    let kept: string[] = []
    const popUp = async () => {
      kept = [...storage.items.values()]
      return signed
    }
    await signIn(popUp, { ...urls, fetch })
    expect(kept).toEqual([calls[1]!.body!.codeVerifier])
    expect([...storage.items.values()].join('')).toBe('')
  })

  it('posts a planted response without a verifier', async () => {
    vi.stubGlobal('sessionStorage', new MemoryStorage())
    const { calls, fetch } = startServer()
    returnWith({ ...signed, state: 'another' })
    await resumeSignIn({ ...urls, fetch })
    expect(calls[0]!.body).toEqual({ ...signed, state: 'another' })
  })

  it('signs in by pop-up if the browser forbids the storage', async () => {
    vi.stubGlobal('sessionStorage', undefined)
    const { fetch } = startServer()
    expect(await signIn(wallet, { ...urls, fetch })).toMatchObject({ outcome: 'signed-in' })
  })
})

describe('confirm', () => {
  const body = { amount: '1', to: 'bob.test', accountId: 'mine', signature: 'also mine' }
  const urls = { challengeUrl: '/transfer/challenge', url: '/transfer', body }

  it('posts the action to both URLs, and the response under confirmation', async () => {
    const { calls, fetch } = startServer([challenge, { done: true }])
    const asked: MessageToSign[] = []
    const result = await confirm(
      async (message) => {
        asked.push(message)
        return signed
      },
      { ...urls, fetch },
    )
    expect(result).toEqual({ outcome: 'confirmed', reply: { done: true } })
    expect(asked[0]).toMatchObject({ message: 'm', recipient: 'r', state: 's' })
    expect(calls.map(({ url, init }) => [init.method, url])).toEqual([
      ['POST', '/transfer/challenge'],
      ['POST', '/transfer'],
    ])
    expect(calls[0]!.body).toEqual(body)
    expect(calls[1]!.body).toEqual({ ...body, confirmation: { ...signed, state: 's' } })
  })

  it('sends the verifier inside the confirmation with pkce', async () => {
    const { calls, fetch } = startServer()
    await confirm(wallet, { ...urls, pkce: true, fetch })
    const { codeVerifier } = calls[1]!.body!.confirmation as { codeVerifier: string }
    expect(codeChallengeIn(calls[0]!)).toBe(codeChallengeOf(codeVerifier))
    expect(calls[1]!.body).not.toHaveProperty('codeVerifier')
    expect(calls[0]!.body).toEqual(body)
  })

  it('ends like signIn when the wallet declines, redirects or fails', async () => {
    const { calls, fetch } = startServer()
    expect(await confirm(async () => null, { ...urls, fetch })).toEqual({ outcome: 'refused' })
    calls.length = 0
    expect(await confirm(async () => undefined, { ...urls, fetch })).toEqual({ outcome: 'redirected' })
    calls.length = 0
    const cause = new Error('closed')
    const failing = () => Promise.reject(cause)
    expect(await confirm(failing, { ...urls, fetch })).toEqual({ outcome: 'refused', cause })
    expect(calls).toHaveLength(1)
  })

  it.each([1, 2])(
    'reports the rejection of request %i as the rejection of a confirmation',
    async (rejected) => {
      let count = 0
      const fetch = async () =>
        ++count === rejected ? new Response('No', { status: 403 }) : Response.json(challenge)
      expect(await confirm(wallet, { ...urls, fetch })).toEqual({
        outcome: 'failed',
        status: 403,
        message: 'The site rejected the confirmation with status 403.',
      })
    },
  )

  it('needs no body', async () => {
    const { calls, fetch } = startServer()
    await confirm(wallet, { challengeUrl: '/c', url: '/u', fetch })
    expect(calls.map((call) => call.body)).toEqual([{}, { confirmation: { ...signed, state: 's' } }])
  })
})

describe('resolveAuth', () => {
  const urls = { challengeUrl: '/challenge', loginUrl: '/login' }
  const withPayload = { ...challenge, payload: '{"domain":"r"}', chainId: 'testnet' }
  const proof = { accountId: 'vault.test', authorization: '{"signature":{}}' }
  const request = { payload: withPayload.payload, chainId: 'testnet', network: 'testnet' }

  it.each([
    ['no manifest', undefined],
    ['a manifest with the feature', { features: { resolveAuth: true } }],
    ['a manifest with both features', { features: { resolveAuth: true, signInAndSignMessage: true } }],
  ])('is preferred for a challenge with a payload and a wallet with %s', async (_, manifest) => {
    const { calls, fetch } = startServer([withPayload, {}])
    const resolveAuth = vi.fn(async () => ({ ...proof, privateKey: 'secret' }))
    const signMessage = vi.fn()
    expect(await signIn({ manifest, resolveAuth, signMessage }, { ...urls, fetch })).toMatchObject({
      outcome: 'signed-in',
    })
    expect(resolveAuth.mock.calls).toEqual([[request]])
    expect(signMessage).not.toHaveBeenCalled()
    expect(calls[1]!.body).toEqual({ ...proof, state: 's' })
  })

  it.each([
    ['the challenge has no payload', challenge, undefined],
    ['the manifest lacks the feature', withPayload, { features: { signInAndSignMessage: false } }],
    ['the manifest has no features', withPayload, {}],
  ])('is not used if %s', async (_, sent, manifest) => {
    const { calls, fetch } = startServer([sent, {}])
    const resolveAuth = vi.fn(async () => proof)
    await signIn({ manifest, resolveAuth, signMessage: wallet }, { ...urls, fetch })
    expect(resolveAuth).not.toHaveBeenCalled()
    expect(calls[1]!.body).toEqual({ ...signed, state: 's' })
  })

  it.each([
    [{ accountId: 'vault.test', authorization: '' }, { outcome: 'refused' }],
    [signed as never, { outcome: 'refused' }],
    [null, { outcome: 'refused' }],
    [undefined, { outcome: 'redirected' }],
  ])('has the right outcome for the response %j', async (answer, expected) => {
    const { calls, fetch } = startServer([withPayload, {}])
    expect(await signIn({ resolveAuth: async () => answer }, { ...urls, fetch })).toEqual(expected)
    expect(calls).toHaveLength(1)
  })

  it('is reported as declined, with the cause, when it throws', async () => {
    const { fetch } = startServer([withPayload, {}])
    const cause = new Error('closed')
    const resolveAuth = () => Promise.reject(cause)
    expect(await signIn({ resolveAuth }, { ...urls, fetch })).toEqual({ outcome: 'refused', cause })
  })

  it('is called after the connector has connected the wallet', async () => {
    const { calls, fetch } = startServer([withPayload, {}])
    const order: string[] = []
    const connector = {
      selectWallet: async () => 'passkey',
      wallet: async () => ({
        manifest: { features: { resolveAuth: true, signInAndSignMessage: true } },
        async resolveAuth() {
          order.push('resolveAuth')
          return proof
        },
      }),
      async connect(options: object) {
        order.push(JSON.stringify(options))
      },
      on: vi.fn(),
      off: vi.fn(),
    }
    await signIn(connector, { ...urls, fetch })
    expect(order).toEqual(['{"walletId":"passkey"}', 'resolveAuth'])
    expect(calls[1]!.body).toEqual({ ...proof, state: 's' })
  })

  it('signs a confirmation as well', async () => {
    const { calls, fetch } = startServer([withPayload, {}])
    await confirm(
      { resolveAuth: async () => proof },
      { challengeUrl: '/c', url: '/u', body: { a: 1 }, fetch },
    )
    expect(calls[1]!.body).toEqual({ a: 1, confirmation: { ...proof, state: 's' } })
  })
})

describe('the nonce', () => {
  it('has the JSON form of a Buffer if the page has no Buffer', async () => {
    const { Buffer } = globalThis
    let json = ''
    const text = async () => {
      vi.stubGlobal('Buffer', undefined)
      return JSON.stringify(challenge)
    }
    const fetch = async () => ({ ok: true, status: 200, redirected: false, text }) as Response
    const asked = ({ nonce }: MessageToSign) => {
      json = JSON.stringify(nonce)
      return undefined
    }
    await signIn(asked, { challengeUrl: '/c', loginUrl: '/l', fetch })
    vi.stubGlobal('Buffer', Buffer)
    expect(JSON.parse(json)).toEqual(Buffer.alloc(32, 7).toJSON())
  })
})
