import type { RequestHandler } from 'express'
import type { AuthenticateCallback } from 'passport'
import { expect } from 'vitest'
import { NearStrategy } from 'passport-near'
import { RECIPIENT } from '../support/app'
import type { Attack, Theme } from './row'
import { form, json, whoIs, type Attempt, type Stage, type StageOptions } from './stage'

const refused: Attack['refused'] = [401, 'ERR_NEAR_CHALLENGE_MISSING']
const invalid: Attack['refused'] = [400, 'ERR_NEAR_CREDENTIALS_INVALID']

/** Routes to sign in with a password, and to link an account to the signed-in user. */
const linking = (options: StageOptions = {}): StageOptions => ({
  ...options,
  routes: (app, authenticator) => {
    app.post('/password', (req, res, next) => {
      const { keepSessionInfo = false } = options
      req.logIn(req.body as Express.User, { session: true, keepSessionInfo }, (error) =>
        error ? next(error) : res.json({}),
      )
    })
    app.post('/link', (req, res, next) => {
      const respond: AuthenticateCallback = (error, user, info, status) =>
        error ? next(error) : res.status(user ? 200 : (status as number)).json(user ? { linked: user } : info)
      ;(authenticator.authorize('near', {}, respond) as RequestHandler)(req, res, next)
    })
  },
})

/** Mallory gets a challenge to link an account, Alice signs in, and Mallory's tab posts the response. */
const linkAfter = (by: string, options: StageOptions, signsOut: boolean): Attack => ({
  by,
  holds: 'her response to a linking challenge, which was issued while she was signed in',
  tries: `posts it from her old tab after ${signsOut ? 'she has signed out and ' : ''}Alice has signed in`,
  refused,
  twin: 'Mallory is still signed in',
  stage: linking(options),
  async play({ mallory, open }, attack) {
    const browser = open()
    expect((await browser.post('/password', { id: 'mallory' })).status).toBe(200)
    const link = await mallory.signMessage(await browser.challenge())
    if (attack) {
      if (signsOut) expect((await browser.request('/logout', { method: 'POST' })).status).toBe(204)
      expect((await browser.post('/password', { id: 'alice' })).status).toBe(200)
    }
    return { ...json(browser, link), path: '/link' }
  },
})

/** A good login with a changed state. */
async function withState({ alice, open }: Stage, state: (good: string) => unknown): Promise<Attempt> {
  const browser = open()
  const login = await alice.signMessage(await browser.challenge())
  return json(browser, { ...login, state: state(login.state!) })
}

const badState = (tries: string, state: (good: string) => unknown, row: Partial<Attack> = {}): Attack => ({
  by: 'A client that sends malformed requests',
  holds: 'a good login',
  tries,
  refused: invalid,
  twin: "the challenge's own state",
  play: (stage, attack) => withState(stage, attack ? state : (good) => good),
  ...row,
})

