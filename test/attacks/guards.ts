import { SessionChallengeStore, type ChallengeStore, type NearStrategy } from 'passport-near'
import type { MessageToSign, TestAccount } from 'passport-near/testing'
import type { Request } from 'express'
import { expect, vi } from 'vitest'
import type { Browser } from '../support/app'
import { confirm, passTime, postJson, signIn, transferText } from '../guards/support'
import type { Story, Theme } from './row'
import { whoIs, type Stage, type StageOptions } from './stage'

const MINUTE = 60_000
const order = { amount: '10', to: 'bob.test' }
const SENT = 200

/** What the rows' applications have: two actions with one text, a guarded route, and sign-in by other means. */
const guarded = (options: StageOptions & { message?: (req: Request) => string } = {}): StageOptions => ({
  ...options,
  routes: (app, _authenticator, near) => {
    const sent: unknown[] = []
    const account = (req: { user?: unknown }): string => (req.user as { id: string }).id
    app.use(near.revalidate())
    app.post('/password', (req, res, next) => {
      const keep = { session: true, keepSessionInfo: true }
      req.logIn(req.body as Express.User, keep, (error) => (error ? next(error) : res.json({})))
    })
    app.post('/keys', near.requireRecentLogin({ maxAge: 15 * MINUTE }), (_req, res) => void res.json({}))
    for (const name of ['transfer', 'withdraw']) {
      const action = near.confirmation({ name, message: (options.message ?? transferText) as never, account })
      app.post(`/${name}/challenge`, action.challengeHandler())
      app.post(`/${name}`, action.handler(), (req, res) => {
        sent.push(req.body)
        res.json({})
      })
    }
    app.get('/sent', (_req, res) => void res.json(sent))
  },
})

const mismatch = [401, 'ERR_NEAR_CONFIRMATION_MISMATCH']
const missing = [401, 'ERR_NEAR_CHALLENGE_MISSING']
const storeFailed = [503, 'ERR_NEAR_STORE_FAILED']
const cannotTell = [503, 'ERR_NEAR_RPC_UNAVAILABLE']

type Outcome = number | unknown[]

async function post(browser: Browser, path: string, body: object): Promise<Outcome> {
  const reply = await postJson(browser, path, body)
  return reply.status === 200 ? SENT : [reply.status, reply.body.code]
}

const sentBy = async (browser: Browser): Promise<unknown[]> =>
  (await (await browser.request('/sent')).json()) as unknown[]

interface Scene extends Stage {
  browser: Browser
  /** Has an account confirm a body, and returns what is posted. */
  confirmed: (body?: object, by?: Pick<TestAccount, 'signMessage'>, path?: string) => Promise<object>
  send: (body: object, browser?: Browser) => Promise<Outcome>
}

async function setScene(stage: Stage): Promise<Scene> {
  const browser = stage.open()
  await signIn(browser, stage.alice)
  return {
    ...stage,
    browser,
    confirmed: async (body = order, by = stage.alice, path = '/transfer') => ({
      ...body,
      confirmation: await confirm(browser, by, body, path),
    }),
    send: (body, other = browser) => post(other, '/transfer', body),
  }
}

type Play = (scene: Scene, attack: boolean) => Promise<Outcome>

/** Plays an attack, which does nothing, and its twin, which does what was confirmed. */
const row = (
  description: Pick<Story, 'by' | 'holds' | 'tries' | 'twin'>,
  refused: unknown[],
  play: Play,
  options: Parameters<typeof guarded>[0] = {},
): Story => ({
  ...description,
  outcome: `${String(refused[0])} \`${String(refused[1])}\`, and nothing is done`,
  stage: guarded(options),
  async test(stage) {
    const scene = await setScene(stage)
    const user = await whoIs(scene.browser)
    expect(await play(scene, true)).toEqual(refused)
    expect(await sentBy(scene.browser)).toEqual([])
    if (description.by !== 'The next person at the computer') expect(await whoIs(scene.browser)).toEqual(user)
    scene.network.recover()
    const again = await setScene(stage)
    expect(await play(again, false)).toBe(SENT)
    expect(await sentBy(again.browser)).toHaveLength(1)
  },
})

const atTheScreen = { by: 'A person at an unattended browser' }

const otherText = (tries: string, change: object): Story =>
  row(
    {
      ...atTheScreen,
      holds: 'a confirmation that Alice signed',
      tries: `sends ${tries}`,
      twin: 'what Alice signed',
    },
    mismatch,
    async ({ confirmed, send }, attack) => send({ ...(await confirmed()), ...(attack && change) }),
  )

const inner = new SessionChallengeStore()
/** Which step of the store fails. */
let broken: 'issue' | 'consume' | undefined
const store: ChallengeStore = {
  issue: (...args) => (broken === 'issue' ? Promise.reject(new Error('down')) : inner.issue(...args)),
  consume: (...args) => (broken === 'consume' ? Promise.reject(new Error('down')) : inner.consume(...args)),
}

