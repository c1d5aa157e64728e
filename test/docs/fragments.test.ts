import http from 'node:http'
import { WebSocket } from 'ws'
import type { Challenge } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newAccountId } from '../support/accounts'
import { Cleanup } from '../support/app'
import { blockUnder } from './support/blocks'
import { createProject, runProgram, startApplication, type Parts } from './support/project'
import { Visitor } from './support/visitor'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount
let second: TestAccount
let bob: TestAccount
beforeAll(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.near')
  second = await network.createAccount('second.near')
  bob = await network.createAccount('bob.near')
})
afterAll(() => cleanup.run())

const start = (parts: Parts, env?: Record<string, string>): Promise<string> =>
  startApplication(parts, network.rpcUrl, cleanup, env)

describe('linking', () => {
  const linking = blockUnder('docs/linking.md', 'Linking accounts')
  const unlinking = blockUnder('docs/linking.md', 'Unlinking, and the last way in')
  const logout = blockUnder('docs/logout.md', 'Signing out')

  it('links to the signed-in user, and names this user in the message', async () => {
    const url = await start({ routes: linking + unlinking + logout })
    const visitor = new Visitor(url)
    expect((await visitor.get('/link/near/challenge')).status).toBe(401)
    await visitor.signIn(alice)
    expect((await visitor.get('/link/near/challenge')).body).toMatchObject({
      message: 'Link this NEAR account to alice.near at app.example.com',
    })
    const linked = await visitor.signIn(second, '/link/near')
    expect(linked).toMatchObject({ status: 200, body: { accounts: ['alice.near', 'second.near'] } })

    const other = new Visitor(url)
    await other.signIn(bob)
    expect(await other.signIn(second, '/link/near')).toMatchObject({
      status: 409,
      body: { code: 'ACCOUNT_TAKEN' },
    })
  })

  it('rejects the response of the user who was signed in before', async () => {
    const visitor = new Visitor(await start({ routes: linking + logout }))
    await visitor.signIn(alice)
    const kept = await visitor.sign(second, '/link/near/challenge')
    await visitor.post('/logout')
    expect((await visitor.post('/link/near', kept)).status).toBe(401)
    await visitor.signIn(bob)
    expect((await visitor.post('/link/near', kept)).status).toBe(401)
    expect((await visitor.get('/me')).body).toMatchObject({ accounts: ['bob.near'] })
  })

  it('responds to each rejection with code and message', async () => {
    const visitor = new Visitor(await start({ routes: linking }))
    const rejected = async (status: number, code: string, body?: object): Promise<void> =>
      expect(await visitor.post('/link/near', body)).toEqual({
        status,
        body: { code, message: expect.any(String) as string },
      })
    await rejected(401, 'SIGN_IN_FIRST')
    await visitor.signIn(alice)
    await rejected(400, 'ERR_NEAR_CREDENTIALS_MISSING')
    await rejected(401, 'ERR_NEAR_CHALLENGE_MISSING', await visitor.sign(second))
    expect((await visitor.signIn(second, '/link/near')).status).toBe(200)
  })

  it('recognizes the user of a token', async () => {
    const strategy = blockUnder('docs/linking.md', 'Logins without a session')
    const routes = `${strategy}
app.use('/link', (req, res, next) => {
  if (req.get('authorization')) req.user = { id: req.get('authorization') }
  next()
})
app.get('/link/near/challenge', linkNear.challengeHandler())
passport.use(linkNear)
app.post('/link/near', passport.authorize('link-near', {}), (req, res) => res.json(req.account.accountId))
app.use((error, req, res, next) => res.status(error.status).json({ code: error.code }))`
    const url = await start({ routes })
    expect(await new Visitor(url).get('/link/near/challenge')).toEqual({
      status: 401,
      body: { code: 'ERR_NEAR_SIGN_IN_REQUIRED' },
    })
    const visitor = new Visitor(url, { authorization: 'Bearer 1' })
    const signed = await visitor.sign(second, '/link/near/challenge')
    const thief = new Visitor(url, { authorization: 'Bearer 2', cookie: visitor.cookie })
    expect((await thief.post('/link/near', signed)).status).toBe(401)
    const again = await visitor.sign(second, '/link/near/challenge')
    expect(await visitor.post('/link/near', again)).toEqual({ status: 200, body: 'second.near' })
  })

  it('does not unlink the last account of a user without a password', async () => {
    const visitor = new Visitor(await start({ routes: linking + unlinking }))
    await visitor.signIn(alice)
    await visitor.signIn(second, '/link/near')
    const remove = (accountId: string): Promise<Response> =>
      visitor.request(`/accounts/${accountId}`, { method: 'DELETE' })
    expect((await remove('alice.near')).status).toBe(200)
    expect((await remove('second.near')).status).toBe(409)
  })
})

