import { createHash } from 'node:crypto'
import { request as httpRequest, type RequestListener } from 'node:http'
import connect from 'connect'
import express from 'express'
import { hashPayload, verifySignature } from 'passport-near'
import { developmentWallet, TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cleanup, listen } from '../support/app'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount
let url: string

beforeEach(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.test')
  ;({ url } = await listen(developmentWallet(network), cleanup))
})
afterEach(() => cleanup.run())

const nonce = Buffer.alloc(32, 7)
const challenge = {
  message: 'Sign in to localhost:3000',
  recipient: 'localhost:3000',
  nonce: nonce.toString('base64'),
  callbackUrl: 'http://localhost:3000/login/near/callback?next=%2F',
  state: 'a state',
}

async function get(
  path: string,
  query: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}${path}?${new URLSearchParams(query)}`)
  return { status: response.status, text: await response.text() }
}

async function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}

/** The status for a request with headers that `fetch` does not send. */
function statusFor(
  options: { method?: string; path?: string; headers: Record<string, string> },
  body = '',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, options, (response) => {
      response.resume()
      resolve(response.statusCode!)
    })
    sent.on('error', reject).end(body)
  })
}

describe('the approval page', () => {
  it('shows the message, the recipient, the accounts and the origin of the callback URL', async () => {
    await network.createAccount('bob.test')
    const { status, text } = await get('/sign-message', challenge)
    expect(status).toBe(200)
    expect(text).toContain('<dd data-message>Sign in to localhost:3000</dd>')
    expect(text).toContain('<dd data-recipient>localhost:3000</dd>')
    expect(text).toContain('<dd data-site>http://localhost:3000</dd>')
    expect(text.match(/value="[a-z]+\.test"/g)).toEqual(['value="alice.test"', 'value="bob.test"'])
  })

  it('lists the existing accounts', async () => {
    alice.delete()
    expect((await get('/sign-message', challenge)).text).toContain('There is no account yet.')
    await network.createAccount('bob.test')
    expect((await get('/sign-message', challenge)).text).not.toContain('alice.test')
  })

  it('has a policy that allows its own script and style sheet and no others', async () => {
    const response = await fetch(`${url}/sign-message?${new URLSearchParams(challenge)}`)
    const text = await response.text()
    const policy = response.headers.get('content-security-policy')!
    const hash = (content: string): string =>
      `'sha256-${createHash('sha256').update(content).digest('base64')}'`
    const [, script] = /<script type="module">([^]*?)<\/script>/.exec(text)!
    const [, style] = /<style>([^]*?)<\/style>/.exec(text)!
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${hash(script!)}`,
      `style-src ${hash(style!)}`,
      "connect-src 'self'",
      'img-src data:',
      "form-action 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ])
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('cross-origin-opener-policy')).toBeNull()
  })

  const attack = `"'></dd><script>alert(1)</script><img src=x onerror=alert(1)>&quot;`
  const escaped =
    '&quot;&#39;&gt;&lt;/dd&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&amp;quot;'

  it.each(['message', 'recipient', 'state'])('escapes a %s that contains HTML', async (field) => {
    const { text } = await get('/sign-message', { ...challenge, [field]: attack })
    expect(text.match(/<script/g)).toHaveLength(1)
    expect(text).not.toContain('<img')
    if (field !== 'state') expect(text).toContain(`<dd data-${field}>${escaped}</dd>`)
    const [, request] = /data-request="([^"]*)"/.exec(text)!
    const entities: Record<string, string> = { quot: '"', '#39': "'", lt: '<', gt: '>', amp: '&' }
    const json = request!.replace(/&(#?\w+);/g, (_, name: string) => entities[name]!)
    expect(JSON.parse(json)).toEqual({ ...challenge, [field]: attack })
  })

  it.each([
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'data:text/html,x',
    '/relative',
    'blob:http://localhost/x',
    '',
  ])('rejects the URL %j', async (callbackUrl) => {
    for (const [path, query] of [
      ['/sign-message', { ...challenge, callbackUrl }],
      ['/login', { success_url: callbackUrl }],
      ['/login', { success_url: 'http://localhost:3000/', failure_url: callbackUrl }],
    ] as const) {
      const { status, text } = await get(path, query)
      expect([status, text.includes('This request is invalid')]).toEqual([400, true])
      if (callbackUrl) expect(text).not.toContain(callbackUrl)
    }
    const { status } = await post('/sign-message', { ...challenge, callbackUrl, accountId: 'alice.test' })
    expect(status).toBe(400)
  })

  it.each([
    ['no message', { message: '' }],
    ['no recipient', { recipient: '' }],
    ['a short nonce', { nonce: 'AAAA' }],
  ])('rejects %s', async (_, fields) => {
    expect((await get('/sign-message', { ...challenge, ...fields })).status).toBe(400)
    expect((await post('/sign-message', { ...challenge, ...fields, accountId: 'alice.test' })).status).toBe(
      400,
    )
  })
})

