import { EventEmitter } from 'node:events'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import type { Challenge } from 'passport-near'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newAccount } from '../support/accounts'
import { Cleanup } from '../support/app'
import { blockUnder } from './support/blocks'
import { startApplication } from './support/project'
import { Visitor, type Reply } from './support/visitor'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount
let bob: TestAccount
/** A member of the council that the page has. */
let carol: TestAccount
let url: string

const PAGE = 'docs/guards.md'
const errors = `app.use((error, req, res, next) => res.status(error.status ?? 500).json({ code: error.code, message: error.message }))`

/** The page's blocks in one application, whose guard asks at each request. */
beforeAll(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.near')
  bob = await network.createAccount('bob.near')
  carol = await network.createAccount('carol.near')
  network.deployContract('treasury.dao.near', {
    get_proposal: ({ id }: { id: number }) => ({ amount: `${id}0`, to: 'bob.near' }),
    get_council: () => ['alice.near', 'carol.near'],
  })
  const guards = blockUnder(PAGE, 'After the login').replace('app.use(passport.session())\n', '')
  const asksOften = guards.replace('every: 600_000', 'every: 1')
  expect(asksOften).not.toBe(guards)
  const tokens = `const kept = new Map()
const refreshTokens = {
  take: async (token) => { const found = kept.get(token); kept.delete(token); return found },
  putBack: async (token) => void kept.set(token.token, token),
  issue: async ({ accountId, publicKey }) => {
    const token = String(Math.random())
    kept.set(token, { accountId, publicKey, token })
    return { refreshToken: token }
  },
}
app.post('/token', async (req, res) => res.json(await refreshTokens.issue(near.login(req))))
`
  url = await startApplication(
    {
      routes: [
        asksOften,
        blockUnder(PAGE, 'A DAO treasury action'),
        blockUnder(PAGE, 'An admin route'),
        tokens,
        blockUnder(PAGE, 'A token refresh'),
        errors,
      ].join('\n'),
    },
    network.rpcUrl,
    cleanup,
  )
})
afterAll(() => cleanup.run())

async function confirmed(visitor: Visitor, path: string, body: object, by: TestAccount): Promise<Reply> {
  const challenge = await visitor.post(`${path}/challenge`, body)
  const { accountId, publicKey, signature, state } = await by.signMessage(challenge.body as Challenge)
  return visitor.post(path, { ...body, confirmation: { accountId, publicKey, signature, state } })
}

async function signedIn(account: TestAccount): Promise<Visitor> {
  const visitor = new Visitor(url)
  expect((await visitor.signIn(account)).status).toBe(200)
  return visitor
}

describe('the guards', () => {
  it('let a recent login act, and send what was confirmed', async () => {
    const visitor = await signedIn(alice)
    expect((await visitor.post('/keys')).status).toBe(204)
    const order = { amount: '10', to: 'bob.near' }
    expect(await confirmed(visitor, '/transfer', order, alice)).toEqual({
      status: 200,
      body: { done: 'Send 10 NEAR to bob.near' },
    })
    expect(await confirmed(visitor, '/transfer', order, bob)).toMatchObject({
      status: 403,
      body: { code: 'ERR_NEAR_ACCOUNT_MISMATCH' },
    })
  })

  it.each([
    [{ amount: ['10'], to: 'bob.near' }],
    [{ amount: '1', to: '0 NEAR to x' }],
    [{ amount: '10' }],
    [{}],
  ])('check the fields %j before both routes', async (body) => {
    const visitor = await signedIn(alice)
    for (const path of ['/transfer/challenge', '/transfer']) {
      expect(await visitor.post(path, body)).toEqual({ status: 400, body: { code: 'TRANSFER_INVALID' } })
    }
  })

  it('sign out when the key goes', async () => {
    const dave = await newAccount(network, 'dave')
    const visitor = await signedIn(dave)
    expect((await visitor.get('/admin')).body).toEqual({ admin: dave.accountId })
    dave.deleteKey(dave.publicKey)
    expect((await visitor.get('/admin')).status).toBe(401)
    expect((await visitor.get('/me')).body).toBeNull()
  })
})

describe('the recipes', () => {
  it('pay out what a member of the council confirmed', async () => {
    const visitor = await signedIn(bob)
    expect(await confirmed(visitor, '/payout', { proposal: 7 }, carol)).toMatchObject({
      status: 200,
      body: { paid: 'Pay out proposal 7: 70 NEAR to bob.near', by: carol.accountId },
    })
    expect(await confirmed(visitor, '/payout', { proposal: 7 }, bob)).toMatchObject({ status: 403 })
    expect((await visitor.post('/payout/challenge', { proposal: '7' })).status).toBe(400)
  })

  it('refresh a token while the key is there, and keep it during an outage', async () => {
    const dave = await newAccount(network, 'dave')
    const visitor = await signedIn(dave)
    const first = (await visitor.post('/token')).body as object
    const refreshed = await visitor.post('/token/refresh', first)
    expect(refreshed.status).toBe(200)
    expect(await visitor.post('/token/refresh', first)).toMatchObject({
      status: 401,
      body: { code: 'TOKEN_INVALID' },
    })
    network.fail('http-500')
    const outage = await new Visitor(url).post('/token/refresh', refreshed.body)
    network.recover()
    expect(outage).toMatchObject({ status: 503, body: { code: 'ERR_NEAR_RPC_UNAVAILABLE' } })
    dave.deleteKey(dave.publicKey)
    expect(await new Visitor(url).post('/token/refresh', refreshed.body)).toMatchObject({
      body: { code: 'KEY_REMOVED' },
    })
  })

  it('close a WebSocket when the key goes, and not when the chain cannot tell', async () => {
    const erin = await newAccount(network, 'erin')
    const { NearStrategy } = await import('passport-near')
    const near = new NearStrategy({ recipient: 'r', rpc: network.rpcUrl, rpcTimeout: 300 }, () => undefined)
    const closed: unknown[] = []
    class Socket extends EventEmitter {
      close(...args: unknown[]): void {
        closed.push(args)
        this.emit('close')
      }
    }
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the page's code
    const make = new Function(
      'near',
      `${blockUnder(PAGE, 'A WebSocket that is closed when the key goes')}; return closeWhenKeyGoes`,
    )
    // eslint-disable-next-line @typescript-eslint/no-unsafe-call -- see above
    const closeWhenKeyGoes = make(near) as (socket: Socket, login: object, every: number) => void
    const { requestCount } = network
    network.fail('http-500')
    closeWhenKeyGoes(new Socket(), erin, 10)
    await expect.poll(() => network.requestCount).toBeGreaterThan(requestCount)
    expect(closed).toEqual([])
    network.recover()
    erin.deleteKey(erin.publicKey)
    await expect.poll(() => closed).toEqual([[4401, 'The key was removed']])
  })
})
