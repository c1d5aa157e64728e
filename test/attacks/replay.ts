import { expect } from 'vitest'
import type { Browser } from '../support/app'
import type { Attack, Story, Theme } from './row'
import { json, whoIs, type Stage } from './stage'

const refused: Attack['refused'] = [401, 'ERR_NEAR_CHALLENGE_MISSING']

/** Alice signs in, and an eavesdropper gets the login. */
async function overhear({ alice, open }: Stage): Promise<{ browser: Browser; old: Browser; login: object }> {
  const browser = open()
  const login = await alice.signMessage(await browser.challenge())
  const old = open()
  old.cookie = browser.cookie
  expect((await browser.login(login)).status).toBe(200)
  return { browser, old, login }
}

const afterLogout = (keepSessionInfo: boolean): Attack => ({
  by: 'The next person at the computer',
  holds: `the login that Alice sent${keepSessionInfo ? ', in an application with keepSessionInfo' : ''}`,
  tries: 'sends it again after Alice has signed out',
  refused,
  twin: 'a new challenge is signed',
  stage: { keepSessionInfo },
  async play(stage, attack) {
    const { browser, login } = await overhear(stage)
    expect((await browser.request('/logout', { method: 'POST' })).status).toBe(204)
    expect(await whoIs(browser)).toBeNull()
    return json(browser, attack ? login : await stage.alice.signMessage(await browser.challenge()))
  },
})

const again = (keepSessionInfo: boolean, withState: boolean): Attack => ({
  by: 'An eavesdropper on a login',
  holds: `the session and the login${keepSessionInfo ? ', in an application with keepSessionInfo' : ''}`,
  tries: `sends it again${withState ? '' : ' without its state'}`,
  refused,
  twin: 'a new challenge is signed',
  stage: { keepSessionInfo },
  async play(stage, attack) {
    const { browser, login } = await overhear(stage)
    const sent = attack ? login : await stage.alice.signMessage(await browser.challenge())
    return json(browser, withState ? sent : { ...sent, state: undefined })
  },
})

const atOnce = (keepSessionInfo: boolean): Story => ({
  by: 'A fast attacker',
  holds: `a login and its session${keepSessionInfo ? ', in an application with keepSessionInfo' : ''}`,
  stage: { keepSessionInfo },
  tries: 'sends 50 copies at once',
  outcome: 'one is good; 49 × 401 `ERR_NEAR_CHALLENGE_MISSING`; 1 RPC call',
  twin: '8 concurrent logins with a challenge each: all succeed',
  async test({ alice, network, open, verified }) {
    const sendFrom = async ({ cookie }: Browser, login: object): Promise<string> => {
      const copy = open()
      copy.cookie = cookie
      const { status, body } = await copy.login(login)
      return status === 200 ? 'good' : `${status} ${body.code}`
    }
    const browser = open()
    const login = await alice.signMessage(await browser.challenge())
    const copies = await Promise.all(Array.from({ length: 50 }, () => sendFrom(browser, login)))
    expect(copies.filter((outcome) => outcome === 'good')).toHaveLength(1)
    expect(copies.filter((outcome) => outcome === '401 ERR_NEAR_CHALLENGE_MISSING')).toHaveLength(49)
    expect([network.requestCount, verified.length]).toEqual([1, 1])

    const other = open()
    const own: object[] = []
    for (let tab = 0; tab < 8; tab++) own.push(await alice.signMessage(await other.challenge()))
    const outcomes = await Promise.all(own.map((each) => sendFrom(other, each)))
    expect(outcomes).toEqual(Array<string>(8).fill('good'))
  },
})

export const replay: Theme = {
  title: 'Replay',
  rows: [
    again(false, true),
    again(false, false),
    again(true, true),
    again(true, false),
    {
      by: 'An eavesdropper on a login',
      holds: 'the login and the cookie of the session before it',
      tries: 'sends both again',
      refused,
      twin: 'a new challenge is signed',
      async play(stage, attack) {
        const { old, login } = await overhear(stage)
        return json(old, attack ? login : await stage.alice.signMessage(await old.challenge()))
      },
    },
    {
      by: 'An eavesdropper on a login',
      holds: 'the login, and a different session',
      tries: 'sends it in that session',
      refused,
      twin: "that session's own challenge is signed",
      async play(stage, attack) {
        const { login } = await overhear(stage)
        const own = stage.open()
        const challenge = await own.challenge()
        return json(own, attack ? login : await stage.alice.signMessage(challenge))
      },
    },
    afterLogout(false),
    afterLogout(true),
    {
      by: 'A person who tries keys',
      holds: 'a challenge that a first, wrong response has consumed',
      tries: 'responds to it again, with a correct signature',
      refused,
      twin: 'the first response was malformed (400), which consumes no challenge',
      async play({ alice, open }, attack) {
        const browser = open()
        const login = await alice.signMessage(await browser.challenge())
        const signature = attack ? Buffer.alloc(64, 1).toString('base64') : 'no signature'
        expect((await browser.login({ ...login, signature })).status).toBe(attack ? 401 : 400)
        return json(browser, login)
      },
    },
    {
      by: 'An eavesdropper on a login that failed with a 503',
      holds: 'the login and the session',
      tries: 'sends it again when the node responds again',
      refused,
      twin: 'the first login was rejected before its challenge was consumed',
      async play({ alice, network, open }, attack) {
        const browser = open()
        const login = await alice.signMessage(await browser.challenge())
        if (attack) {
          network.fail('http-500')
          expect((await browser.login(login)).status).toBe(503)
          network.recover()
        }
        return json(browser, login)
      },
    },
    atOnce(false),
    atOnce(true),
  ],
}