describe('accounts without keys', () => {
  it('sign in with the option', async () => {
    const carol = await network.createWalletContract(newAccountId('carol'), { schema: 'webauthn-p256' })
    const visitor = new Visitor(
      await start({ strategy: blockUnder('docs/wallet-contracts.md', 'Switching it on') }),
    )
    const { body } = await visitor.get('/login/near/challenge')
    expect(await visitor.post('/login/near', await carol.resolveAuth(body as Challenge))).toEqual({
      status: 200,
      body: { user: carol.accountId },
    })
  })

  it('or with keys are let in by the council of a DAO', async () => {
    const strategy = blockUnder('docs/wallet-contracts.md', 'A DAO as a gate')
    const visitor = new Visitor(await start({ strategy }))
    const council = ['alice.near']
    network.deployContract('example.sputnik-dao.near', {
      get_policy: () => ({
        roles: [
          { name: 'all', kind: 'Everyone' },
          { name: 'council', kind: { Group: council } },
        ],
      }),
    })
    expect(await visitor.signIn(alice)).toMatchObject({ status: 200 })
    expect(await visitor.signIn(bob)).toEqual({
      status: 401,
      body: { message: 'Only the council can sign in here.' },
    })
    council.push('bob.near')
    expect(await visitor.signIn(bob)).toMatchObject({ status: 200 })
    network.deployContract('example.sputnik-dao.near', {})
    expect(await visitor.signIn(alice)).toMatchObject({ status: 503 })
  })

  it('authorize a text without Passport', async () => {
    const dao = await network.createWalletContract(newAccountId('dao'))
    const { authorization } = await dao.resolveAuth({ payload: 'p', chainId: 'mainnet' })
    const directory = createProject(cleanup, {
      'authorized.mjs': blockUnder('docs/wallet-contracts.md', 'Without Passport').replace(
        "network: 'mainnet'",
        `network: 'mainnet', rpc: '${network.rpcUrl}'`,
      ),
      'run.mjs': `import { isAuthorized } from './authorized.mjs'
const authorization = ${JSON.stringify(authorization)}
for (const payload of ['p', 'q']) console.log(await isAuthorized('${dao.accountId}', authorization, payload))`,
    })
    expect(await runProgram(directory, ['run.mjs'])).toBe('true\nfalse\n')
  })

  it('are made by the testing kit as the page shows it', async () => {
    const code = blockUnder('docs/wallet-contracts.md', 'In your tests')
    const directory = createProject(cleanup, { 'run.mjs': `${code}console.log('ended')` })
    expect(await runProgram(directory, ['run.mjs'])).toBe('ended\n')
  })
})

describe('users', () => {
  it('accepts only known accounts', async () => {
    const strategy = blockUnder('docs/users.md', 'Find or create', 2)
    const visitor = new Visitor(
      await start({ strategy, routes: blockUnder('docs/users.md', 'What the session holds') }),
    )
    expect(await visitor.signIn(alice)).toEqual({
      status: 401,
      body: { code: 'NO_SUCH_USER', message: 'This account has no user here.' },
    })
  })

  it('creates users with the page’s own lookup', async () => {
    const strategy = `const pool = undefined
const findOrCreate = async (pool, profile) => users.findOrCreate(profile.accountId)
${blockUnder('docs/users.md', 'Find or create', 1)}`
    const visitor = new Visitor(await start({ strategy }))
    expect((await visitor.signIn(alice)).status).toBe(200)
  })

  it('requires an invitation from the session', async () => {
    const visitor = new Visitor(
      await start({
        strategy: blockUnder('docs/users.md', 'With the request'),
        routes: `app.get('/invite', (req, res) => { req.session.invited = true; res.sendStatus(204) })`,
      }),
    )
    expect(await visitor.signIn(alice)).toMatchObject({ status: 401, body: { code: 'NOT_INVITED' } })
    await visitor.get('/invite')
    expect((await visitor.signIn(alice)).status).toBe(200)
  })
})

