import express from 'express'
import jwt from 'jsonwebtoken'
import { Passport } from 'passport'
import { ExtractJwt, Strategy as JwtStrategy } from 'passport-jwt'
import { NearStrategy, SealedChallengeStore, type DefaultRequest } from 'passport-near'
import { confirm, signIn, type MessageToSign } from 'passport-near/client'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newAccount } from '../support/accounts'
import { Cleanup, listen, RECIPIENT } from '../support/app'
import { SECRET } from '../support/token-site'

interface User {
  id: string
  accounts: string[]
}

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount
let mallory: TestAccount
let url: string
let users: Map<string, User>
/** What the application has done. */
let transfers: unknown[]

/** An API whose user comes from an access token: there is no session. */
beforeAll(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.test')
  mallory = await network.createAccount('mallory.test')

  const currentUser = (req: DefaultRequest) => (req.user as User | undefined)?.id
  const options = {
    recipient: RECIPIENT,
    rpc: network.rpcUrl,
    store: new SealedChallengeStore({ secret: SECRET }),
    currentUser,
  }
  const near = new NearStrategy(options, ({ accountId }, done) => {
    if (!users.has(accountId)) users.set(accountId, { id: accountId, accounts: [accountId] })
    done(null, users.get(accountId))
  })
  const linkNear = new NearStrategy(
    { ...options, name: 'link-near', linking: true, passReqToCallback: true },
    (req, { accountId }, done) => {
      const user = req.user as User
      user.accounts.push(accountId)
      done(null, user)
    },
  )
  const passport = new Passport()
  passport.use(near)
  passport.use(linkNear)
  const jwtOptions = {
    jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
    secretOrKey: SECRET,
    algorithms: ['HS256'],
  }
  passport.use(
    new JwtStrategy(jwtOptions, ({ sub }: { sub: string }, done) => done(null, users.get(sub) ?? false)),
  )
  const authenticate = (name: string) =>
    passport.authenticate(name, { session: false }) as express.RequestHandler
  const signedIn = authenticate('jwt')
  const transfer = near.confirmation({
    name: 'transfer',
    message: (req) => `Send ${(req.body as { amount: string }).amount} NEAR`,
    account: (req) => (req.user as User).accounts,
  })

  const app = express()
  app.use(express.json())
  app.get('/auth/near/challenge', near.challengeHandler())
  app.post('/auth/near', authenticate('near'), (req, res) => {
    res.json({ token: jwt.sign({}, SECRET, { subject: (req.user as User).id, expiresIn: '5m' }) })
  })
  app.get('/link/challenge', signedIn, linkNear.challengeHandler())
  app.get('/link/open-challenge', linkNear.challengeHandler())
  app.post('/link', signedIn, (req, res, next) => {
    const respond = (error: unknown, user: unknown, info: object, status: number): void => {
      if (error) next(error)
      else res.status(user ? 200 : status).json(user || info)
    }
    ;(passport.authenticate('link-near', { session: false }, respond) as express.RequestHandler)(
      req,
      res,
      next,
    )
  })
  app.post('/transfer/challenge', signedIn, transfer.challengeHandler())
  app.post('/transfer', signedIn, transfer.handler(), (req, res) => {
    transfers.push(transfer.confirmed(req))
    res.json({ sent: (req.body as { amount: string }).amount })
  })
  app.use(((error, _req, res, _next) => {
    const { status = 500, code, message } = error as { status?: number; code?: string; message: string }
    res.status(status).json({ code, message })
  }) as express.ErrorRequestHandler)
  url = (await listen(app, cleanup)).url
})
beforeEach(() => {
  users = new Map()
  transfers = []
})
afterAll(() => cleanup.run())

const walletOf = (account: TestAccount) => (message: MessageToSign) => account.signMessage(message)

/** A client that sends its access token with each request. */
async function signInAs(account: TestAccount) {
  const urls = { challengeUrl: `${url}/auth/near/challenge`, loginUrl: `${url}/auth/near`, pkce: true }
  const result = await signIn<{ token: string }>(walletOf(account), urls)
  if (result.outcome !== 'signed-in') throw new Error(result.outcome)
  const authorization = `Bearer ${result.reply.token}`
  return (at: string | URL, init: RequestInit) =>
    fetch(at, { ...init, headers: { ...(init.headers as Record<string, string>), authorization } })
}
type Fetch = Awaited<ReturnType<typeof signInAs>>