describe('an approval', () => {
  it.each([
    ['redirect', challenge.callbackUrl],
    ['popup', undefined],
  ])('by %s signs the callback URL %s', async (returnBy, callbackUrl) => {
    const { status, body } = await post('/sign-message', { ...challenge, accountId: 'alice.test', returnBy })
    expect(status).toBe(200)
    const { accountId, publicKey, signature } = body as {
      accountId: string
      publicKey: string
      signature: string
    }
    expect([accountId, publicKey]).toEqual(['alice.test', alice.publicKey])
    const hash = hashPayload({ ...challenge, nonce, callbackUrl })
    expect(await verifySignature(hash, signature, publicKey)).toBe(true)
  })

  it('of an unknown account, or without an account, is rejected with the reason', async () => {
    for (const accountId of ['bob.test', undefined, { toString: 'alice.test' }]) {
      const expected = {
        status: 400,
        body: { message: expect.stringContaining('no such account') as string },
      }
      expect(await post('/sign-message', { ...challenge, accountId })).toEqual(expected)
      expect(await post('/login', { accountId })).toEqual(expected)
    }
  })

  it('of an account whose key is held elsewhere is rejected with the reason', async () => {
    await network.createAccount('far.test', { publicKey: `ed25519:${'1'.repeat(32)}` })
    expect(await post('/sign-message', { ...challenge, accountId: 'far.test' })).toEqual({
      status: 400,
      body: { message: 'TestAccount: the wallet does not hold the private half of that key' },
    })
  })

  it('to connect an account gives its public key', async () => {
    expect((await get('/login', { success_url: 'https://app.example.com/x' })).text).toContain(
      '<dd data-site>https://app.example.com</dd>',
    )
    expect(await post('/login', { accountId: 'alice.test' })).toEqual({
      status: 200,
      body: { publicKey: alice.publicKey },
    })
  })
})

describe('the accounts', () => {
  it('are listed on the home page and created there', async () => {
    expect(await post('/accounts', { accountId: 'newcomer.test' })).toEqual({
      status: 201,
      body: { accountId: 'newcomer.test' },
    })
    expect(network.accounts.map(({ accountId }) => accountId)).toEqual(['alice.test', 'newcomer.test'])
    expect((await get('/')).text).toContain('<li>newcomer.test</li>')
  })

  it.each([
    ['alice.test', 'exists already'],
    ['<script>', 'an account id has 2 to 64'],
    [undefined, 'an account id has 2 to 64'],
  ])('are not created with the id %s', async (accountId, message) => {
    expect(await post('/accounts', { accountId })).toEqual({
      status: 400,
      body: { message: expect.stringContaining(message) as string },
    })
    expect(network.accounts).toEqual([alice])
  })

  it('of a network follow deletion and creation', async () => {
    const bob = await network.createAccount('bob.test')
    alice.delete()
    expect(network.accounts).toEqual([bob])
    const again = await network.createAccount('alice.test')
    expect(network.accounts).toEqual([bob, again])
  })
})

