import type { Challenge } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { newAccount } from '../support/accounts'
import { Cleanup } from '../support/app'
import type { Example } from './examples'
import { compile, startProject } from './project'
import { Visitor } from './visitor'

const text = expect.any(String) as string
const rejectedWith = (code: string, status = 401): object => ({ status, body: { code, message: text } })
const forge = <Signed extends object>(signed: Signed): Signed => ({
  ...signed,
  signature: Buffer.alloc(64, 1).toString('base64'),
})
const signedInAs = async (visitor: Visitor): Promise<unknown> =>
  ((await visitor.get('/me')).body as { user: unknown }).user
const user = (...accounts: string[]): object => ({ id: text, accounts })

interface Running {
  network: TestNetwork
  url: string
  cleanup: Cleanup
  start: (env: NodeJS.ProcessEnv) => Promise<string>
}

/** Starts an example once for all tests of the current suite, in a process that the suite ends. */
function startOnce(
  example: Example,
  project: (cleanup: Cleanup) => string | Promise<string>,
  node: () => string = () => process.execPath,
): Running {
  const cleanup = new Cleanup()
  const running = { cleanup } as Running
  beforeAll(async () => {
    running.network = await TestNetwork.start()
    cleanup.add(() => running.network.stop())
    const directory = await project(cleanup)
    if (example.compiled) await compile(directory)
    const { entry } = example
    running.start = (env) =>
      startProject(directory, running.network.rpcUrl, cleanup, { node: node(), entry, env })
    running.url = await running.start({ SESSION_SECRET: 'a secret of at least 32 characters' })
  }, 120_000)
  afterEach(() => running.network.recover())
  afterAll(() => cleanup.run())
  return running
}