describe('linking without a session', () => {
  const link = (wallet: TestAccount, fetch: Fetch) => {
    const urls = { challengeUrl: `${url}/link/challenge`, loginUrl: `${url}/link`, pkce: true }
    return signIn<User>(walletOf(wallet), { ...urls, fetch })
  }

  it('links an account to the user of the token', async () => {
    const bob = await newAccount(network, 'bob')
    expect(await link(bob, await signInAs(alice))).toMatchObject({
      outcome: 'signed-in',
      reply: { id: 'alice.test', accounts: ['alice.test', bob.accountId] },
    })
  })

  it("rejects an answer that comes with another user's token", async () => {
    const [hers, mallorys] = [await signInAs(alice), await signInAs(mallory)]
    const mixed: Fetch = (at, init) => (init.method === 'POST' ? hers : mallorys)(at, init)
    expect(await link(mallory, mixed)).toMatchObject({ status: 401, code: 'ERR_NEAR_CHALLENGE_MISSING' })
    expect(users.get('alice.test')!.accounts).toEqual(['alice.test'])
  })

  it('gives no challenge without a user', async () => {
    const response = await fetch(`${url}/link/open-challenge?codeChallenge=${'c'.repeat(43)}`)
    expect([response.status, await response.json()]).toMatchObject([
      401,
      { code: 'ERR_NEAR_SIGN_IN_REQUIRED' },
    ])
  })

  it('takes no answer of a sign-in, and none of it is taken for a sign-in', async () => {
    const token = await signInAs(alice)
    const swapped = (challenge: string, login: string) =>
      signIn(walletOf(alice), {
        challengeUrl: url + challenge,
        loginUrl: url + login,
        pkce: true,
        fetch: token,
      })
    const missing = { status: 401 }
    expect(await swapped('/auth/near/challenge', '/link')).toMatchObject(missing)
    expect(await swapped('/link/challenge', '/auth/near')).toMatchObject(missing)
  })
})

describe('a confirmation without a session', () => {
  const send = (wallet: TestAccount, fetch: Fetch, body = { amount: '1' }) => {
    const urls = { challengeUrl: `${url}/transfer/challenge`, url: `${url}/transfer` }
    return confirm<{ sent: string }>(walletOf(wallet), { ...urls, body, pkce: true, fetch })
  }

  it('confirms the action of the user of the token', async () => {
    expect(await send(alice, await signInAs(alice))).toEqual({ outcome: 'confirmed', reply: { sent: '1' } })
    expect(transfers).toMatchObject([{ accountId: 'alice.test', message: 'Send 1 NEAR' }])
  })

  it.each<[string, (body: Record<string, Record<string, unknown>>) => object, number, string]>([
    ['another amount', (body) => ({ ...body, amount: '1000' }), 401, 'ERR_NEAR_CONFIRMATION_MISMATCH'],
    [
      'no verifier',
      ({ confirmation, ...body }) => ({
        ...body,
        confirmation: { ...confirmation, codeVerifier: undefined },
      }),
      401,
      'ERR_NEAR_CHALLENGE_MISSING',
    ],
    [
      'the verifier at the top of the body',
      ({ confirmation, ...body }) => {
        const { codeVerifier, ...rest } = confirmation!
        return { ...body, codeVerifier, confirmation: rest }
      },
      401,
      'ERR_NEAR_CHALLENGE_MISSING',
    ],
    [
      'no state',
      ({ confirmation, ...body }) => ({ ...body, confirmation: { ...confirmation, state: undefined } }),
      401,
      'ERR_NEAR_CHALLENGE_MISSING',
    ],
  ])('is rejected with %s', async (_, change, status, code) => {
    const token = await signInAs(alice)
    const changing: Fetch = (at, init) => {
      const body = JSON.parse(init.body as string) as Record<string, Record<string, unknown>>
      return token(at, 'confirmation' in body ? { ...init, body: JSON.stringify(change(body)) } : init)
    }
    expect(await send(alice, changing)).toMatchObject({ outcome: 'failed', status, code })
    expect(transfers).toEqual([])
  })

  it("is rejected with another user's token, or another account's signature", async () => {
    const [hers, mallorys] = [await signInAs(alice), await signInAs(mallory)]
    const mixed: Fetch = (at, init) => (String(at).includes('challenge') ? mallorys : hers)(at, init)
    expect(await send(alice, mixed)).toMatchObject({ status: 401, code: 'ERR_NEAR_CHALLENGE_MISSING' })
    expect(await send(mallory, hers)).toMatchObject({ status: 403, code: 'ERR_NEAR_ACCOUNT_MISMATCH' })
  })

  it('is used once', async () => {
    const token = await signInAs(alice)
    const statuses: number[] = []
    const twice: Fetch = async (at, init) => {
      if (String(at).endsWith('/transfer')) statuses.push((await token(at, init)).status)
      return token(at, init)
    }
    expect(await send(alice, twice)).toMatchObject({ status: 401, code: 'ERR_NEAR_CHALLENGE_MISSING' })
    expect(statuses).toEqual([200])
    expect(transfers).toHaveLength(1)
  })
})
