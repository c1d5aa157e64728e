import type { Challenge } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { startProject } from './project'
import type { Recipe } from './recipes'
import { Visitor } from './visitor'

const alice = { id: 1, name: 'Alice', accounts: ['alice.near'] }

/** What happens in every framework, in the same way: the README's recipe as it stands, in a process of its own. */
export function describeLogins(
  recipe: Recipe,
  project: (cleanup: Cleanup) => string | Promise<string>,
  { title = recipe.name, node = (): string => process.execPath } = {},
): void {
  describe(title, { timeout: 90_000 }, () => {
    const cleanup = new Cleanup()
    let network: TestNetwork
    let accounts: Record<'alice' | 'bob' | 'nobody' | 'second', TestAccount>
    let directory: string
    let url: string

    beforeAll(async () => {
      network = await TestNetwork.start()
      cleanup.add(() => network.stop())
      accounts = {
        alice: await network.createAccount('alice.near'),
        bob: await network.createAccount('bob.near'),
        nobody: await network.createAccount('nobody.near'),
        second: await network.createAccount('second.near'),
      }
      directory = await project(cleanup)
      url = await startProject(directory, network.rpcUrl, cleanup, { node: node() })
    }, 120_000)
    afterEach(() => network.recover())
    afterAll(() => cleanup.run())

    const signedInAs = async (visitor: Visitor): Promise<unknown> => (await visitor.get('/me')).body

    it('hands out a challenge that is not to be cached', async () => {
      const response = await new Visitor(url).request('/login/near/challenge')
      expect(response.headers.get('content-type')).toContain('application/json')
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(await response.json()).toMatchObject({
        recipient: 'localhost:3000',
        message: 'Sign in to localhost:3000',
      })
    })

    it('signs in who has an account here, with one RPC call and a new session', async () => {
      const visitor = new Visitor(url)
      const signed = await visitor.sign(accounts.alice)
      const before = [...visitor.cookies.values()]
      const requests = network.requestCount
      expect(await visitor.post('/login/near', signed)).toMatchObject({
        status: expect.toSatisfy((status) => status === 200 || status === 201) as number,
        body: { id: 1, name: 'Alice' },
      })
      expect(network.requestCount).toBe(requests + 1)
      expect(await signedInAs(visitor)).toMatchObject({ id: 1 })
      expect([...visitor.cookies.values()]).not.toEqual(before)
    })

    it('refuses the same login a second time, whichever cookie it comes with', async () => {
      const visitor = new Visitor(url)
      const signed = await visitor.sign(accounts.alice)
      const old = visitor.copy()
      await visitor.post('/login/near', signed)
      const requests = network.requestCount
      for (const replaying of [visitor, old]) {
        expect(await replaying.post('/login/near', signed)).toMatchObject({
          status: 401,
          body: { code: 'ERR_NEAR_CHALLENGE_MISSING' },
        })
      }
      expect(network.requestCount).toBe(requests)
      expect(await signedInAs(old)).toBeNull()
    })

    it('lets in exactly one of several that send the same login at once', async () => {
      const visitor = new Visitor(url)
      const signed = await visitor.sign(accounts.alice)
      const copies = Array.from({ length: 5 }, () => visitor.copy())
      const replies = await Promise.all(copies.map((copy) => copy.post('/login/near', signed)))
      expect(replies.filter(({ status }) => status < 300)).toHaveLength(1)
      expect(replies.filter(({ status }) => status === 401)).toHaveLength(4)
    })

    it('refuses a login that is not there, or not signed, with its code and message, and asks nobody', async () => {
      const visitor = new Visitor(url)
      const requests = network.requestCount
      expect(await visitor.post('/login/near', {})).toEqual({
        status: 400,
        body: {
          code: 'ERR_NEAR_CREDENTIALS_MISSING',
          message: expect.stringContaining('accountId') as string,
        },
      })
      const signed = await visitor.sign(accounts.alice)
      const forged = { ...signed, signature: Buffer.alloc(64, 1).toString('base64') }
      expect(await visitor.post('/login/near', forged)).toEqual({
        status: 401,
        body: {
          code: 'ERR_NEAR_SIGNATURE_INVALID',
          message: 'The signature does not match the challenge and the public key.',
        },
      })
      expect(network.requestCount).toBe(requests)
      expect(await signedInAs(visitor)).toBeNull()
    })

    it('refuses who signs for the account of another', async () => {
      const visitor = new Visitor(url)
      const signed = await visitor.sign(accounts.bob)
      expect(await visitor.post('/login/near', { ...signed, accountId: 'alice.near' })).toMatchObject({
        status: 401,
        body: { code: 'ERR_NEAR_ACCESS_KEY_NOT_FOUND', message: expect.any(String) as string },
      })
      expect(await signedInAs(visitor)).toBeNull()
    })

    it('refuses a proven account that has no user, in the words of the application', async () => {
      const visitor = new Visitor(url)
      expect(await visitor.post('/login/near', await visitor.sign(accounts.nobody))).toEqual({
        status: 401,
        body: { code: 'NO_SUCH_USER', message: 'Nobody here has this account.' },
      })
      expect(await signedInAs(visitor)).toBeNull()
    })

    it('calls an outage of the chain an outage, and lets nobody in', async () => {
      const visitor = new Visitor(url)
      const signed = await visitor.sign(accounts.alice)
      network.fail('http-500')
      expect(await visitor.post('/login/near', signed)).toEqual({
        status: 503,
        body: {
          code: 'ERR_NEAR_RPC_UNAVAILABLE',
          message: expect.stringContaining('Try again later') as string,
        },
      })
      expect(await signedInAs(visitor)).toBeNull()
      network.recover()
      expect((await visitor.post('/login/near', await visitor.sign(accounts.alice))).body).toMatchObject({
        id: 1,
      })
    })

    it('links an account to who is signed in, once, and to nobody else', async () => {
      const visitor = new Visitor(url)
      expect((await visitor.request('/link/near/challenge')).status).toBe(401)
      const stranger = await visitor.sign(accounts.second)
      expect((await visitor.post('/link/near', stranger)).status).toBe(401)

      await visitor.post('/login/near', await visitor.sign(accounts.bob))
      expect((await visitor.post('/link/near', stranger)).status).toBe(401)
      const challenge = await visitor.request('/link/near/challenge')
      expect(challenge.headers.get('cache-control')).toBe('no-store')
      const signed = await accounts.second.signMessage((await challenge.json()) as Challenge)
      expect((await visitor.post('/login/near', signed)).status).toBe(401)
      const linked = await visitor.post('/link/near', signed)
      expect(linked.body).toEqual({ id: 2, name: 'Bob', accounts: ['bob.near', 'second.near'] })
      expect((await visitor.post('/link/near', signed)).status).toBe(401)
      expect(await signedInAs(visitor)).toMatchObject({ id: 2 })

      const other = new Visitor(url)
      await other.post('/login/near', await other.sign(accounts.second))
      expect(await signedInAs(other)).toMatchObject({ id: 2 })
    })

    it(`${recipe.cookieOnly ? 'takes' : 'refuses'} a spent challenge after a restart, as its sessions are kept`, async () => {
      const visitor = new Visitor(url)
      const signed = await visitor.sign(accounts.alice)
      const old = visitor.copy()
      await visitor.post('/login/near', signed)
      const restarted = new Visitor(await startProject(directory, network.rpcUrl, cleanup, { node: node() }))
      restarted.cookies = old.cookies
      const { status } = await restarted.post('/login/near', signed)
      // What the README warns of under "Sessions that are only a cookie".
      expect(status).toBe(recipe.cookieOnly ? 200 : 401)
    })

    if (recipe.pages) {
      it('sends a refused login to the page that failureRedirect names, with the message for it', async () => {
        const visitor = new Visitor(url)
        const signed = await visitor.sign(accounts.alice)
        const forged = { ...signed, signature: Buffer.alloc(64, 1).toString('base64') }
        const refused = await visitor.postRaw('/login/near/form', forged)
        expect([refused.status, refused.headers.get('location')]).toEqual([302, '/login'])
        expect(await visitor.get('/login')).toEqual({
          status: 200,
          body: ['The signature does not match the challenge and the public key.'],
        })
        expect(await signedInAs(visitor)).toBeNull()

        const accepted = await visitor.postRaw('/login/near/form', await visitor.sign(accounts.alice))
        expect([accepted.status, accepted.headers.get('location')]).toEqual([302, '/me'])
        expect(await signedInAs(visitor)).toMatchObject({ id: 1, name: alice.name })
      })
    }
  })
}
