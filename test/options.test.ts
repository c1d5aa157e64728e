import { NearStrategy, type ChallengeStore, type StoredChallenge } from 'passport-near'
import { describe, expect, it } from 'vitest'

const recipient = 'app.example.com'
const verify = (): void => undefined
const create = (options: object): NearStrategy<object> =>
  new NearStrategy<object>({ recipient, ...options }, verify)

const store: ChallengeStore = { async issue() {}, async consume() { return undefined } } // prettier-ignore

describe('a wrong option is a TypeError that names option, expected value and given value', () => {
  it.each<[string, object, string]>([
    ['recipient', { recipient: undefined }, 'option "recipient" must be a non-empty string; got undefined'],
    ['recipient', { recipient: '' }, 'option "recipient" must be a non-empty string; got ""'],
    ['recipient', { recipient: ['a'] }, 'option "recipient" must be a non-empty string; got an array of 1'],
    [
      'recipient',
      { recipient: Symbol('app') },
      'option "recipient" must be a non-empty string; got Symbol(app)',
    ],
    ['recipient', { recipient: 'half a pair \ud800' }, 'option "recipient" must be a non-empty string'],
    [
      'message',
      { message: '' },
      'option "message" must be a non-empty string, or a function that returns one; got ""',
    ],
    ['message', { message: 1 }, 'option "message" must be'],
    [
      'callbackUrl',
      { callbackUrl: '/callback' },
      'option "callbackUrl" must be an absolute URL such as https://app.example.com/login; got "/callback"',
    ],
    ['callbackUrl', { callbackUrl: 'localhost:3000/callback' }, 'option "callbackUrl" must be'],
    ['callbackUrl', { callbackUrl: 'javascript:alert(1)' }, 'option "callbackUrl" must be'],
    ['callbackUrl', { callbackUrl: 'javascript://%0aalert(1)' }, 'option "callbackUrl" must be'],
    ['callbackUrl', { callbackUrl: 'https://' }, 'option "callbackUrl" must be'],
    ['callbackUrl', { callbackUrl: '' }, 'option "callbackUrl" must be'],
    ['callbackUrl', { callbackUrl: 'https://app.example.com/\ud800' }, 'option "callbackUrl" must be'],
    [
      'walletUrl',
      { walletUrl: 'app.mynearwallet.com' },
      'option "walletUrl" must be an absolute http or https URL; got "app.mynearwallet.com"',
    ],
    ['walletUrl', { walletUrl: 'javascript:alert(1)' }, 'option "walletUrl" must be'],
    ['walletUrl', { walletUrl: 'near://wallet' }, 'option "walletUrl" must be'],
    ['walletUrl', { walletUrl: null }, 'option "walletUrl" must be'],
    [
      'callbackUrl',
      { walletUrl: 'https://app.mynearwallet.com' },
      'option "callbackUrl" must be the absolute URL to which a wallet returns, because "walletUrl" is set; got none',
    ],
    ['network', { network: 'betanet' }, 'option "network" must be "mainnet" or "testnet"; got "betanet"'],
    ['rpc', { rpc: [] }, 'option "rpc" must be at least one endpoint; got an empty array'],
    [
      'rpc',
      { rpc: null },
      'option "rpc" must be an http(s) URL, { url, headers } or an array of these; got none',
    ],
    ['rpc', { rpc: [undefined] }, 'option "rpc" must be'],
    ['rpc', { rpc: 42 }, 'option "rpc" must be'],
    ['rpc', { rpc: 'rpc.example.com/?apiKey=k3y' }, 'got a string that is not an http(s) URL'],
    ['rpc', { rpc: { url: 'wss://rpc.example.com/k3y' } }, 'got a string that is not an http(s) URL'],
    [
      'rpc',
      { rpc: 'https://user:k3y@rpc.example.com' },
      'a URL without a user name and password: send them as a header',
    ],
    [
      'rpc',
      { rpc: { url: 'https://rpc.example.com', headers: { 'bad name': 'k3y' } } },
      'an endpoint whose headers are ASCII',
    ],
    [
      'rpc',
      { rpc: { url: 'https://rpc.example.com', headers: { authorization: 'k3y\r\nx: y' } } },
      'an endpoint whose headers are ASCII',
    ],
    [
      'rpcTimeout',
      { rpcTimeout: 0 },
      `option "rpcTimeout" must be a number of milliseconds from 1 to 2147483647; got 0`,
    ],
    ['rpcTimeout', { rpcTimeout: '5000' }, 'got "5000"'],
    ['rpcTimeout', { rpcTimeout: Infinity }, 'got Infinity'],
    ['rpcTimeout', { rpcTimeout: NaN }, 'got NaN'],
    [
      'accessKeys',
      { accessKeys: {} },
      'option "accessKeys" must be an object with a function "permission"; got an object',
    ],
    ['accessKeys', { accessKeys: null }, 'got null'],
    [
      'quorum',
      { rpc: 'https://rpc.example.com', quorum: 2 },
      'option "quorum" must be a whole number from 1 to the number of endpoints (1); got 2',
    ],
    [
      'rpc',
      { rpc: ['https://rpc.example.com/?k3y=1', 'https://rpc.example.com'], quorum: 2 },
      'option "rpc" must be a list of different endpoints with a quorum; got one endpoint twice',
    ],
    [
      'rpc',
      { rpc: ['https://rpc.example.com/', 'https://rpc.example.com//'], quorum: 2 },
      'option "rpc" must be a list of different endpoints with a quorum; got one endpoint twice',
    ],
    [
      'rpc',
      { rpc: ['https://a.example.com', 'https://a.example.com', 'https://b.example.com'], quorum: 2 },
      'option "rpc" must be a list of different endpoints with a quorum; got one endpoint twice',
    ],
    ['recipient', { recipient: () => 'x' }, 'option "recipient" must be a non-empty string; got a function'],
    [
      'callbackUrl',
      { callbackUrl: ['https://app.example.com'] },
      'option "callbackUrl" must be an absolute URL',
    ],
    ['rpc', { rpc: null }, 'or an array of these; got none'],
    ['rpc', { rpc: { url: 1 } }, 'or an array of these; got number'],
    [
      'rpc',
      { rpc: 'https://user:k3y@rpc.example.com' },
      'option "rpc" must be a URL without a user name and password: send them as a header; got one with them',
    ],
    [
      'rpc',
      { rpc: { url: 'https://rpc.example.com', headers: { 'a b': 'k3y' } } },
      'option "rpc" must be an endpoint whose headers are ASCII, and none about the connection or the length; got other headers',
    ],
    [
      'rpc',
      { rpc: { url: 'https://rpc.example.com', headers: { key: '\u0001' } } },
      'and none about the connection',
    ],
    [
      'rpc',
      { rpc: { url: 'https://rpc.example.com', headers: { key: 'é' } } },
      'and none about the connection',
    ],
    [
      'rpc',
      { rpc: { url: 'https://rpc.example.com', headers: { 'Content-Length': '5' } } },
      'and none about the connection',
    ],
    [
      'rpc',
      { rpc: { url: 'https://rpc.example.com', headers: { 'Transfer-Encoding': 'chunked' } } },
      'and none about the connection',
    ],
    [
      'rpc',
      { rpc: { url: 'https://rpc.example.com', headers: { connection: 'close' } } },
      'and none about the connection',
    ],
    [
      'rpc',
      { rpc: { url: 'https://rpc.example.com', headers: { trailer: 'key' } } },
      'and none about the connection',
    ],

    ['quorum', { quorum: 0 }, 'option "quorum" must be a whole number from 1'],
    ['quorum', { quorum: 1.5 }, 'got 1.5'],
    ['quorum', { quorum: '1' }, 'got "1"'],
    [
      'quorum',
      { quorum: 2, accessKeys: { permission: verify } },
      'option "quorum" must be left out with "accessKeys", which is asked instead of endpoints; got both',
    ],
    ['allowImplicit', { allowImplicit: 'yes' }, 'option "allowImplicit" must be true or false; got "yes"'],
    ['challengeMaxAge', { challengeMaxAge: -1 }, 'option "challengeMaxAge" must be a number of milliseconds'],
    ['store', { store: {} }, 'option "store" must be an object with a function "issue"'],
    ['store', { store: { issue: verify } }, 'option "store" must be an object with a function "consume"'],
    [
      'passReqToCallback',
      { passReqToCallback: 'yes' },
      'option "passReqToCallback" must be true or false; got "yes"',
    ],
    ['verifyTimeout', { verifyTimeout: 2 ** 31 }, 'option "verifyTimeout" must be a number of milliseconds'],
    ['network', { network: null }, 'option "network" must be "mainnet" or "testnet"; got null'],
    ['message', { message: null }, 'option "message" must be'],
    ['quorum', { quorum: null }, 'got null'],
    [
      'rpc',
      { rpc: 'https://rpc.example.com', accessKeys: { permission: verify } },
      'option "rpc" must be left out with "accessKeys", which is asked instead of endpoints; got both',
    ],
    ['linking', { linking: 'yes' }, 'option "linking" must be true or false; got "yes"'],
    [
      'currentUser',
      { currentUser: 'alice' },
      'option "currentUser" must be a function (req) => string | undefined; got "alice"',
    ],
    [
      'requireCallbackUrl',
      { requireCallbackUrl: 1 },
      'option "requireCallbackUrl" must be true or false; got 1',
    ],
    [
      'callbackUrl',
      { requireCallbackUrl: true },
      'option "callbackUrl" must be the absolute URL to which a wallet returns, because "requireCallbackUrl" is set; got none',
    ],
    ['name', { name: '' }, 'option "name" must be a non-empty string'],
    [
      'reciepient',
      { reciepient: 'x' },
      'option "reciepient" is not known; expected one of recipient, message,',
    ],
  ])('%s: %j', (_, options, message) => {
    expect(() => create(options)).toThrow(TypeError)
    expect(() => create(options)).toThrow(message)
    expect(() => create(options)).not.toThrow(/k3y/)
  })

  it('shows only the beginning of a long value', () => {
    expect(() => create({ network: 'x'.repeat(1000) })).toThrow(/got "x{40}…"$/)
    expect(() => create({ network: 'x'.repeat(40) })).toThrow(/got "x{40}"$/)
  })

  it.each([undefined, null, 'app.example.com', 42])('options of %j', (options) => {
    expect(() => new NearStrategy(options as never, verify)).toThrow(
      /^NearStrategy: options must be an object; got /,
    )
  })

  it.each([undefined, null, {}, 'verify'])('verify of %j', (callback) => {
    expect(() => new NearStrategy({ recipient }, callback as never)).toThrow(
      /^NearStrategy: verify must be a function \(profile, done\); got/,
    )
  })
})