describe('signing out', () => {
  it('ends the session', async () => {
    const visitor = new Visitor(await start({ routes: blockUnder('docs/logout.md', 'Signing out') }))
    await visitor.signIn(alice)
    expect((await visitor.post('/logout')).status).toBe(204)
    expect((await visitor.get('/me')).body).toBeNull()
  })

  it('ends the sessions of all browsers', async () => {
    const [serializers, route] = blockUnder('docs/logout.md', 'Everywhere').split(/(?=^app\.post)/m)
    const url = await start({ serializers: serializers!, routes: route! })
    const [one, other] = [new Visitor(url), new Visitor(url)]
    await one.signIn(alice)
    await other.signIn(alice)
    expect((await other.get('/me')).body).toMatchObject({ name: 'alice.near' })
    expect((await one.post('/logout/everywhere')).status).toBe(204)
    expect((await one.get('/me')).body).toBeNull()
    expect((await other.get('/me')).body).toBeNull()
  })

  it('shows a session that the process accepts', async () => {
    const session = blockUnder('docs/logout.md', 'How long a login lasts')
    const url = await start(
      { session: `app.set('trust proxy', 1)\n${session}` },
      { SESSION_SECRET: 'a secret of the tests' },
    )
    const visitor = new Visitor(url, { 'x-forwarded-proto': 'https' })
    expect((await visitor.signIn(alice)).status).toBe(200)
  })
})

describe('several domains and networks', () => {
  /** `fetch` cannot set the header Host. */
  const get = (url: string, host: string): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      http
        .get(`${url}/login/near/challenge`, { headers: { host } }, (response) => {
          let body = ''
          response.on('data', (chunk: Buffer) => (body += chunk.toString()))
          response.on('end', () => resolve({ status: response.statusCode!, body }))
        })
        .on('error', reject)
    })

  it('gives each domain its own recipient, and an unknown domain none', async () => {
    const url = await start({ login: blockUnder('docs/domains.md', 'Many domains in one application') })
    const shop = await get(url, 'shop.example.com')
    expect(JSON.parse(shop.body)).toMatchObject({ recipient: 'shop.example.com' })
    const forum = await get(url, 'forum.example.com')
    expect(JSON.parse(forum.body)).toMatchObject({ recipient: 'forum.example.com' })
    expect((await get(url, 'evil.example.com')).status).toBe(404)
  })

  it('keeps the users of a testnet and a mainnet account with the same id apart', async () => {
    const strategy = blockUnder('docs/domains.md', 'Mainnet and testnet in one application')
    const url = await start({ strategy })
    const [mainnet, testnet] = [new Visitor(url), new Visitor(url)]
    await mainnet.signIn(alice)
    await testnet.signIn(alice, '/login/testnet')
    const [one, other] = [(await mainnet.get('/me')).body, (await testnet.get('/me')).body]
    expect(one).toMatchObject({ name: 'alice.near', network: 'mainnet' })
    expect(other).toMatchObject({ name: 'alice.near', network: 'testnet' })
    expect(
      (await mainnet.post('/login/near', await mainnet.sign(alice, '/login/testnet/challenge'))).status,
    ).toBe(401)
  })
})

