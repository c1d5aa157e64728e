import { createHash, randomBytes } from 'node:crypto'
import { NearStrategy, SealedChallengeStore, type Challenge } from 'passport-near'
import { createClient } from 'redis'
import { expect, vi } from 'vitest'
import { Cleanup, RECIPIENT, startApp, type Answer, type Browser } from '../support/app'
import { RedisServer } from '../support/redis'
import type { Attack, Story, Theme } from './row'
import { json, type Attempt, type Stage, type StageOptions } from './stage'

const missing: Attack['refused'] = [401, 'ERR_NEAR_CHALLENGE_MISSING']
const SECRET = 'a secret of the tests, which is long enough'

const sealed = (secret: string | string[] = SECRET): StageOptions => ({
  near: { store: new SealedChallengeStore({ secret }) },
})

/** A client without cookies, with its own code verifier. */
class Client {
  readonly codeVerifier = randomBytes(32).toString('base64url')
  readonly codeChallenge = createHash('sha256').update(this.codeVerifier).digest('base64url')

  constructor(readonly browser: Browser) {}

  async challenge(path = '/login/near/challenge'): Promise<Challenge> {
    const response = await this.browser.request(`${path}?codeChallenge=${this.codeChallenge}`)
    return (await response.json()) as Challenge
  }

  /** Alice's answer to a new challenge of this client. */
  async login({ alice }: Stage, change: (challenge: Challenge) => Partial<Challenge> = () => ({})) {
    const challenge = await this.challenge()
    const signed = await alice.signMessage(challenge)
    return { ...signed, ...change(challenge), codeVerifier: this.codeVerifier }
  }

  post(login: object): Promise<Answer> {
    return this.browser.login(login)
  }
}

const openClient = (stage: Stage): Client => new Client(stage.open())
const outcomeOf = ({ status, body }: Answer): string => (status === 200 ? 'good' : `${status} ${body.code}`)
const spent = '401 ERR_NEAR_CHALLENGE_MISSING'

const changedState = (tries: string, change: (state: string) => string): Attack => ({
  by: 'Mallory',
  holds: 'a sealed challenge of her own, and the answer to it',
  tries,
  refused: missing,
  twin: 'it is as the site sent it',
  stage: () => sealed(),
  async play(stage, attack) {
    const client = openClient(stage)
    const login = await client.login(stage, ({ state }) => ({ state: attack ? change(state) : state }))
    return json(client.browser, login)
  },
})

const flip = (state: string, index: number): string => {
  const bytes = Buffer.from(state, 'base64url')
  bytes[index < 0 ? bytes.length + index : index]! ^= 1
  return bytes.toString('base64url')
}

const verifier = (what: string, odd: (codeVerifier: string) => unknown): Attack => ({
  by: 'An anonymous client',
  holds: 'a good login',
  tries: `sends ${what} as codeVerifier`,
  refused: missing,
  twin: 'the verifier',
  stage: () => sealed(),
  async play(stage, attack) {
    const client = openClient(stage)
    const login = await client.login(stage)
    return json(client.browser, attack ? { ...login, codeVerifier: odd(login.codeVerifier) } : login)
  },
})

/** An attack on the route that gives challenges. */
const codeChallenge = (what: string, query: (codeChallenge: string) => string): Story => ({
  by: 'An anonymous client',
  holds: 'nothing',
  tries: `asks for a challenge with ${what}`,
  outcome: '400 `ERR_NEAR_CODE_CHALLENGE_INVALID`',
  twin: 'the code challenge once, in the query: a challenge, and a good login',
  stage: sealed(),
  async test(stage) {
    const client = openClient(stage)
    const response = await client.browser.request(`/login/near/challenge${query(client.codeChallenge)}`)
    expect(outcomeOf({ status: response.status, body: (await response.json()) as Answer['body'] })).toBe(
      '400 ERR_NEAR_CODE_CHALLENGE_INVALID',
    )
    expect((await client.post(await client.login(stage))).status).toBe(200)
  },
})