describe('valid options', () => {
  it.each<[string, object]>([
    ['a recipient alone', {}],
    [
      'an option that is undefined, as if it were absent',
      { rpc: undefined, store: undefined, callbackUrl: undefined },
    ],
    ['an endpoint as a URL object', { rpc: new URL('https://rpc.example.com') }],
    [
      'endpoints of all three forms',
      {
        rpc: [
          'http://127.0.0.1:3030',
          new URL('https://a.example'),
          { url: 'https://b.example', headers: { 'x-api-key': 'k' } },
        ],
      },
    ],
    ['testnet', { network: 'testnet' }],
    [
      'as large a quorum as there are endpoints',
      { rpc: ['https://a.example', 'https://b.example'], quorum: 2 },
    ],
    ["a callback URL with a mobile app's scheme", { callbackUrl: 'com.example.app://signed-in' }],
    [
      'no header, and an empty one',
      { rpc: [{ url: 'https://a.example' }, { url: 'https://b.example', headers: {} }] },
    ],
  ])('%s', (_, options) => {
    expect(create(options)).toBeInstanceOf(NearStrategy)
  })

  it('name the strategy', () => {
    expect(create({}).name).toBe('near')
    expect(create({ name: 'near-link' }).name).toBe('near-link')
  })
})

describe('the message', () => {
  it.each(['', undefined, null, 42, 'half a pair \udc00'])(
    'that a function returns must be a string, not %j',
    async (message) => {
      let issued = 0
      const counting = { ...store, issue: async () => void issued++ }
      await expect(create({ store: counting, message: () => message }).challenge({})).rejects.toThrow(
        /option "message" must return a non-empty string/,
      )
      expect(issued).toBe(0)
    },
  )

  it('comes from a function that may throw any value: the handler passes it on as an error', async () => {
    const raising: [unknown, string][] = [
      [new Error('no translation'), 'no translation'],
      ['route', 'route'],
      [undefined, 'message threw a value that is not an Error'],
      [0, 'message threw a value that is not an Error'],
    ]
    for (const [thrown, text] of raising) {
      const message = (): Promise<string> => Promise.reject(thrown)
      const error = await new Promise((resolve) =>
        create({ store, message }).challengeHandler()({}, {} as never, resolve),
      )
      expect(error).toBeInstanceOf(Error)
      expect((error as Error).message).toBe(text)
    }
  })

  it('is not sent when the response was already sent', async () => {
    const sent: unknown[] = []
    const res = {
      headersSent: true,
      statusCode: 200,
      setHeader: () => void sent.push('header'),
      end: () => void sent.push('body'),
    }
    create({ store }).challengeHandler()({}, res, (error) => sent.push(error))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(sent).toEqual([])
  })

  it('that cannot be sent is an error for the application, and does not end the process', async () => {
    const failure = new TypeError('the session cannot be written')
    const res = {
      headersSent: false,
      statusCode: 200,
      setHeader: () => undefined,
      end: () => {
        throw failure
      },
    }
    expect(await new Promise((resolve) => create({ store }).challengeHandler()({}, res, resolve))).toBe(
      failure,
    )
  })

  it("of a function that throws is the function's own error", async () => {
    const failure = new Error('no translation')
    await expect(create({ store, message: () => Promise.reject(failure) }).challenge({})).rejects.toBe(
      failure,
    )
  })
})