describe('a request from another origin', () => {
  const paths = ['/sign-message', '/login', '/accounts']

  it.each(['https://evil.example', 'http://localhost:1', 'null'])(
    'from the origin %s changes nothing',
    async (origin) => {
      for (const path of paths) {
        const { status } = await post(path, { ...challenge, accountId: 'evil.test' }, { origin })
        expect(status).toBe(403)
      }
      expect(network.accounts).toEqual([alice])
    },
  )

  it('from a page of the wallet passes', async () => {
    expect((await post('/accounts', { accountId: 'bob.test' }, { origin: url })).status).toBe(201)
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])(
    'with the content type %s, which needs no preflight, changes nothing',
    async (type) => {
      for (const path of paths) {
        const { status } = await post(
          path,
          { ...challenge, accountId: 'alice.test' },
          { 'content-type': type },
        )
        expect(status).toBe(400)
      }
      expect(network.accounts).toEqual([alice])
    },
  )

  it.each([
    ['evil.example', 403],
    ['localhost.evil.example', 403],
    ['127.0.0.1.nip.io:3001', 403],
    ['localhost:99999', 403],
    ['localhost', 200],
    ['127.0.0.1:3001', 200],
    ['[::1]:3001', 200],
  ])('under the name %s has the status %i', async (host, status) => {
    expect(await statusFor({ headers: { host } })).toBe(status)
  })

  it.each(['//', '//evil.example/', 'http://[', '/\\'])(
    'for the target %j ends with a 4xx and the server goes on',
    async (path) => {
      const status = await statusFor({ path, headers: { host: 'localhost' } })
      expect([200, 400, 403, 404]).toContain(status)
      expect((await get('/')).status).toBe(200)
    },
  )

  it.each([
    ['no JSON', '{'],
    ['an array', '[]'],
    ['null', 'null'],
    ['a body of 300 kB', JSON.stringify({ accountId: 'big.test', padding: 'x'.repeat(300_000) })],
  ])('with %s creates nothing', async (_, body) => {
    const headers = { host: 'localhost', 'content-type': 'application/json' }
    expect(await statusFor({ method: 'POST', path: '/accounts', headers }, body)).toBe(400)
    expect(network.accounts).toEqual([alice])
  })
})

describe('near-connect finds', () => {
  it('the manifest and the executor, from any site', async () => {
    const response = await fetch(`${url}/near-connect/manifest.json`)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    const { wallets } = (await response.json()) as {
      wallets: [{ website: string; executor: string; permissions: { allowsOpen: string[] } }]
    }
    expect(wallets[0].website).toBe(url)
    expect(wallets[0].permissions.allowsOpen).toEqual([url])
    const executor = await fetch(wallets[0].executor)
    expect(executor.headers.get('access-control-allow-origin')).toBe('*')
    expect(executor.headers.get('content-type')).toContain('text/javascript')
    expect(await executor.text()).toContain('window.selector.ready(wallet)')
    expect((await fetch(`${url}/`)).headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('as a listener', () => {
  it('responds with 404 to an unknown path, and without a body to HEAD', async () => {
    expect(await post('/elsewhere', {})).toEqual({
      status: 404,
      body: { message: 'The wallet has no such page.' },
    })
    const head = await fetch(`${url}/`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect((await get('/sign-message/', challenge)).status).toBe(200)
  })

  it.each<[string, () => RequestListener]>([
    [
      'Express',
      () =>
        express()
          .use(express.json(), developmentWallet(network))
          .get('/own', (_req, res) => void res.json('own')),
    ],
    [
      'Connect',
      () =>
        connect()
          .use(developmentWallet(network))
          .use('/own', (_req, res) => res.end('"own"')),
    ],
    ['node:http', () => developmentWallet(network)],
  ])('works in %s', async (name, app) => {
    ;({ url } = await listen(app(), cleanup))
    expect((await post('/login', { accountId: 'alice.test' })).body).toEqual({ publicKey: alice.publicKey })
    if (name !== 'node:http') expect((await get('/own')).text).toBe('"own"')
  })

  it('does not send a second response after a time limit of the application', async () => {
    const wallet = developmentWallet(network)
    ;({ url } = await listen((req, res) => {
      res.end('too late')
      wallet(req, res)
    }, cleanup))
    expect((await get('/')).text).toBe('too late')
    expect((await get('/')).text).toBe('too late')
  })
})

describe('the option url', () => {
  it('is the name behind a proxy', async () => {
    const options = { url: 'https://wallet.example.com/' }
    ;({ url } = await listen(developmentWallet(network, options), cleanup))
    const host = 'wallet.example.com'
    expect(await statusFor({ headers: { host } })).toBe(200)
    const headers = { host, origin: 'https://wallet.example.com', 'content-type': 'application/json' }
    expect(await statusFor({ method: 'POST', path: '/login', headers }, '{"accountId":"alice.test"}')).toBe(
      200,
    )
    expect(await statusFor({ headers: { host: 'evil.example' } })).toBe(403)
    expect((await get('/near-connect/manifest.json')).text).toContain(
      '"website":"https://wallet.example.com"',
    )
  })

  it.each(['wallet', 'javascript:alert(1)', '', 7])('rejects %j', (wrong) => {
    expect(() => developmentWallet(network, { url: wrong as string })).toThrow(
      new TypeError('developmentWallet: option "url" must be an http(s) URL'),
    )
  })
})
