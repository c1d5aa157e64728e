import { existsSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { resumeSignIn, signIn, type MessageToSign, type SignInOptions } from 'passport-near/client'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Browser, Cleanup, listen, startApp } from '../support/app'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount
let browser: Browser
let options: SignInOptions

beforeEach(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.test')
  browser = new Browser((await startApp(cleanup, { near: { rpc: network.rpcUrl } })).url)
  options = {
    challengeUrl: '/login/near/challenge',
    loginUrl: '/login/near',
    fetch: (url, init) => browser.request(String(url), init),
  }
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await cleanup.run()
})

const aliceSigns = (message: MessageToSign) => alice.signMessage(message)

describe('signIn', () => {
  it('returns the response of the server', async () => {
    const result = await signIn<{ id: string }>(aliceSigns, options)
    expect(result).toMatchObject({ outcome: 'signed-in', reply: { id: 'alice.test' } })
    expect(await (await browser.request('/me')).json()).toMatchObject({ id: 'alice.test' })
  })

  it("posts the three fields and its challenge's state, and no other field from the wallet", async () => {
    const bodies: unknown[] = []
    const fetch: NonNullable<SignInOptions['fetch']> = (url, init) => {
      if (init.body) bodies.push(JSON.parse(init.body as string))
      return browser.request(String(url), init)
    }
    const wallet = async (message: MessageToSign) => {
      const signed = await alice.signMessage(message)
      return { ...signed, state: 'another', privateKey: 'ed25519:secret' }
    }
    expect(await signIn(wallet, { ...options, fetch })).toMatchObject({ outcome: 'signed-in' })
    expect(Object.keys(bodies[0] as object)).toEqual(['accountId', 'publicKey', 'signature', 'state'])
  })

  it("throws the server's code, message and status of a failed login", async () => {
    const mallory = await network.createAccount('mallory.test')
    const wallet = async (message: MessageToSign) => ({
      ...(await mallory.signMessage(message)),
      accountId: 'alice.test',
    })
    expect(await signIn(wallet, options)).toEqual({
      outcome: 'failed',
      status: 401,
      code: 'ERR_NEAR_ACCESS_KEY_NOT_FOUND',
      message: 'The account does not exist on this network, or the signing key does not belong to it.',
    })
  })

  it('distinguishes an outage from a rejected login', async () => {
    network.fail('http-429')
    expect(await signIn(aliceSigns, options)).toMatchObject({
      outcome: 'failed',
      status: 503,
      code: 'ERR_NEAR_RPC_UNAVAILABLE',
    })
  })

  it.each([
    [400, 'The site rejected the sign-in with status 400.'],
    [401, 'The site rejected the sign-in with status 401.'],
    [499, 'The site rejected the sign-in with status 499.'],
    [500, 'The site failed with status 500. Try again later.'],
  ])(
    'distinguishes a rejection from a failure when the server sends no code: status %i',
    async (status, message) => {
      const { url } = await listen((_, response) => {
        response.statusCode = status
        response.end('Unauthorized')
      }, cleanup)
      const result = await signIn(aliceSigns, { ...options, loginUrl: url, fetch: (at, init) =>
      String(at) === url ? fetch(at, init) : options.fetch!(at, init) }) // prettier-ignore
      expect(result).toEqual({
        outcome: 'failed',
        status,
        message,
      })
    },
  )

  it.each(['challenge', 'login'])('reports a lost network before the %s', async (step) => {
    let signed = 0
    const fetch: NonNullable<SignInOptions['fetch']> = (url, init) =>
      (init.method === 'POST') === (step === 'login')
        ? Promise.reject(new TypeError('Failed to fetch'))
        : browser.request(String(url), init)
    const wallet = (message: MessageToSign) => {
      signed++
      return alice.signMessage(message)
    }
    expect(await signIn(wallet, { ...options, fetch })).toEqual({
      outcome: 'failed',
      message: 'The site cannot be reached. Check your connection, then try again.',
    })
    expect(signed).toBe(step === 'login' ? 1 : 0)
  })

  it('does not open the wallet without a challenge, and names the option to check', async () => {
    const wallet = vi.fn()
    const none = {
      outcome: 'failed',
      message: 'The site sent no challenge. Try again later. (For its developers: check challengeUrl.)',
    }
    expect(await signIn(wallet, { ...options, challengeUrl: '/me' })).toEqual(none)
    for (const nonce of [null, 7, '', 'AAAA', 'not base64', {}]) {
      const fetch = async () =>
        new Response(JSON.stringify({ message: 'm', recipient: 'r', nonce, state: 's' }))
      expect(await signIn(wallet, { ...options, fetch })).toEqual(none)
    }
    expect(await signIn(wallet, { ...options, challengeUrl: '/nowhere' })).toMatchObject({
      outcome: 'failed',
      status: 404,
    })
    expect(wallet).not.toHaveBeenCalled()
  })

  it('treats a wallet that returns undefined as a redirect, and posts nothing', async () => {
    let posted = 0
    const fetch: NonNullable<SignInOptions['fetch']> = (url, init) => {
      if (init.method === 'POST') posted++
      return browser.request(String(url), init)
    }
    expect(await signIn(async () => undefined, { ...options, fetch })).toEqual({ outcome: 'redirected' })
    expect(posted).toBe(0)
  })

  it('treats a wallet that returns null, or no account, as declined', async () => {
    expect(await signIn(async () => null, options)).toEqual({ outcome: 'refused' })
    expect(await signIn(() => null, options)).toEqual({ outcome: 'refused' })
    const manifest = { features: { signInAndSignMessage: true } }
    expect(await signIn({ manifest, signInAndSignMessage: async () => [] }, options)).toEqual({
      outcome: 'refused',
    })
  })

  it('follows a redirect of the server after the login, such as successRedirect', async () => {
    const assign = vi.fn()
    vi.stubGlobal('location', { assign })
    const fetch: NonNullable<SignInOptions['fetch']> = async (url, init) => {
      if (init.method !== 'POST') return browser.request(String(url), init)
      const response = new Response('<h1>Welcome</h1>')
      return Object.defineProperties(response, {
        redirected: { value: true },
        url: { value: 'https://app.example.com/welcome' },
      })
    }
    expect(await signIn(aliceSigns, { ...options, fetch })).toEqual({ outcome: 'redirected' })
    expect(assign).toHaveBeenCalledWith('https://app.example.com/welcome')
  })

  it('ignores a code or a message that is not a string', async () => {
    const fetch = async () => new Response(JSON.stringify({ code: 17, message: ['x'] }), { status: 500 })
    expect(await signIn(aliceSigns, { ...options, fetch })).toEqual({
      outcome: 'failed',
      status: 500,
      message: 'The site failed with status 500. Try again later.',
    })
  })

  it('requests JSON, and a new challenge', async () => {
    const asked: RequestInit[] = []
    const fetch: NonNullable<SignInOptions['fetch']> = (url, init) => {
      asked.push(init)
      return browser.request(String(url), init)
    }
    await signIn(aliceSigns, { ...options, fetch })
    expect(asked[0]).toMatchObject({ cache: 'no-store', headers: { accept: 'application/json' } })
    expect(asked[1]).toMatchObject({ method: 'POST', headers: { accept: 'application/json' } })
  })

  it('gives wallets a nonce that they accept as a Buffer if the page has no Buffer', async () => {
    const { Buffer } = globalThis
    let nonce: (Uint8Array & { _isBuffer?: boolean }) | undefined
    let base64 = ''
    const wallet = (message: MessageToSign) => {
      nonce = message.nonce
      base64 = (message.nonce as unknown as { toString(encoding: string): string }).toString('base64')
      return undefined
    }
    const challenge = await browser.challenge()
    // The page has no Buffer before this line; Node.js's own Response needs one.
    const text = async () => {
      vi.stubGlobal('Buffer', undefined)
      return JSON.stringify(challenge)
    }
    const fetch = async () => ({ ok: true, status: 200, redirected: false, text }) as Response
    expect(await signIn(wallet, { ...options, fetch })).toEqual({ outcome: 'redirected' })
    vi.stubGlobal('Buffer', Buffer)
    expect(nonce?._isBuffer).toBe(true)
    expect(nonce).toHaveLength(32)
    expect(Buffer.from(nonce!).toString('base64')).toBe(challenge.nonce)
    expect(base64).toBe(challenge.nonce)
    expect(JSON.parse(JSON.stringify(nonce))).toEqual({ type: 'Buffer', data: [...nonce!] })
  })

  it("gives near-connect's wallets a nonce that is the same after postMessage and JSON", async () => {
    const challenge = await browser.challenge()
    let received: unknown
    const wallet = {
      manifest: { features: {} },
      async signMessage({ nonce }: MessageToSign) {
        received = JSON.parse(JSON.stringify(structuredClone(nonce)))
        return null
      },
    }
    const fetch = async () => Response.json(challenge)
    expect(await signIn(wallet, { ...options, fetch })).toEqual({ outcome: 'refused' })
    expect(received).toEqual([...Buffer.from(challenge.nonce, 'base64')])
  })

  it.each([
    ['Ledger and Near Snap', new Error('Wallet not signed in')],
    ['Intear', new Error('No account found')],
    ['a connector that throws a text', 'No accounts found'],
  ])('tells a wallet that must be connected first from a refusal: %s', async (_, cause) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as connectors do
    expect(await signIn(() => Promise.reject(cause), options)).toEqual({
      outcome: 'refused',
      cause,
      reason: 'connect-first',
    })
  })

  it.each([
    new Error('User rejected the request'),
    { code: 5000, message: 'User rejected.' },
    Object.create(null) as object, // cannot be made a text
    undefined,
  ])('gives no reason where the wallet gives none: %o', async (cause) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as wallets do
    expect(await signIn(() => Promise.reject(cause), options)).toEqual({ outcome: 'refused', cause })
  })

  it("calls a method of its wallet, and passes on the wallet's error", async () => {
    const wallet = {
      account: alice,
      signMessage(message: MessageToSign) {
        return this.account.signMessage(message)
      },
    }
    expect(await signIn(wallet, options)).toMatchObject({ outcome: 'signed-in' })
    const cause = new Error('Popup window blocked. Please allow popups for this site.')
    const blocked = () => {
      throw cause
    }
    expect(await signIn(blocked, options)).toEqual({ outcome: 'refused', cause })
  })

  it.each([undefined, null, 'my-near-wallet', {}, { signMessage: undefined }])(
    'rejects %o as a wallet with a TypeError that names the expected value',
    async (wallet) => {
      await expect(signIn(wallet as never, options)).rejects.toThrow(
        new TypeError('signIn: wallet must be a function, or a wallet or connector with signMessage'),
      )
    },
  )

  it('uses the one-step sign-in of a near-connect wallet only if the wallet offers it', async () => {
    const calls: string[] = []
    const walletWith = (signInAndSignMessage: boolean) => ({
      manifest: { features: { signInAndSignMessage } },
      signMessage(message: MessageToSign) {
        calls.push('signMessage')
        return alice.signMessage(message)
      },
      async signInAndSignMessage({ messageParams }: { messageParams: MessageToSign }) {
        calls.push('signInAndSignMessage')
        // The outer key may be another key, or be missing.
        return [
          { accountId: 'alice.test', publicKey: '', signedMessage: await alice.signMessage(messageParams) },
        ]
      },
    })
    expect(await signIn(walletWith(true), options)).toMatchObject({ outcome: 'signed-in' })
    expect(await signIn(walletWith(false), options)).toMatchObject({ outcome: 'signed-in' })
    expect(calls).toEqual(['signInAndSignMessage', 'signMessage'])
  })
})