describe('the store', () => {
  const stored: StoredChallenge[] = []
  const keeping: ChallengeStore = { ...store, issue: async (_, challenge) => void stored.push(challenge) }

  it('gets all data that the server must store', async () => {
    const calls: unknown[][] = []
    const issue = async (...args: unknown[]): Promise<void> => void calls.push(args)
    const req = {}
    const near = create({ store: { ...store, issue }, callbackUrl: 'https://app.example.com/cb' })
    const { recipient: _, ...challenge } = await near.challenge(req)
    expect(calls).toEqual([
      [
        req,
        {
          ...challenge,
          issuedAt: expect.any(Number) as number,
          expiresAt: expect.any(Number) as number,
          purpose: expect.stringMatching(/^near\/sign-in\/[\w-]{12}$/) as string,
          issuedTo: null,
        },
      ],
    ])
  })

  it.each([
    [{ challengeMaxAge: 1234 }, 1234],
    [{}, 300_000],
  ])('gets the expiry of the challenge (%j)', async (options, maxAge) => {
    await create({ store: keeping, ...options }).challenge({})
    const { issuedAt, expiresAt } = stored.at(-1)!
    expect(expiresAt - issuedAt).toBe(maxAge)
  })

  it.each([
    ['the name', { name: 'near-2' }, /^near-2\/sign-in\//],
    ['linking', { linking: true, currentUser: () => 'u' }, /^near\/link\//],
    ['no hash of a message that a function returns', { message: () => 'm' }, /^near\/sign-in$/],
  ])('gets a purpose that shows %s', async (_, options, purpose) => {
    await create({ store: keeping, ...options }).challenge({})
    expect(stored.at(-1)!.purpose).toMatch(purpose)
  })

  it('can return another handle, which the browser gets as the state', async () => {
    const near = create({ store: { ...store, issue: async () => 'sealed' } })
    expect((await near.challenge({})).state).toBe('sealed')
    for (const handle of [undefined, '', null, 5]) {
      const other = create({
        store: {
          ...keeping,
          issue: async (_: object, challenge: StoredChallenge) => (stored.push(challenge), handle),
        },
      })
      expect((await other.challenge({})).state).toBe(stored.at(-1)!.state)
    }
  })

  it('gets no callback URL if the strategy has none', async () => {
    await create({ store: keeping }).challenge({})
    expect(stored.at(-1)).not.toHaveProperty('callbackUrl')
  })

  it('is ERR_NEAR_STORE_FAILED (503) with its cause if it fails to issue', async () => {
    const cause = new Error('connection lost')
    const raising = (): never => {
      throw cause
    }
    for (const issue of [raising, () => Promise.reject(cause)]) {
      await expect(create({ store: { ...store, issue } }).challenge({})).rejects.toMatchObject({
        name: 'NearServiceError',
        code: 'ERR_NEAR_STORE_FAILED',
        status: 503,
        cause,
      })
    }
  })
})