/** The behaviour that all frameworks share, over HTTP, with the unchanged example in its own process. */
export function describeLogins(
  example: Example,
  project: (cleanup: Cleanup) => string | Promise<string>,
  { title = example.name, node = (): string => process.execPath } = {},
): void {
  describe(title, { timeout: 90_000 }, () => {
    const running = startOnce(example, project, node)
    let alice: TestAccount
    let bob: TestAccount

    beforeAll(async () => {
      alice = await running.network.createAccount('alice.near')
      bob = await running.network.createAccount('bob.near')
    })
    const visit = (): Visitor => new Visitor(running.url)
    const signIn = async (visitor: Visitor, account: TestAccount): Promise<unknown> =>
      (await visitor.post('/login/near', await visitor.sign(account))).body
    const signLink = (visitor: Visitor, account: TestAccount): ReturnType<Visitor['sign']> =>
      visitor.sign(account, '/link/near/challenge')

    it('serves the page, the client and the configuration of the page', async () => {
      const page = await visit().request('/')
      expect(page.headers.get('content-type')).toContain('text/html')
      expect(await page.text()).toContain("from '/passport-near-client.js'")
      const client = await visit().request('/passport-near-client.js')
      expect(client.headers.get('content-type')).toContain('javascript')
      expect(await client.text()).toContain('export async function signIn')
      expect(await visit().get('/config.json')).toEqual({ status: 200, body: { network: 'mainnet' } })
    })

    it('issues a challenge that is not cached', async () => {
      const response = await visit().request('/login/near/challenge')
      expect(response.headers.get('content-type')).toContain('application/json')
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(await response.json()).toMatchObject({
        recipient: 'localhost:3000',
        message: 'Sign in to localhost:3000',
      })
    })

    it('signs a user in with one RPC request and a new session', async () => {
      const visitor = visit()
      const signed = await visitor.sign(alice)
      const before = [...visitor.cookies.values()]
      const requests = running.network.requestCount
      const reply = await visitor.post('/login/near', signed)
      expect(reply).toEqual({ status: 200, body: user('alice.near') })
      expect(running.network.requestCount).toBe(requests + 1)
      expect(await signedInAs(visitor)).toEqual(reply.body)
      expect([...visitor.cookies.values()]).not.toEqual(before)
      expect(await signIn(visit(), alice)).toEqual(reply.body)
    })

    it('rejects the same login a second time, with the old and the new cookie', async () => {
      const visitor = visit()
      const signed = await visitor.sign(alice)
      const old = visitor.copy()
      await visitor.post('/login/near', signed)
      const requests = running.network.requestCount
      for (const replaying of [visitor, old]) {
        expect(await replaying.post('/login/near', signed)).toEqual(
          rejectedWith('ERR_NEAR_CHALLENGE_MISSING'),
        )
      }
      expect(running.network.requestCount).toBe(requests)
      expect(await signedInAs(old)).toBeNull()
    })

    it('accepts exactly one of several concurrent copies of a login', async () => {
      const visitor = visit()
      const signed = await visitor.sign(alice)
      const copies = Array.from({ length: 5 }, () => visitor.copy())
      const replies = await Promise.all(copies.map((copy) => copy.post('/login/near', signed)))
      expect(replies.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401])
    })

    it('rejects an empty and a forged login with code and message, without an RPC request', async () => {
      const visitor = visit()
      const requests = running.network.requestCount
      const empty = await visitor.post('/login/near', {})
      expect(empty).toEqual(rejectedWith('ERR_NEAR_CREDENTIALS_MISSING', 400))
      const forged = await visitor.post('/login/near', forge(await visitor.sign(alice)))
      expect(forged).toEqual(rejectedWith('ERR_NEAR_SIGNATURE_INVALID'))
      expect(running.network.requestCount).toBe(requests)
      expect(await signedInAs(visitor)).toBeNull()
    })

    it("rejects a signature for another user's account", async () => {
      const visitor = visit()
      const signed = { ...(await visitor.sign(bob)), accountId: 'alice.near' }
      expect(await visitor.post('/login/near', signed)).toEqual(rejectedWith('ERR_NEAR_ACCESS_KEY_NOT_FOUND'))
      expect(await signedInAs(visitor)).toBeNull()
    })

    it('responds to an RPC outage with 503 and recovers', async () => {
      const visitor = visit()
      const signed = await visitor.sign(alice)
      running.network.fail('http-500')
      const reply = await visitor.post('/login/near', signed)
      expect(reply).toEqual(rejectedWith('ERR_NEAR_RPC_UNAVAILABLE', 503))
      expect(await signedInAs(visitor)).toBeNull()
      running.network.recover()
      expect(await signIn(visitor, alice)).toEqual(user('alice.near'))
    })

    it('links an account once, to the user who requested the challenge', async () => {
      const visitor = visit()
      const second = await newAccount(running.network, 'second')
      const bobsUser = (await signIn(visitor, bob)) as { id: string; accounts: string[] }
      const missing = rejectedWith('ERR_NEAR_CHALLENGE_MISSING')
      expect(await visitor.post('/link/near', await visitor.sign(second))).toEqual(missing)
      expect(await visitor.post('/login/near', await signLink(visitor, second))).toEqual(missing)

      const response = await visitor.request('/link/near/challenge')
      expect(response.headers.get('cache-control')).toBe('no-store')
      const challenge = (await response.json()) as Challenge
      expect(challenge.message).toBe('Link this account to bob.near at localhost:3000')
      const signed = await second.signMessage(challenge)
      expect(await visitor.post('/link/near', signed)).toEqual({
        status: 200,
        body: { id: bobsUser.id, accounts: [...bobsUser.accounts, second.accountId] },
      })
      expect(await visitor.post('/link/near', signed)).toEqual(missing)
      expect(await signedInAs(visitor)).toMatchObject({ id: bobsUser.id })
      expect(await signIn(visit(), second)).toMatchObject({ id: bobsUser.id })
    })

    it('rejects a link with code and message, for every reason', async () => {
      const stranger = visit()
      const challenge = await stranger.get('/link/near/challenge')
      expect(challenge).toEqual(rejectedWith('ERR_NEAR_SIGN_IN_REQUIRED'))
      const unsigned = await stranger.post('/link/near', await stranger.sign(bob))
      expect(unsigned).toEqual(rejectedWith('ERR_NEAR_SIGN_IN_REQUIRED'))

      const visitor = visit()
      const alicesUser = await signIn(visitor, alice)
      const empty = await visitor.post('/link/near', {})
      expect(empty).toEqual(rejectedWith('ERR_NEAR_CREDENTIALS_MISSING', 400))
      const forged = await visitor.post('/link/near', forge(await signLink(visitor, bob)))
      expect(forged).toEqual(rejectedWith('ERR_NEAR_SIGNATURE_INVALID'))
      await signIn(visit(), bob)
      const taken = await visitor.post('/link/near', await signLink(visitor, bob))
      expect(taken).toEqual({
        status: 401,
        body: { code: 'ACCOUNT_TAKEN', message: 'Another user has this account.' },
      })
      const signed = await signLink(visitor, bob)
      running.network.fail('http-500')
      const outage = await visitor.post('/link/near', signed)
      expect(outage).toEqual(rejectedWith('ERR_NEAR_RPC_UNAVAILABLE', 503))
      expect(await signedInAs(visitor)).toEqual(alicesUser)
    })

    it('rejects a link from a tab of the previous user', async () => {
      const visitor = visit()
      await signIn(visitor, bob)
      const third = await newAccount(running.network, 'third')
      const kept = await signLink(visitor, third)
      const replaced = visitor.copy()

      await visitor.post('/logout', {})
      const alicesUser = await signIn(visitor, alice)
      expect(await visitor.post('/link/near', kept)).toEqual(rejectedWith('ERR_NEAR_CHALLENGE_MISSING'))
      expect(await signIn(replaced, alice)).toEqual(alicesUser)
      expect((await replaced.post('/link/near', kept)).status).toBe(401)
      expect(await signedInAs(visitor)).toEqual(alicesUser)
    })

    it(`signs out, ${example.cookieOnly ? 'in this browser' : 'for every copy of the cookie'}`, async () => {
      const visitor = visit()
      const alicesUser = await signIn(visitor, alice)
      const copy = visitor.copy()
      expect((await visitor.post('/logout', {})).status).toBe(204)
      expect(await signedInAs(visitor)).toBeNull()
      expect(await signedInAs(copy)).toEqual(example.cookieOnly ? alicesUser : null)
    })

    if (example.cookieOnly) {
      it('accepts a used challenge after a restart, as documented for sessions in cookies', async () => {
        const visitor = visit()
        const signed = await visitor.sign(alice)
        const old = visitor.copy()
        await visitor.post('/login/near', signed)
        const restarted = new Visitor(
          await running.start({ SESSION_SECRET: 'a secret of at least 32 characters' }),
        )
        restarted.cookies = old.cookies
        expect((await restarted.post('/login/near', signed)).status).toBe(200)
      })
    }

    it('in production, sets one https cookie named __Host-…, and reads its environment', async () => {
      const url = await running.start({
        NODE_ENV: 'production',
        NEAR_NETWORK: 'testnet',
        NEAR_RPC_URL: running.network.rpcUrl,
        RECIPIENT: 'app.example.com',
        SESSION_SECRET: 'another secret of at least 32 characters',
      })
      const https = { 'x-forwarded-proto': 'https' }
      const response = await fetch(`${url}/login/near/challenge`, { headers: https })
      const challenge = (await response.json()) as Challenge
      expect(challenge).toMatchObject({ recipient: 'app.example.com' })
      const cookies = response.headers.getSetCookie()
      for (const cookie of cookies) {
        expect(cookie).toMatch(/^__Host-session(\.sig)?=/)
        expect(cookie.split(/; ?/).map((part) => part.toLowerCase())).toEqual(
          expect.arrayContaining(['path=/', 'httponly', 'secure', 'samesite=lax']),
        )
      }
      const { accountId, publicKey, signature } = await alice.signMessage(challenge)
      const login = await fetch(`${url}/login/near`, {
        method: 'POST',
        headers: {
          ...https,
          'content-type': 'application/json',
          cookie: cookies.map((cookie) => cookie.split(';')[0]).join('; '),
        },
        body: JSON.stringify({ accountId, publicKey, signature }),
      })
      expect(await login.json()).toEqual(user('alice.near'))
      expect(await (await fetch(`${url}/config.json`)).json()).toEqual({ network: 'testnet' })
    })
  })
}