export const session: Theme = {
  title: 'Sessions and state',
  rows: [
    {
      by: 'Mallory, who wants Alice to use the site as Mallory (login CSRF)',
      holds: 'a good login of her own account, for a challenge of her own session',
      tries: "has Alice's browser post it as JSON",
      refused,
      twin: "it is posted in Mallory's own browser",
      async play({ mallory, open }, attack) {
        const [hers, alices] = [open(), open()]
        await alices.challenge()
        const login = await mallory.signMessage(await hers.challenge())
        return json(attack ? alices : hers, login)
      },
    },
    {
      by: 'Mallory (login CSRF with a plain form, which any page can post)',
      holds: 'a good login of her own account',
      tries: "has Alice's browser post it; SameSite withholds the session cookie",
      refused,
      twin: "the form is posted in Mallory's own browser",
      async play({ mallory, open }, attack) {
        const hers = open()
        const login = await mallory.signMessage(await hers.challenge())
        return form(attack ? open() : hers, login)
      },
    },
    {
      by: 'Mallory',
      holds: "Alice's response to a challenge of Alice's browser",
      tries: 'sends it from her own browser, before Alice does',
      refused,
      twin: "it is sent from Alice's browser",
      async play({ alice, open }, attack) {
        const [hers, alices] = [open(), open()]
        await hers.challenge()
        const login = await alice.signMessage(await alices.challenge())
        return json(attack ? hers : alices, login)
      },
    },
    {
      by: 'Mallory (session fixation)',
      holds: "the cookie of a session that she planted in Alice's browser",
      tries: 'waits until Alice has signed in, and uses the cookie',
      outcome: 'the planted session has no user, and its challenges are rejected',
      twin: "Alice's new cookie has the user Alice",
      async test({ alice, mallory, open }) {
        const planted = open()
        await planted.challenge()
        const alices = open()
        alices.cookie = planted.cookie
        const left = await mallory.signMessage(await alices.challenge())
        expect((await alices.login(await alice.signMessage(await alices.challenge()))).status).toBe(200)
        expect(alices.cookie).not.toBe(planted.cookie)
        expect(await whoIs(planted)).toBeNull()
        expect(await planted.login(left)).toMatchObject({ status: 401, body: { code: refused[1] } })
        expect(await whoIs(alices)).toEqual({ id: 'alice.test' })
      },
    },
    {
      by: 'Mallory (session fixation, then linking)',
      holds: "her response to a challenge that was issued before Alice's login, in the planted session",
      tries: "has it posted to the linking route in Alice's browser",
      refused,
      twin: 'the challenge was issued after the login',
      stage: linking(),
      async play({ alice, mallory, open }, attack) {
        const browser = open()
        const before = await mallory.signMessage(await browser.challenge())
        expect((await browser.login(await alice.signMessage(await browser.challenge()))).status).toBe(200)
        const link = attack ? before : await mallory.signMessage(await browser.challenge())
        return { ...json(browser, link), path: '/link' }
      },
    },
    linkAfter('Mallory, on a computer that she shares with Alice', {}, true),
    linkAfter(
      'Mallory, on a shared computer, in an application with keepSessionInfo',
      { keepSessionInfo: true },
      true,
    ),
    linkAfter(
      'Mallory, whom Alice replaces, in an application with keepSessionInfo',
      { keepSessionInfo: true },
      false,
    ),
    linkAfter(
      'Mallory, on a shared computer, with `linking: true` and keepSessionInfo',
      { keepSessionInfo: true, near: { linking: true } },
      true,
    ),
    {
      by: 'Mallory, on a computer that she shares with Alice',
      holds:
        'her response to a challenge that was issued without a user, in an application with keepSessionInfo',
      tries: "has it posted to the linking route after Alice's login",
      refused,
      twin: 'the challenge was issued after the login',
      stage: linking({ keepSessionInfo: true }),
      async play({ mallory, open }, attack) {
        const browser = open()
        const before = await mallory.signMessage(await browser.challenge())
        expect((await browser.post('/password', { id: 'alice' })).status).toBe(200)
        const link = attack ? before : await mallory.signMessage(await browser.challenge())
        return { ...json(browser, link), path: '/link' }
      },
    },
    {
      by: 'Mallory, who is signed out',
      holds: 'her response to a linking challenge',
      tries: 'sends it without a user, with `linking: true`',
      refused: [401, 'ERR_NEAR_SIGN_IN_REQUIRED'],
      twin: 'she is signed in',
      stage: linking({ keepSessionInfo: true, near: { linking: true } }),
      async play({ mallory, open }, attack) {
        const browser = open()
        await browser.post('/password', { id: 'mallory' })
        const link = await mallory.signMessage(await browser.challenge())
        if (attack) await browser.request('/logout', { method: 'POST' })
        return { ...json(browser, link), path: '/link' }
      },
    },
    {
      by: 'A person who finds a signature later',
      holds: 'the response to a challenge, and the session',
      tries: 'sends it one second after the five minutes',
      refused: [401, 'ERR_NEAR_CHALLENGE_EXPIRED'],
      twin: 'the response is sent ten seconds earlier',
      async play({ alice, open }, attack) {
        const browser = open()
        const login = await alice.signMessage(await browser.challenge())
        await browser.post('/age', { ms: attack ? 301_000 : 291_000 })
        return json(browser, login)
      },
    },
    {
      by: 'Mallory',
      holds: "the state of a challenge of Alice's session",
      tries: 'names it in her own session',
      refused,
      twin: "her own challenge's state",
      async play({ mallory, open }, attack) {
        const [hers, alices] = [open(), open()]
        const challenge = await hers.challenge()
        const { state } = attack ? await alices.challenge() : challenge
        return json(hers, { ...(await mallory.signMessage(challenge)), state })
      },
    },
    {
      by: 'A person who wants an older challenge back',
      holds: 'the response to the older of two challenges',
      tries: 'sends it with an empty state, which selects the latest challenge',
      refused: [401, 'ERR_NEAR_SIGNATURE_INVALID'],
      twin: 'the response to the latest challenge',
      async play({ alice, open }, attack) {
        const browser = open()
        const [older, latest] = [await browser.challenge(), await browser.challenge()]
        return json(browser, { ...(await alice.signMessage(attack ? older : latest)), state: '' })
      },
    },
    badState('sends a state of 2,049 characters', (good) => good.padEnd(2049, 'A')),
    badState('sends a state of 90 kB', (good) => good.padEnd(90_000, 'A')),
    badState('sends its state in an array', (good) => [good]),
    badState('sends its state in an object', (good) => ({ $eq: good })),
    badState('sends a number as the state', () => 1),
    badState('sends true as the state', () => true),
    badState('sends a state that was never issued', (good) => `${good.slice(1)}A`, { refused }),
    badState('sends its state with a trailing space', (good) => `${good} `, { refused }),
    badState("sends the name of an object's method as the state", () => 'toString', { refused }),
    {
      by: 'A person who wants a challenge of another strategy',
      holds: 'a response to a challenge of the strategy that links accounts',
      tries: 'signs in with it',
      refused,
      twin: 'a challenge for signing in',
      stage: {
        routes: (app, authenticator) => {
          const link = new NearStrategy({ name: 'link-near', recipient: RECIPIENT }, (profile, done) =>
            done(null, profile),
          )
          authenticator.use(link)
          app.get('/link/challenge', link.challengeHandler())
        },
      },
      async play({ mallory, open }, attack) {
        const browser = open()
        const path = attack ? '/link/challenge' : '/login/near/challenge'
        const challenge: unknown = await (await browser.request(path)).json()
        return json(
          browser,
          await mallory.signMessage(challenge as Parameters<typeof mallory.signMessage>[0]),
        )
      },
    },
  ],
}
