import { expect } from 'vitest'
import { NearStrategy } from 'passport-near'
import type { Theme } from './row'
import type { StageOptions } from './stage'

const WALLET = 'https://wallet.example.com'
const CALLBACK = 'https://app.example.com/login/near/callback'

/** The routes of a sign-in by redirect. */
const byRedirect: StageOptions = {
  near: { walletUrl: WALLET, callbackUrl: CALLBACK },
  routes: (app, authenticator, near) => {
    app.get('/login/near', authenticator.authenticate('near') as never)
    app.get('/login/near/callback', near.callbackPage())
    app.post(
      '/login/near/callback',
      authenticator.authenticate('near', { successRedirect: '/', failureRedirect: '/sign-in' }) as never,
    )
  },
}

const EVIL = 'https://evil.example.com/'
const SCRIPT = '"><script>alert(1)</script>'

/** A request that names another wallet and another site in every parameter. */
const FORGED = `/login/near?${new URLSearchParams({
  walletUrl: EVIL,
  wallet: EVIL,
  callbackUrl: EVIL,
  redirect: EVIL,
  message: 'Pay',
  recipient: 'evil.example.com',
}).toString()}`

export const redirect: Theme = {
  title: 'Sign-in by redirect',
  rows: [
    {
      by: 'A phishing site (open redirect)',
      holds: 'a link to the site that names another wallet and another callback in every field and header',
      tries: 'redirects visitors to its wallet, or their responses to its site',
      outcome: "the redirect leads to the site's wallet and back; it contains no part of the request",
      twin: 'the same route without the forged values: the same redirect, and the response signs in',
      stage: byRedirect,
      async test({ alice, open }) {
        for (const path of [FORGED, '/login/near']) {
          const browser = open()
          const response = await browser.request(path, {
            headers: { referer: EVIL, origin: EVIL, 'x-forwarded-host': 'evil.example.com' },
          })
          const location = new URL(response.headers.get('location')!)
          expect([response.status, location.origin + location.pathname]).toEqual([
            302,
            `${WALLET}/sign-message`,
          ])
          expect(location.href).not.toMatch(/evil|Pay/)
          const fields = Object.fromEntries(location.searchParams) as unknown as Parameters<
            typeof alice.signMessage
          >[0]
          expect(fields.callbackUrl).toBe(CALLBACK)
          const login = await alice.signMessage(fields)
          const posted = await browser.request('/login/near/callback', {
            method: 'POST',
            body: new URLSearchParams({ ...login }),
          })
          expect(posted.headers.get('location')).toBe('/')
        }
      },
    },
    {
      by: 'A developer who configures the site in a hurry',
      holds: 'a walletUrl with a script, with no address, or with another scheme',
      tries: 'starts the application',
      outcome: 'a TypeError that names the option',
      twin: 'an https address',
      async test() {
        const create = (walletUrl: string): NearStrategy =>
          new NearStrategy({ recipient: 'r', callbackUrl: CALLBACK, walletUrl }, (profile, done) =>
            done(null, profile),
          )
        for (const url of ['javascript:alert(1)', 'data:text/html,x', '//evil.example.com', 'wallet']) {
          expect(() => create(url)).toThrow(/^NearStrategy: option "walletUrl" must be/)
        }
        expect(() => create(WALLET)).not.toThrow()
      },
    },
    {
      by: 'A person who sends links to the callback page',
      holds: "a script in an error, in the page's address and in a wallet's error",
      tries: 'has it run or shown (in Chromium: test/browser/redirect.test.ts)',
      outcome: "every visitor gets the same bytes; only the page's script runs; errors go to failureRedirect",
      twin: 'the same page sends a good login that succeeds (in Chromium: test/browser/redirect.test.ts)',
      stage: byRedirect,
      async test({ open }) {
        const browser = open()
        const query = new URLSearchParams({ error: SCRIPT, state: SCRIPT }).toString()
        const plain = await browser.request('/login/near/callback')
        const forged = await browser.request(`/login/near/callback?${query}`)
        expect(await forged.text()).toBe(await plain.text())
        expect(forged.headers.get('content-security-policy')).toMatch(
          /^default-src 'none'; script-src 'sha256-/,
        )
        const refused = await browser.request('/login/near/callback', {
          method: 'POST',
          body: new URLSearchParams({ error: SCRIPT }),
        })
        expect([refused.status, refused.headers.get('location')]).toEqual([302, '/sign-in'])
        expect(await refused.text()).not.toContain('script')
      },
    },
    {
      by: 'A site that frames the callback page',
      holds: "a frame of that page with the attacker's login (login CSRF)",
      tries: "posts it in the visitor's session",
      outcome:
        'the page cannot be framed; the login is a 302 to failureRedirect, because its session differs',
      twin: 'the same login signs in within the session of its challenge',
      stage: byRedirect,
      async test({ mallory, open }) {
        const [theirs, victim] = [open(), open()]
        const page = await victim.request('/login/near/callback')
        expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
        await victim.request('/login/near')
        const location = new URL((await theirs.request('/login/near')).headers.get('location')!)
        const login = await mallory.signMessage(Object.fromEntries(location.searchParams) as never)
        const post = async (browser: typeof victim): Promise<string | null> =>
          (
            await browser.request('/login/near/callback', {
              method: 'POST',
              body: new URLSearchParams({ ...login }),
            })
          ).headers.get('location')
        expect(await post(victim)).toBe('/sign-in')
        expect(await post(theirs)).toBe('/')
      },
    },
  ],
}