describe('resumeSignIn', () => {
  const replaced = vi.fn()
  const returnTo = (hash: string): void => {
    replaced.mockClear()
    vi.stubGlobal('location', { href: `https://app.example.com//callback?next=%2F${hash}` })
    vi.stubGlobal('history', { state: { kept: true }, replaceState: replaced })
  }

  it.each([
    '',
    '#',
    '#section-2',
    '#state=abc',
    '#accountId=alice.test&publicKey=ed25519:x',
    '#access_token=x&state=y',
    '#error=access_denied&error_description=No&state=y',
    '#error=',
  ])('returns undefined if there is nothing to resume, and leaves the URL unchanged: %j', async (hash) => {
    returnTo(hash)
    expect(await resumeSignIn(options)).toBeUndefined()
    expect(replaced).not.toHaveBeenCalled()
  })

  it('reads fields in any order, decodes them once, and clears the fragment before it posts', async () => {
    const challenge = await browser.challenge()
    let signed = await alice.signMessage(challenge)
    while (!signed.signature.includes('+')) signed = await alice.signMessage(await browser.challenge())
    const { state, signature, publicKey, accountId } = signed
    const fields = { state: state!, signature, publicKey, accountId }
    returnTo(`#${Object.entries(fields).map(([name, value]) => `${name}=${encodeURIComponent(value)}&`).join('')}`) // prettier-ignore
    const bodies: unknown[] = []
    const result = await resumeSignIn({
      loginUrl: '/login/near',
      fetch: (url, init) => {
        expect(replaced).toHaveBeenCalledWith(
          { kept: true },
          '',
          'https://app.example.com//callback?next=%2F',
        )
        bodies.push(JSON.parse(init.body as string))
        return browser.request(String(url), init)
      },
    })
    expect(result).toMatchObject({ outcome: 'signed-in', reply: { id: 'alice.test' } })
    expect(bodies).toEqual([fields])
  })

  it('treats empty fields as declined', async () => {
    returnTo('#accountId=&signature=&publicKey=&')
    expect(await resumeSignIn(options)).toEqual({ outcome: 'refused' })
    expect(replaced).toHaveBeenCalled()
  })

  it('treats an error as declined and repeats no text, because any site can make such a link', async () => {
    returnTo('#error=Call%20%2B1%20555%20now&')
    const fetch = vi.fn()
    expect(await resumeSignIn({ loginUrl: '/login/near', fetch })).toEqual({ outcome: 'refused' })
    expect(replaced).toHaveBeenCalled()
    expect(fetch).not.toHaveBeenCalled()
  })
})

describe('the module', () => {
  const file = 'dist/client/index.mjs'

  it('imports nothing and takes at most 2,304 bytes, gzipped', () => {
    if (!existsSync(file)) throw new Error('The package is not built: run npm run build first')
    const code = readFileSync(file, 'utf8')
    expect(code).not.toMatch(/\bimport\b|\brequire\b|\bexport\b.*\bfrom\b/)
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(2304)
  })
})
