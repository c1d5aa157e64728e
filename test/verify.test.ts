import { setTimeout as delay } from 'node:timers/promises'
import type express from 'express'
import { NearLoginRejected, NearStrategy, type Verify, type VerifyDone } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Browser, Cleanup, startApp } from './support/app'
import { recordedStore, runStrategy } from './support/strategy'

const cleanup = new Cleanup()
const rejections: unknown[] = []
const onRejection = (reason: unknown): void => void rejections.push(reason)
let network: TestNetwork
let alice: TestAccount

beforeAll(() => void process.on('unhandledRejection', onRejection))
afterAll(() => void process.off('unhandledRejection', onRejection))

beforeEach(async () => {
  rejections.length = 0
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.test')
})

afterEach(async () => {
  await cleanup.run()
  await delay(20)
  expect(rejections).toEqual([])
})

/** A whole login over HTTP with this `verify`: its response, and every status that was sent for it. */
async function login(
  verify: Verify,
  near: object = {},
): Promise<{ status: number; body: object; statuses: number[] }> {
  const app = await startApp(cleanup, { verify, near: { rpc: network.rpcUrl, ...near } })
  const browser = new Browser(app.url)
  const { status, body } = await browser.login(await alice.signMessage(await browser.challenge()))
  await delay(60)
  return { status, body, statuses: app.statuses }
}

const user = { id: 1 }
const boom = new Error('the database is on fire')
const one = (status: number, body: object): object => ({ status, body, statuses: [status] })
const error = (message: string): object => one(500, { message })

describe('verify has exactly one outcome', () => {
  it('when it calls done synchronously', async () => {
    expect(await login((_, done) => done(null, user))).toEqual(one(200, user))
  })

  it('when it is async and calls done', async () => {
    const verify = async (_: unknown, done: VerifyDone): Promise<void> => {
      await delay(5)
      done(null, user)
    }
    expect(await login(verify)).toEqual(one(200, user))
  })

  it('when it calls done later', async () => {
    expect(await login((_, done) => void setTimeout(() => done(null, user), 30))).toEqual(one(200, user))
  })

  it('when its promise is fulfilled before it calls done', async () => {
    const verify = async (_: unknown, done: VerifyDone): Promise<void> =>
      void setTimeout(() => done(null, user), 30)
    expect(await login(verify)).toEqual(one(200, user))
  })

  it('when it throws', async () => {
    const verify = (): never => {
      throw boom
    }
    expect(await login(verify)).toMatchObject(error('the database is on fire'))
  })

  it('when it rejects', async () => {
    expect(await login(() => Promise.reject(boom))).toMatchObject(error('the database is on fire'))
  })

  it('when it calls done with an error', async () => {
    expect(await login((_, done) => done(boom))).toMatchObject(error('the database is on fire'))
  })

  it('when it throws undefined: an error, and no login', async () => {
    const nothing = undefined
    const verify = (): never => {
      throw nothing
    }
    expect(await login(verify)).toMatchObject(error('verify threw a value that is not an Error'))
    expect(await login(() => Promise.reject(nothing as unknown as Error))).toMatchObject(
      error('verify threw a value that is not an Error'),
    )
  })

  it('when it rejects with a NearLoginRejected: an error, like any other rejected promise', async () => {
    const { status } = await login(() => Promise.reject(new NearLoginRejected('ERR_NEAR_SIGNATURE_INVALID')))
    expect(status).toBe(401)
    const run = await runDirectly(() => Promise.reject(new NearLoginRejected('ERR_NEAR_SIGNATURE_INVALID')))
    expect(run.map(({ action }) => action)).toEqual(['error'])
  })

  it('when it calls done twice, with two users', async () => {
    const verify: Verify = (_, done) => {
      done(null, user)
      done(null, { id: 2 })
    }
    expect(await login(verify)).toEqual(one(200, user))
  })

  it('when it calls done with a user and then with an error, or throws', async () => {
    const thenError: Verify = (_, done) => {
      done(null, user)
      done(boom)
    }
    const thenThrow: Verify = (_, done) => {
      done(null, user)
      throw boom
    }
    const thenReject: Verify = async (_, done) => {
      done(null, user)
      throw boom
    }
    for (const verify of [thenError, thenThrow, thenReject])
      expect(await login(verify)).toEqual(one(200, user))
  })

  it('when it calls done again after a while', async () => {
    const verify: Verify = (_, done) => {
      done(boom)
      setTimeout(() => done(null, user), 10)
    }
    expect(await login(verify)).toMatchObject(error('the database is on fire'))
  })

  it('when it finds no user', async () => {
    expect(await login((_, done) => done(null, false))).toEqual(one(401, {}))
    expect(await login((_, done) => done(null, undefined, { message: 'Not on the list' }))).toEqual(
      one(401, { message: 'Not on the list' }),
    )
    expect(await login((_, done) => done())).toEqual(one(401, {}))
  })

  it('when its reason for no user is a string: never in a header, where ’ is invalid', async () => {
    const text = 'This account isn’t invited\r\nx: y'
    expect(await login((_, done) => done(null, false, text))).toEqual(one(401, { message: text }))
    const app = await startApp(cleanup, {
      verify: (_, done) => done(null, false, text),
      near: { rpc: network.rpcUrl },
      routes: (app, authenticator) =>
        app.post('/bare', authenticator.authenticate('near') as express.RequestHandler),
    })
    const browser = new Browser(app.url)
    const response = await browser.post('/bare', await alice.signMessage(await browser.challenge()))
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, null])
  })

  it('when it calls done with a string that has a meaning to Express', async () => {
    for (const word of ['route', 'router']) {
      expect(await login((_, done) => done(word))).toMatchObject(error(word))
    }
  })

  it.each<[string, () => unknown, string]>([
    ['returns undefined', () => undefined, 'call done exactly once, with an error or with a user'],
    ['resolves to undefined', async () => undefined, 'call done exactly once, with an error or with a user'],
    [
      'returns a promise that stays pending',
      () => new Promise(() => undefined),
      'call done exactly once, with an error or with a user',
    ],
    [
      'returns a user',
      () => user,
      'verify returned an object: pass the user to done(null, user) instead of returning it',
    ],
    [
      'resolves to a user',
      async () => user,
      'verify returned an object: pass the user to done(null, user) instead of returning it',
    ],
    [
      'returns false',
      () => false,
      'verify returned false: pass the user to done(null, user) instead of returning it',
    ],
  ])('when it %s and does not call done: an error at verifyTimeout', async (_, verify, hint) => {
    const began = performance.now()
    expect(await login(verify as Verify, { verifyTimeout: 100 })).toMatchObject(
      error(`verify did not call done within 100 ms: ${hint}`),
    )
    expect(performance.now() - began).toBeGreaterThanOrEqual(100)
  })

  it('when it resolves before it calls done, however much later', async () => {
    const verify: Verify = async (_, done) => void setTimeout(() => done(null, user), 2100)
    expect(await login(verify)).toEqual(one(200, user))
  })

  it('when it calls done with a promise: an error, even if the promise rejects later', async () => {
    const promise = error('verify called done with a promise: await the promise first')
    expect(await login((_, done) => done(null, Promise.resolve(user)))).toMatchObject(promise)
    const failing = Promise.reject(boom)
    failing.catch(() => undefined)
    expect(await login((_, done) => done(null, failing))).toMatchObject(promise)
  })
})