describe('WebSocket and GraphQL', () => {
  const websocket = blockUnder('docs/realtime.md', 'WebSocket')
  const sessions = /^const sessions = session\(\{[^]*?^\}\)$/m.exec(websocket)![0]

  /** Opens a WebSocket. Returns the status of the handshake, and the first message. */
  const connect = (url: string, cookie: string, origin: string): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url.replace('http:', 'ws:'), { origin, headers: { cookie } })
      socket.on('message', (data: Buffer) => {
        socket.terminate()
        resolve({ status: 101, text: data.toString() })
      })
      socket.on('unexpected-response', (_, response) => {
        response.resume()
        resolve({ status: response.statusCode!, text: '' })
      })
      socket.on('error', reject)
    })

  it('recognizes the user at a WebSocket’s handshake, and rejects other origins', async () => {
    const url = await start({
      session: `${sessions}\napp.use(sessions)`,
      routes: websocket.replace(sessions, ''),
      listen: 'server.listen(3000)\n',
    })
    const visitor = new Visitor(url)
    const site = 'http://localhost:3000'
    expect((await connect(url, '', site)).status).toBe(401)
    await visitor.signIn(alice)
    expect(await connect(url, visitor.cookie, site)).toEqual({ status: 101, text: 'Hello, alice.near' })
    expect((await connect(url, visitor.cookie, 'https://evil.example.com')).status).toBe(403)
  })

  it('recognizes the user in the context of GraphQL', async () => {
    const routes = `const { buildSchema } = require('graphql')
const schema = buildSchema('type Query { me: User } type User { name: String }')
schema.getQueryType().getFields().me.resolve = (source, args, { user }) => user
${blockUnder('docs/realtime.md', 'GraphQL')}`
    const query = { query: '{ me { name } }' }
    const visitor = new Visitor(await start({ routes }))
    expect((await visitor.post('/graphql', query)).body).toEqual({ data: { me: null } })
    await visitor.signIn(alice)
    expect((await visitor.post('/graphql', query)).body).toEqual({ data: { me: { name: 'alice.near' } } })
  })
})

describe('logs and metrics', () => {
  it('warns of an endpoint of the other network', async () => {
    const other = await TestNetwork.start({ chainId: 'testnet' })
    cleanup.add(() => other.stop())
    const strategy = `const near = new NearStrategy({ recipient: 'r', rpc: '${other.rpcUrl}' }, verify)`
    const code = blockUnder('docs/observability.md', 'The endpoints').replaceAll(
      'console.warn',
      'warnings.push',
    )
    const routes = `const warnings = []
app.get('/check', async (req, res) => {
  ${code}
  res.json(warnings)
})`
    const visitor = new Visitor(await start({ strategy, routes }))
    expect((await visitor.get('/check')).body).toEqual(['RPC endpoint 1 is of testnet'])
  })

  it('counts a login by its outcome and code', async () => {
    const routes = `${blockUnder('docs/observability.md', 'Each login')}
app.get('/metrics', (req, res) => res.json(logins))`
    const visitor = new Visitor(await start({ routes }))
    await visitor.post('/login/near')
    await visitor.signIn(alice)
    expect((await visitor.get('/metrics')).body).toEqual({
      'near rejected ERR_NEAR_CREDENTIALS_MISSING': 1,
      'near success': 1,
    })
  })

  it('responds to an outage with its code, and to no other error with a code', async () => {
    const routes = `app.get('/bug', () => { throw new Error('a bug') })
${blockUnder('docs/observability.md', 'The cause of an error')}`
    const visitor = new Visitor(await start({ routes }))
    network.fail('http-500')
    const outage = await visitor.signIn(alice)
    network.recover()
    expect(outage).toMatchObject({ status: 503, body: { code: 'ERR_NEAR_RPC_UNAVAILABLE' } })
    expect((await visitor.get('/bug')).status).toBe(500)
  })
})