/** The behaviour that the edits of `extended` add to an example. */
export function describeExtensions(
  example: Example & { pages: boolean },
  project: (cleanup: Cleanup) => string | Promise<string>,
): void {
  describe(`${example.name}, extended`, { timeout: 90_000 }, () => {
    const running = startOnce(example, project)

    it('responds with the first rejection when several strategies reject', async () => {
      const visitor = new Visitor(running.url)
      const reply = await visitor.post('/link/near', {})
      expect(reply).toEqual(rejectedWith('ERR_NEAR_CREDENTIALS_MISSING', 400))
      const forged = forge(await visitor.sign(await newAccount(running.network, 'alice')))
      expect(await visitor.post('/link/near', forged)).toEqual(rejectedWith('ERR_NEAR_SIGN_IN_REQUIRED'))
    })

    if (example.pages) {
      it('redirects a rejected login to failureRedirect, with its message in the session', async () => {
        const visitor = new Visitor(running.url)
        const bob = await newAccount(running.network, 'bob')
        const rejected = await visitor.postRaw('/login/near/form', forge(await visitor.sign(bob)))
        expect([rejected.status, rejected.headers.get('location')]).toEqual([302, '/login'])
        expect(await visitor.get('/login')).toEqual({
          status: 200,
          body: ['The signature does not match the challenge and the public key.'],
        })
        expect(await signedInAs(visitor)).toBeNull()

        const accepted = await visitor.postRaw('/login/near/form', await visitor.sign(bob))
        expect([accepted.status, accepted.headers.get('location')]).toEqual([302, '/me'])
        expect(await signedInAs(visitor)).toEqual(user(bob.accountId))
      })
    }
  })
}