async function whileBroken<Result>(step: typeof broken, run: () => Promise<Result>): Promise<Result> {
  broken = step
  try {
    return await run()
  } finally {
    broken = undefined
  }
}

const confirmations: Story[] = [
  otherText('another amount', { amount: '11' }),
  otherText('an amount with one more digit', { amount: '100' }),
  otherText('another receiver', { to: 'mallory.test' }),
  otherText('a receiver with one confusable letter', { to: 'b\u043eb.test' }),
  otherText('a receiver that differs by one byte', { to: 'bob.test ' }),
  otherText('an amount in another Unicode form', { amount: '\uff11\uff10' }),
  row(
    {
      ...atTheScreen,
      holds: 'a confirmation',
      tries: 'sends what a careless `message` gives another text the second time',
      twin: 'the text is the same',
    },
    mismatch,
    async ({ confirmed, send }, attack) => send(await confirmed(attack ? { ...order, random: true } : order)),
    {
      message: (req: { body: { random?: boolean } }) => (req.body.random ? `Send ${Math.random()}` : 'Send'),
    },
  ),
  row(
    {
      by: 'The next person at the computer',
      holds: 'a confirmation of the user before, in an application with keepSessionInfo',
      tries: 'sends it as the user who is signed in now',
      twin: 'the user before is still signed in',
    },
    missing,
    async ({ confirmed, send, browser }, attack) => {
      const body = await confirmed()
      if (attack) await browser.post('/password', { id: 'mallory.test' })
      return send(body)
    },
  ),
  row(
    {
      by: 'Mallory',
      holds: "a confirmation of Alice's session",
      tries: 'sends it in a session of her own',
      twin: "it is sent in Alice's session",
    },
    missing,
    async ({ confirmed, send, browser, open, mallory }, attack) => {
      const hers = open()
      await signIn(hers, mallory)
      return send(await confirmed(), attack ? hers : browser)
    },
  ),
  row(
    {
      by: 'Mallory',
      holds: "a confirmation of Alice's session, and another session of Alice",
      tries: 'sends it there',
      twin: 'it is sent in its own session',
    },
    missing,
    async ({ confirmed, send, browser, open, alice }, attack) => {
      const other = open()
      await signIn(other, alice)
      return send(await confirmed(), attack ? other : browser)
    },
  ),
  row(
    {
      ...atTheScreen,
      holds: 'a confirmation of another action, with the same text',
      tries: 'sends it to this action',
      twin: 'it is for this action',
    },
    missing,
    async ({ confirmed, send }, attack) =>
      send(await confirmed(order, undefined, attack ? '/withdraw' : '/transfer')),
  ),
  row(
    {
      by: 'An eavesdropper',
      holds: 'a confirmation that was used',
      tries: 'sends it again',
      twin: 'a new one is signed',
    },
    missing,
    async ({ confirmed, send }, attack) => {
      const body = await confirmed({ ...order, amount: '1' })
      // Used up by a request that did nothing, so that the row can count what was done.
      if (attack) await send({ ...body, amount: '2' })
      return send(body)
    },
  ),
  row(
    {
      by: 'An eavesdropper',
      holds: "Alice's answer to a login's challenge of this session",
      tries: 'sends it as a confirmation',
      twin: 'it answers a challenge of this action',
    },
    missing,
    async ({ alice, browser, confirmed, send }, attack) => {
      const { accountId, publicKey, signature, state } = await alice.signMessage(await browser.challenge())
      return send(
        attack ? { ...order, confirmation: { accountId, publicKey, signature, state } } : await confirmed(),
      )
    },
  ),
  row(
    {
      ...atTheScreen,
      holds: 'a good answer',
      tries: 'puts its fields at the top of the body',
      twin: 'it is in the field `confirmation`, and the application has fields of these names at the top',
    },
    [400, 'ERR_NEAR_CREDENTIALS_MISSING'],
    async ({ confirmed, send }, attack) => {
      const own = { ...order, accountId: 'carol.test', signature: 'by hand' }
      const { confirmation } = (await confirmed(own)) as { confirmation: object }
      return send(attack ? { ...order, ...confirmation } : { ...own, confirmation })
    },
  ),
  row(
    {
      by: 'Mallory, at Alice’s open browser',
      holds: 'her own account, which is not Alice’s',
      tries: 'confirms with it',
      twin: 'Alice’s account confirms',
    },
    [403, 'ERR_NEAR_ACCOUNT_MISMATCH'],
    async ({ confirmed, send, mallory, alice }, attack) =>
      send(await confirmed(order, attack ? mallory : alice)),
  ),
  row(
    {
      by: 'Mallory, at Alice’s open browser',
      holds: 'a key that Alice has removed',
      tries: 'confirms with it',
      twin: 'the key is Alice’s',
    },
    [401, 'ERR_NEAR_ACCESS_KEY_NOT_FOUND'],
    async ({ alice, confirmed, send }, attack) => {
      const publicKey = alice.addKey()
      const withKey = {
        signMessage: (challenge: MessageToSign) => alice.signMessage(challenge, { publicKey }),
      }
      const body = await confirmed(order, withKey)
      if (attack) alice.deleteKey(publicKey)
      return send(body)
    },
  ),
  row(
    { by: 'A store', holds: 'the challenges', tries: 'fails when a challenge is drawn', twin: 'it does not' },
    storeFailed,
    async ({ browser, confirmed, send }, attack) =>
      attack
        ? whileBroken('issue', () => post(browser, '/transfer/challenge', order))
        : send(await confirmed()),
    { near: { store } },
  ),
  row(
    {
      by: 'A store',
      holds: 'the challenges',
      tries: 'fails when a challenge is consumed',
      twin: 'it does not',
    },
    storeFailed,
    async ({ confirmed, send }, attack) => {
      const body = await confirmed()
      return attack ? whileBroken('consume', () => send(body)) : send(body)
    },
    { near: { store } },
  ),
  row(
    {
      by: 'A node',
      holds: 'the keys',
      tries: 'fails when a confirmation’s key is looked up',
      twin: 'it does not',
    },
    cannotTell,
    async ({ confirmed, send, network }, attack) => {
      const body = await confirmed()
      if (attack) network.fail('http-500')
      return send(body)
    },
  ),
  {
    by: 'An attacker with many connections',
    holds: 'a confirmation and its session',
    tries: 'sends 50 copies at once',
    outcome: 'one is done; 49 × 401 `ERR_NEAR_CHALLENGE_MISSING`',
    twin: '8 confirmations at once, each for a separate challenge: all done',
    stage: guarded(),
    async test(stage) {
      const { confirmed, send, browser } = await setScene(stage)
      const body = await confirmed()
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => send(body)))
      expect(outcomes.filter((outcome) => outcome === SENT)).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome !== SENT)).toEqual(
        Array.from({ length: 49 }, () => missing),
      )
      const bodies: object[] = []
      for (let amount = 0; amount < 8; amount++) bodies.push(await confirmed({ ...order, amount }))
      expect(await Promise.all(bodies.map((each) => send(each)))).toEqual(
        Array.from({ length: 8 }, () => SENT),
      )
      expect(await sentBy(browser)).toHaveLength(9)
    },
  },
  {
    by: 'An eavesdropper',
    holds: "Alice's answer to a confirmation, and the session",
    tries: 'sends it as a login',
    outcome: '401 `ERR_NEAR_CHALLENGE_MISSING`; no other user is signed in',
    twin: 'the answer to a login’s challenge',
    stage: guarded(),
    async test(stage) {
      const { browser, confirmed, alice, network } = await setScene(stage)
      const { confirmation } = (await confirmed()) as { confirmation: object }
      const { requestCount } = network
      expect(await post(browser, '/login/near', confirmation)).toEqual(missing)
      expect(network.requestCount).toBe(requestCount)
      expect(await post(browser, '/login/near', await alice.signMessage(await browser.challenge()))).toBe(
        SENT,
      )
    },
  },
]