async function runDirectly(verify: Verify): Promise<{ action: string }[]> {
  const nonce = new Uint8Array(32)
  const body = await alice.signMessage({ message: 'm', recipient: 'r', nonce })
  const store = recordedStore({ message: 'm', nonce: Buffer.from(nonce).toString('base64') })
  const strategy = new NearStrategy({ recipient: 'r', store, rpc: network.rpcUrl }, verify)
  const { outcomes, first } = runStrategy(strategy, { body })
  await first
  await delay(20)
  return outcomes
}

describe('an exception in the application after a login', () => {
  it("is the application's own: it goes to error, once, and does not end the process", async () => {
    const nonce = new Uint8Array(32)
    const body = await alice.signMessage({ message: 'm', recipient: 'r', nonce })
    const store = recordedStore({ message: 'm', nonce: Buffer.from(nonce).toString('base64') })
    const strategy = new NearStrategy({ recipient: 'r', store, rpc: network.rpcUrl }, (_, done) =>
      done(null, user),
    )
    const outcomes: unknown[] = []
    const instance = Object.create(strategy) as NearStrategy
    instance.success = () => {
      outcomes.push('success')
      throw boom
    }
    instance.fail = () => void outcomes.push('fail')
    instance.error = (thrown) => void outcomes.push(thrown)
    instance.authenticate({ body })
    await expect.poll(() => outcomes).toHaveLength(2)
    await delay(20)
    expect(outcomes).toEqual(['success', boom])
  })
})

describe('passReqToCallback', () => {
  it('passes the request to verify as the first argument', async () => {
    const app = await startApp(cleanup, {
      near: { rpc: network.rpcUrl, passReqToCallback: true },
      verify: ((req: { path: string }, profile: { accountId: string }, done: VerifyDone) =>
        done(null, { path: req.path, id: profile.accountId })) as unknown as Verify,
    })
    const browser = new Browser(app.url)
    const { body } = await browser.login(await alice.signMessage(await browser.challenge()))
    expect(body).toEqual({ path: '/login/near', id: 'alice.test' })
  })
})

describe('one strategy instance given to passport.authenticate', () => {
  it('gives each of 50 overlapping logins of different accounts its own user', async () => {
    const verify: Verify = async ({ accountId }, done) => {
      await delay(Math.random() * 40)
      done(null, { id: accountId })
    }
    const app = await startApp(cleanup, { asInstance: true, verify, near: { rpc: network.rpcUrl } })
    const logins = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const account = await network.createAccount(`visitor-${index}.test`)
        const browser = new Browser(app.url)
        return { browser, body: await account.signMessage(await browser.challenge()) }
      }),
    )
    const answers = await Promise.all(logins.map(({ browser, body }) => browser.login(body)))
    expect(answers.map(({ body }) => body.id)).toEqual(logins.map(({ body }) => body.accountId))
    for (const { browser, body } of logins) {
      expect(await (await browser.request('/me')).json()).toEqual({ id: body.accountId })
    }
  })

  it('gives each of a mixture of good logins, rejections and errors its own outcome', async () => {
    const verify: Verify = async ({ accountId }, done) => {
      await delay(Math.random() * 20)
      if (accountId.startsWith('error')) done(boom)
      else done(null, accountId.startsWith('good') && { id: accountId })
    }
    const app = await startApp(cleanup, { asInstance: true, verify, near: { rpc: network.rpcUrl } })
    const kinds = { good: 200, unknown: 401, error: 500 }
    const statuses = await Promise.all(
      Array.from({ length: 10 }, (_, round) =>
        Object.entries(kinds).map(([kind, status]) => ({ round, kind, status })),
      )
        .flat()
        .map(async ({ round, kind, status }) => {
          const account = await network.createAccount(`${kind}-${round}.test`)
          const browser = new Browser(app.url)
          const answer = await browser.login(await account.signMessage(await browser.challenge()))
          return answer.status === status
        }),
    )
    expect(statuses).toEqual(statuses.map(() => true))
  })
})