describe('troubleshooting', () => {
  const seeTheCode = blockUnder('docs/troubleshooting.md', 'See the code')

  it.each([
    [
      'a secure cookie over http',
      {
        session: `app.use(session({ secret: 's', resave: false, saveUninitialized: false, cookie: { secure: true } }))`,
      },
    ],
    [
      'a session secret that changes with each request',
      {
        session: `app.use((req, res, next) => session({ secret: String(Math.random()), resave: false, saveUninitialized: false })(req, res, next))`,
      },
    ],
  ])('is right about %s: the challenge is missing at every login', async (_, parts) => {
    const visitor = new Visitor(await start(parts))
    expect((await visitor.signIn(alice)).body).toMatchObject({ code: 'ERR_NEAR_CHALLENGE_MISSING' })
  })

  it('is right about a fetch without credentials', async () => {
    const url = await start({})
    const signed = await new Visitor(url).sign(alice)
    expect((await new Visitor(url).post('/login/near', signed)).body).toMatchObject({
      code: 'ERR_NEAR_CHALLENGE_MISSING',
    })
  })

  it('is right about a missing body parser', async () => {
    const login = `app.get('/login/near/challenge', near.challengeHandler())
app.post('/login/near', (req, res, next) => { delete req.body; next() }, near.loginHandler())`
    const visitor = new Visitor(await start({ login }))
    expect((await visitor.signIn(alice)).body).toMatchObject({ code: 'ERR_NEAR_CREDENTIALS_MISSING' })
  })

  it('has a cookie for development and for production behind a proxy', async () => {
    const session = blockUnder('docs/troubleshooting.md', 'A cookie for both worlds')
    const secret = { SESSION_SECRET: 'a secret of the tests' }
    const development = new Visitor(await start({ session }, secret))
    expect((await development.signIn(alice)).status).toBe(200)
    expect(development.cookie).toMatch(/^session=/)
    const url = await start({ session }, { ...secret, NODE_ENV: 'production' })
    const production = new Visitor(url, { 'x-forwarded-proto': 'https' })
    expect((await production.signIn(alice)).status).toBe(200)
    expect(production.cookie).toMatch(/^__Host-session=/)
    const withoutHeader = new Visitor(url)
    expect((await withoutHeader.signIn(alice)).body).toMatchObject({ code: 'ERR_NEAR_CHALLENGE_MISSING' })
  })

  it('shows the code, also with several strategies', async () => {
    const several = seeTheCode.replace(
      "passport.authenticate('near'",
      "passport.authenticate(['near', 'other']",
    )
    expect(several).not.toBe(seeTheCode)
    for (const routes of [seeTheCode, several]) {
      const login = `app.get('/login/near/challenge', near.challengeHandler())
passport.use(new NearStrategy({ name: 'other', recipient: 'r' }, verify))
${routes}`
      const visitor = new Visitor(await start({ login }))
      expect(await visitor.post('/login/near')).toMatchObject({
        status: 400,
        body: { code: 'ERR_NEAR_CREDENTIALS_MISSING' },
      })
      expect((await visitor.signIn(alice)).status).toBe(200)
    }
  })

  it('sets a header of helmet with which a pop-up can respond', async () => {
    const code = blockUnder('docs/troubleshooting.md', "The wallet's window").replace(
      "import helmet from 'helmet'",
      "const helmet = require('helmet')",
    )
    const url = await start({ login: `${code}\napp.get('/', (req, res) => res.end())` })
    const response = await new Visitor(url).request('/')
    expect(response.headers.get('cross-origin-opener-policy')).toBe('same-origin-allow-popups')
  })
})

describe('frameworks', () => {
  it('Express: responds with the code', async () => {
    const visitor = new Visitor(await start({ login: blockUnder('docs/frameworks.md', 'Express') }))
    expect((await visitor.post('/login/near')).body).toMatchObject({ code: 'ERR_NEAR_CREDENTIALS_MISSING' })
    expect((await visitor.signIn(alice)).body).toEqual({ user: 'alice.near' })
  })

  it('Express: responds to a form with pages, and shows a message once', async () => {
    const visitor = new Visitor(await start({ routes: blockUnder('docs/frameworks.md', 'Express', 1) }))
    const post = async (fields: Record<string, string>): Promise<string | null> => {
      const body = new URLSearchParams(fields)
      return (await visitor.request('/login/near/form', { method: 'POST', body })).headers.get('location')
    }
    expect(await post({ accountId: 'alice.near' })).toBe('/login')
    expect((await visitor.get('/login')).body).toHaveLength(1)
    expect((await visitor.get('/login')).body).toHaveLength(0)
    const { accountId, publicKey, signature } = await visitor.sign(alice)
    expect(await post({ accountId, publicKey, signature })).toBe('/me')
  })

  it('Without Passport: verifies a signature', async () => {
    const nonce = Buffer.alloc(32, 1)
    const { signature, publicKey } = await alice.signMessage({ message: 'm', recipient: 'r', nonce })
    const code = blockUnder('docs/frameworks.md', 'Without Passport').replace(
      'await verifySignature(hash, signature, publicKey)',
      'console.log(await verifySignature(hash, signature, publicKey))',
    )
    const run = (message: string): Promise<string> => {
      const names = JSON.stringify({ message, recipient: 'r', signature, publicKey })
      const given = `const { message, recipient, signature, publicKey } = ${names}
const nonce = Buffer.alloc(32, 1), callbackUrl = undefined`
      return runProgram(
        createProject(cleanup, { 'verify.mjs': `${code}\n`.replace('\n\n', `\n${given}\n`) }),
        ['verify.mjs'],
      )
    }
    expect(await run('m')).toBe('true\n')
    expect(await run('another')).toBe('false\n')
  })
})