/** Runs with a clock that can be moved. */
const inTime = (run: (scene: Scene) => Promise<void>): Story['test'] => {
  return async (stage) => {
    passTime(0)
    try {
      await run(await setScene(stage))
    } finally {
      vi.useRealTimers()
    }
  }
}

/** The strategy of the stage that was set last. */
let latest: NearStrategy | undefined

const sessions: Story[] = [
  {
    by: 'Mallory, who has stolen a key',
    holds: 'a session that she began with it',
    tries: 'uses it after Alice has removed the key',
    outcome: 'signed out within `every`',
    twin: 'the key is still there: signed in, for one request to the chain',
    stage: guarded(),
    test: inTime(async ({ browser, alice, network }) => {
      passTime(10 * MINUTE)
      const { requestCount } = network
      expect(await whoIs(browser)).not.toBeNull()
      await browser.request('/sent')
      expect(network.requestCount).toBe(requestCount + 1)
      alice.deleteKey(alice.publicKey)
      passTime(10 * MINUTE)
      await browser.request('/sent')
      expect(await whoIs(browser)).toBeNull()
    }),
  },
  {
    by: 'Mallory, who has stolen a key',
    holds: 'the cookie of a session that has ended',
    tries: 'uses it when a node says that the key is there again',
    outcome: 'the session stays ended',
    twin: 'a new login with the key',
    stage: guarded(),
    test: inTime(async ({ browser, alice, open }) => {
      const stolen = open()
      stolen.cookie = browser.cookie
      alice.deleteKey(alice.publicKey)
      passTime(10 * MINUTE)
      await browser.request('/sent')
      alice.addKey({ publicKey: alice.publicKey })
      for (const each of [browser, stolen]) {
        await each.request('/sent')
        expect(await whoIs(each)).toBeNull()
      }
      await signIn(browser, alice)
      expect(await whoIs(browser)).not.toBeNull()
    }),
  },
  {
    by: 'Mallory, who takes over a session',
    holds: 'a session of Alice, in an application with keepSessionInfo',
    tries: 'signs in with a password, and wants a recent login',
    outcome: '401 `ERR_NEAR_LOGIN_TOO_OLD`; the session is not ended for Alice’s key',
    twin: 'Alice in her own session',
    stage: guarded(),
    test: inTime(async ({ browser, alice, open }) => {
      expect(await post(browser, '/keys', {})).toBe(SENT)
      await browser.post('/password', { id: 'mallory' })
      expect(await post(browser, '/keys', {})).toEqual([401, 'ERR_NEAR_LOGIN_TOO_OLD'])
      alice.deleteKey(alice.publicKey)
      passTime(60 * MINUTE)
      await browser.request('/sent')
      expect(await whoIs(browser)).toEqual({ id: 'mallory' })
      expect(await whoIs(open())).toBeNull()
    }),
  },
  {
    by: 'An attacker who can set the clock back',
    holds: 'a session',
    tries: 'makes its times lie in the future, while the chain cannot tell',
    outcome: '503 `ERR_NEAR_RPC_UNAVAILABLE`, and no recent login',
    twin: 'the clock is right: tolerated, and recent',
    stage: guarded(),
    test: inTime(async ({ browser, network }) => {
      network.fail('http-500')
      expect((await browser.request('/sent')).status).toBe(200)
      expect(await post(browser, '/keys', {})).toBe(SENT)
      passTime(-60 * MINUTE)
      expect((await browser.request('/sent')).status).toBe(503)
      network.recover()
      passTime(30_000)
      expect(await post(browser, '/keys', {})).toEqual([401, 'ERR_NEAR_LOGIN_TOO_OLD'])
    }),
  },
  {
    by: 'A chain',
    holds: 'the keys',
    tries: 'is down for a day',
    outcome: 'sessions stay valid for an hour; then 503, and never a sign-out',
    twin: 'the chain is back: signed in',
    stage: guarded(),
    test: inTime(async ({ browser, network }) => {
      network.fail('http-500')
      passTime(60 * MINUTE - 1)
      expect((await browser.request('/sent')).status).toBe(200)
      for (let hour = 1; hour <= 24; hour++) {
        passTime(60 * MINUTE)
        expect((await browser.request('/sent')).status).toBe(503)
      }
      network.recover()
      passTime(MINUTE)
      expect((await browser.request('/sent')).status).toBe(200)
      expect(await whoIs(browser)).not.toBeNull()
    }),
  },
  {
    by: '1,000 sessions of one key',
    holds: 'a login each',
    tries: 'come due in the same second',
    outcome: 'one request to the chain',
    twin: 'of 10 keys: ten requests',
    stage: (() => {
      const options = guarded()
      return {
        ...options,
        routes: (app, authenticator, near) => {
          options.routes!(app, authenticator, near)
          latest = near
        },
      } satisfies StageOptions
    })(),
    test: inTime(async ({ network, alice }) => {
      const near = latest!
      const requestOf = (accountId: string, publicKey: string) => {
        const at = Date.now() - 10 * MINUTE
        const login = { accountId, publicKey, network: 'mainnet', loggedInAt: at, checkedAt: at, user: '"u"' }
        return { session: { passport: { user: 'u' }, 'near:login': login } } as never
      }
      const { requestCount } = network
      const ofOneKey = Array.from({ length: 1000 }, () => requestOf('alice.test', alice.publicKey))
      // Half of them at once, the others while the second lasts.
      const first = await Promise.all(ofOneKey.slice(0, 500).map((req) => near.checkSession(req)))
      passTime(999)
      const rest = await Promise.all(ofOneKey.slice(500).map((req) => near.checkSession(req)))
      expect(new Set([...first, ...rest])).toEqual(new Set(['valid']))
      expect(network.requestCount).toBe(requestCount + 1)
      const keys = Array.from({ length: 10 }, () => alice.addKey())
      await Promise.all(keys.map((key) => near.checkSession(requestOf('alice.test', key))))
      expect(network.requestCount).toBe(requestCount + 11)
    }),
  },
]

export const guards: Theme = { title: 'After the login', rows: [...confirmations, ...sessions] }