/** A second strategy, of which this application has the challenges alone. */
const otherChallenges = (store: SealedChallengeStore, name: string): StageOptions => ({
  routes: (app) => {
    const other = new NearStrategy({ recipient: RECIPIENT, name, store }, () => undefined)
    app.get('/other/challenge', other.challengeHandler())
  },
})

async function answerOther(stage: Stage, path: string | undefined): Promise<Attempt> {
  const client = openClient(stage)
  const signed = await stage.alice.signMessage(await client.challenge(path))
  return json(client.browser, { ...signed, codeVerifier: client.codeVerifier })
}

/** What this process remembers of used challenges, as after a restart. */
function restart(): void {
  Reflect.deleteProperty(globalThis, Symbol.for('passport-near.steady-replay-cache.1'))
}

export const withoutCookies: Theme = {
  title: 'Sign-in without cookies',
  rows: [
    changedState('changes its first byte', (state) => flip(state, 0)),
    changedState('changes a byte in its middle', (state) => flip(state, 100)),
    changedState('changes its last byte', (state) => flip(state, -1)),
    changedState('cuts its last character off', (state) => state.slice(0, -1)),
    changedState('adds a character that base64 does not count', (state) => `${state}=`),
    {
      by: 'Mallory',
      holds: 'a challenge that another deployment has sealed, with another secret',
      tries: 'answers it here',
      refused: missing,
      twin: 'its secret is the second one here, as while a secret is replaced',
      stage: (attack) => ({
        ...sealed([SECRET, `${attack ? 'another' : 'the old'} secret, which is long enough`]),
        ...otherChallenges(
          new SealedChallengeStore({ secret: 'the old secret, which is long enough' }),
          'near',
        ),
      }),
      play: (stage) => answerOther(stage, '/other/challenge'),
    },
    {
      by: 'Mallory',
      holds: 'a challenge of another strategy of this site, of the same store',
      tries: 'answers it as a login',
      refused: missing,
      twin: 'it is a challenge of the login',
      stage: () => {
        const store = new SealedChallengeStore({ secret: SECRET })
        return { near: { store }, ...otherChallenges(store, 'other') }
      },
      play: (stage, attack) => answerOther(stage, attack ? '/other/challenge' : undefined),
    },
    {
      by: 'A reader of old logs',
      holds: 'a login that was not sent in time, with its verifier',
      tries: 'sends it after the challenge has expired',
      refused: [401, 'ERR_NEAR_CHALLENGE_EXPIRED'],
      twin: 'the challenge lives longer',
      stage: (attack) => ({ near: { ...sealed().near, challengeMaxAge: attack ? 1 : 300_000 } }),
      async play(stage) {
        const client = openClient(stage)
        const login = await client.login(stage)
        await new Promise((resolve) => setTimeout(resolve, 10))
        return json(client.browser, login)
      },
    },
    {
      by: 'An eavesdropper',
      holds: 'the whole login, with its verifier',
      tries: 'sends it again',
      refused: missing,
      twin: 'the first copy got lost',
      stage: () => sealed(),
      async play(stage, attack) {
        const client = openClient(stage)
        const login = await client.login(stage)
        if (attack) expect((await client.post(login)).status).toBe(200)
        return json(stage.open(), login)
      },
    },
    {
      by: 'An attacker with many connections',
      holds: 'a login with its verifier',
      tries: 'sends 50 copies at once',
      outcome: 'one is good; 49 × 401 `ERR_NEAR_CHALLENGE_MISSING`; 1 RPC call',
      twin: '8 logins at once, each for its own challenge: all good',
      stage: sealed(),
      async test(stage) {
        const { network, verified } = stage
        const client = openClient(stage)
        const login = await client.login(stage)
        const copies = await Promise.all(
          Array.from({ length: 50 }, () => new Client(stage.open()).post(login)),
        )
        expect(copies.map(outcomeOf).sort()).toEqual([...Array<string>(49).fill(spent), 'good'])
        expect([network.requestCount, verified.length]).toEqual([1, 1])
        const own = await Promise.all(Array.from({ length: 8 }, () => openClient(stage).login(stage)))
        const outcomes = await Promise.all(own.map((each) => client.post(each)))
        expect(outcomes.map(outcomeOf)).toEqual(Array<string>(8).fill('good'))
      },
    },
    {
      by: 'An attacker with many connections',
      holds: 'a login, and two processes of the site that share a Redis',
      tries: 'sends 20 copies at once to both',
      outcome: 'one is good; 19 × 401 `ERR_NEAR_CHALLENGE_MISSING`',
      twin: 'a login for a new challenge at either: good',
      stage: sealed(),
      async test(stage) {
        const cleanup = new Cleanup()
        try {
          const server = await RedisServer.start(cleanup)
          const start = async () => {
            const client = await createClient({ url: server.url }).connect()
            cleanup.add(() => client.destroy())
            const store = new SealedChallengeStore({ secret: SECRET, client })
            return (await startApp(cleanup, { near: { store, rpc: stage.network.rpcUrl } })).url
          }
          const urls = [await start(), await start()] as const
          const at = (number: number): Client =>
            new Client(Object.assign(stage.open(), { url: urls[number % 2]! }))
          const login = await at(0).login(stage)
          const copies = await Promise.all(Array.from({ length: 20 }, (_, copy) => at(copy).post(login)))
          expect(copies.map(outcomeOf).sort()).toEqual([...Array<string>(19).fill(spent), 'good'])
          for (const number of [0, 1]) {
            expect((await at(number).post(await at(number + 1).login(stage))).status).toBe(200)
          }
        } finally {
          await cleanup.run()
        }
      },
    },
    {
      by: 'An eavesdropper',
      holds: 'the whole login, and a site of one process, without Redis, that was restarted',
      tries: 'sends it again before the challenge has expired',
      outcome: 'good once more, as documented; after that 401 `ERR_NEAR_CHALLENGE_MISSING`',
      twin: 'the challenge has expired: 401 `ERR_NEAR_CHALLENGE_EXPIRED`',
      stage: sealed(),
      async test(stage) {
        const client = openClient(stage)
        const login = await client.login(stage)
        expect((await client.post(login)).status).toBe(200)
        restart()
        const cleanup = new Cleanup()
        try {
          const { url } = await startApp(cleanup, { near: { ...sealed().near, rpc: stage.network.rpcUrl } })
          const restarted = new Client(Object.assign(stage.open(), { url }))
          expect((await restarted.post(login)).status).toBe(200)
          expect(outcomeOf(await restarted.post(login))).toBe(spent)
          vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 300_001 })
          expect(outcomeOf(await restarted.post(login))).toBe('401 ERR_NEAR_CHALLENGE_EXPIRED')
        } finally {
          vi.useRealTimers()
          await cleanup.run()
        }
      },
    },
    {
      by: 'An app with the same URL scheme, or a reader of a log that holds fragments',
      holds: "Alice's answer, on its way back to her client",
      tries: 'sends it first, without the verifier',
      refused: missing,
      twin: "Alice's client sends it, after the thief has tried",
      stage: () => sealed(),
      async play(stage, attack) {
        const client = openClient(stage)
        const { codeVerifier, ...stolen } = await client.login(stage)
        if (attack) return json(stage.open(), stolen)
        expect(outcomeOf(await openClient(stage).post(stolen))).toBe(spent)
        expect(outcomeOf(await client.post({ ...stolen, codeVerifier: 'v'.repeat(43) }))).toBe(spent)
        return json(client.browser, { ...stolen, codeVerifier })
      },
    },
    {
      by: 'Mallory, who wants Alice to use the site as Mallory',
      holds: "her own answer, to a challenge of her own client, in a link to Alice's client",
      tries: "has Alice's client send it with Alice's verifier",
      refused: missing,
      twin: "Mallory's client sends it",
      stage: () => sealed(),
      async play(stage, attack) {
        const [hers, alices] = [openClient(stage), openClient(stage)]
        await alices.challenge()
        const signed = await stage.mallory.signMessage(await hers.challenge())
        const { codeVerifier, browser } = attack ? alices : hers
        return json(browser, { ...signed, codeVerifier })
      },
    },
    {
      by: 'A careless client',
      holds: 'one code verifier, which it uses for every sign-in',
      tries: 'answers three challenges of it, each twice',
      outcome: 'each is good once; the second time 401 `ERR_NEAR_CHALLENGE_MISSING`',
      twin: 'each answer once: good',
      stage: sealed(),
      async test(stage) {
        const client = openClient(stage)
        const logins = [await client.login(stage), await client.login(stage), await client.login(stage)]
        for (const login of logins) expect((await client.post(login)).status).toBe(200)
        for (const login of logins) expect(outcomeOf(await client.post(login))).toBe(spent)
      },
    },
    {
      by: 'A flood',
      holds: 'nothing',
      tries: 'asks for 300 challenges, and sends 300 logins with invented states',
      outcome: '300 × 401 `ERR_NEAR_CHALLENGE_MISSING`; no RPC call',
      twin: 'a login for one of the 300 challenges: good',
      stage: sealed(),
      async test(stage) {
        const client = openClient(stage)
        const challenges: Challenge[] = []
        for (let count = 0; count < 300; count++) challenges.push(await client.challenge())
        const signed = await stage.alice.signMessage(challenges[7]!)
        const { codeVerifier } = client
        for (const { state } of challenges) {
          const invented = randomBytes(Buffer.byteLength(state, 'base64url')).toString('base64url')
          expect(outcomeOf(await client.post({ ...signed, state: invented, codeVerifier }))).toBe(spent)
        }
        expect([stage.network.requestCount, stage.verified.length]).toEqual([0, 0])
        expect((await client.post({ ...signed, codeVerifier })).status).toBe(200)
      },
    },
    {
      by: 'An eavesdropper',
      holds: 'the whole login, and a server whose clock runs ahead by an hour and is set back',
      tries: 'sends it again',
      refused: missing,
      twin: 'the first copy got lost',
      stage: () => sealed(),
      async play(stage, attack) {
        const client = openClient(stage)
        const login = await client.login(stage)
        if (attack) expect((await client.post(login)).status).toBe(200)
        const now = Date.now()
        vi.useFakeTimers({ toFake: ['Date'], now: now + 3_600_000 })
        try {
          expect((await client.post(await client.login(stage))).status).toBe(200)
        } finally {
          vi.useRealTimers()
        }
        return json(client.browser, login)
      },
    },
    verifier('none', () => undefined),
    verifier('an empty text', () => ''),
    verifier('an array with the verifier', (codeVerifier) => [codeVerifier]),
    verifier('an object', (codeVerifier) => ({ codeVerifier })),
    verifier('the code challenge', (codeVerifier) =>
      createHash('sha256').update(codeVerifier).digest('base64url'),
    ),
    verifier('the verifier and a NUL', (codeVerifier) => `${codeVerifier}\0`),
    verifier('100 kB', () => 'v'.repeat(100_000).slice(0, 90_000)),
    verifier('letters with accents', () => 'é'.repeat(43)),
    codeChallenge('none', () => ''),
    codeChallenge('a short one', (value) => `?codeChallenge=${value.slice(1)}`),
    codeChallenge('one of 4,000 characters', () => `?codeChallenge=${'c'.repeat(4000)}`),
    codeChallenge('two', (value) => `?codeChallenge=${value}&codeChallenge=${value}`),
    codeChallenge('an array', (value) => `?codeChallenge[]=${value}`),
    codeChallenge('an object', (value) => `?codeChallenge[a]=${value}`),
    codeChallenge('letters with accents', () => `?codeChallenge=${encodeURIComponent('é'.repeat(43))}`),
  ],
}