describe('wallets', () => {
  it('Without front-end code: redirects to the wallet and reads its response as a form', async () => {
    const routes = blockUnder('docs/wallets.md', 'Without front-end code')
    const end = 'passport.use(near)\n'
    const [strategy, login] = routes.split(end) as [string, string]
    const visitor = new Visitor(
      await start({ strategy, login: `${login}\napp.get('/me', (req, res) => res.json(req.user ?? null))` }),
    )
    const away = new URL((await visitor.request('/login/near')).headers.get('location')!)
    expect(away.origin + away.pathname).toBe('https://app.mynearwallet.com/sign-message')
    const query = Object.fromEntries(away.searchParams) as Record<
      'message' | 'recipient' | 'nonce' | 'state',
      string
    >
    const { accountId, publicKey, signature } = await alice.signMessage(query)
    expect(await (await visitor.request('/login/near/callback')).text()).toContain('<script>')
    const body = new URLSearchParams({ accountId, publicKey, signature, state: query.state })
    const back = await visitor.request('/login/near/callback', { method: 'POST', body })
    expect([back.status, back.headers.get('location')]).toEqual([302, '/'])
    expect((await visitor.get('/me')).body).toMatchObject({ name: 'alice.near' })
  })

  it('Without front-end code: the page has another language and leads to another URL', async () => {
    const page = blockUnder('docs/wallets.md', 'Without front-end code', 1)
    const visitor = new Visitor(await start({ routes: page }))
    const html = await (await visitor.request('/login/near/callback')).text()
    for (const part of ['lang="de"', 'Anmeldung', 'href="/account"', 'href="/style.css"'])
      expect(html).toContain(part)
  })

  it('Redirecting wallets: the challenge includes the callback URL', async () => {
    const visitor = new Visitor(
      await start({ strategy: blockUnder('docs/wallets.md', 'Redirecting wallets') }),
    )
    expect((await visitor.get('/login/near/challenge')).body).toMatchObject({
      callbackUrl: 'https://app.example.com/signed',
    })
  })
})

describe('access keys', () => {
  const page = 'docs/access-keys.md'

  it.each([
    ['your own endpoints', blockUnder(page, 'Your own endpoints')],
    ['a quorum', blockUnder(page, 'Quorum')],
    ['a provider of near-api-js', blockUnder(page, 'A provider of near-api-js', 1)],
  ])('the options for %s are right', async (_, strategy) => {
    const visitor = new Visitor(await start({ strategy }))
    expect((await visitor.get('/login/near/challenge')).body).toMatchObject({ recipient: 'app.example.com' })
  })

  it('a custom source decides: a permission, no key, an outage', async () => {
    const index = http
      .createServer((req, res) => {
        const [, , accountId] = req.url!.split('/')
        const status = { 'alice.near': 200, 'bob.near': 404 }[accountId!] ?? 500
        res.writeHead(status).end(status === 200 ? '{ "permission": "FullAccess" }' : '')
      })
      .listen(0, '127.0.0.1')
    cleanup.add(() => index.close())
    await new Promise((resolve) => index.once('listening', resolve))
    const { port } = index.address() as { port: number }
    const source = blockUnder(page, 'Your own source').replace(
      'https://index.example.com',
      `http://127.0.0.1:${port}`,
    )
    const routes = `app.use((error, req, res, next) => res.status(error.status).json({ code: error.code }))`
    const url = await start({ strategy: source, routes })
    expect((await new Visitor(url).signIn(alice)).status).toBe(200)
    expect((await new Visitor(url).signIn(bob)).body).toMatchObject({ code: 'ERR_NEAR_ACCESS_KEY_NOT_FOUND' })
    expect(await new Visitor(url).signIn(second)).toMatchObject({
      status: 503,
      body: { code: 'ERR_NEAR_RPC_UNAVAILABLE' },
    })
  })
})
