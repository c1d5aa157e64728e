import { request, type IncomingHttpHeaders } from 'node:http'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, vi } from 'vitest'
import type { Browser } from '../support/app'
import type { Attack, Story, Theme } from './row'
import { json, type StageOptions } from './stage'

/** fetch does not send a forged Host header; Node.js's own client does. */
function post(
  browser: Browser,
  path: string,
  body: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      browser.url + path,
      {
        method: body ? 'POST' : 'GET',
        headers: { cookie: browser.cookie, 'content-type': 'application/json', ...headers },
      },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        )
      },
    )
    outgoing.on('error', reject).end(body)
  })
}

const FORGED = {
  host: 'evil.example.com',
  'x-forwarded-host': 'evil.example.com',
  'x-forwarded-proto': 'http',
  'x-original-url': '/admin',
  forwarded: 'host=evil.example.com',
  origin: 'https://evil.example.com',
  referer: 'https://evil.example.com/',
}

const forgedHeaders: Story = {
  by: 'A phishing site with a proxy',
  holds: 'every header that names a host',
  tries: 'requests a challenge for itself, and a login for itself',
  outcome:
    "the challenge is for this site; Alice's signature for the other one is 401 `ERR_NEAR_SIGNATURE_INVALID`",
  twin: 'the same headers, and a signature for this site',
  async test({ alice, network, open, verified }) {
    const sign = async (recipient?: string): Promise<{ status: number; text: string }> => {
      const browser = open()
      const answer = await post(browser, '/login/near/challenge', '', FORGED)
      browser.cookie = answer.headers['set-cookie']![0]!.split(';')[0]!
      const challenge = JSON.parse(answer.text) as Parameters<typeof alice.signMessage>[0]
      expect(challenge.recipient).toBe('app.example.com')
      expect(challenge.callbackUrl).toBeUndefined()
      expect(answer.text + JSON.stringify(answer.headers)).not.toContain('evil')
      const login = await alice.signMessage({ ...challenge, ...(recipient && { recipient }) })
      return post(browser, '/login/near', JSON.stringify(login), FORGED)
    }
    const refused = await sign('evil.example.com')
    expect([refused.status, JSON.parse(refused.text)]).toMatchObject([
      401,
      { code: 'ERR_NEAR_SIGNATURE_INVALID' },
    ])
    expect([network.requestCount, verified.length]).toEqual([0, 0])
    expect((await sign()).status).toBe(200)
  },
}

/** Passport's own responses: they set headers, and keep messages in the session. */
const plainRoutes: StageOptions = {
  routes: (app, authenticator) => {
    app.post('/plain', authenticator.authenticate('near', { failureMessage: true }), (_req, res) =>
      res.json({}),
    )
    app.post(
      '/redirecting',
      authenticator.authenticate('near', { failureRedirect: '/sign-in', failureMessage: true }),
    )
    app.get('/messages', (req, res) => {
      res.json((req.session as unknown as { messages?: string[] }).messages ?? [])
    })
  },
}

const EVIL = 'evil\r\nset-cookie: admin=1\r\n\r\n<script>alert(1)</script>\u2028\u001b[31m"); //'

const injection: Story = {
  by: 'A client that injects text into headers, pages and logs',
  holds: 'line breaks, a header, a script and a terminal sequence',
  tries: "sends them in every field, to routes with Passport's default responses",
  outcome: 'none of it is in headers, bodies, redirects, session messages, log lines or diagnostics events',
  twin: 'a good login on the same routes succeeds',
  stage: plainRoutes,
  async test({ alice, open }) {
    const events: unknown[] = []
    const listener = (event: unknown): void => void events.push(event)
    subscribe('passport-near:login', listener)
    const silent = (): true => true
    const logs = [
      vi.spyOn(process.stderr, 'write').mockImplementation(silent),
      vi.spyOn(process.stdout, 'write').mockImplementation(silent),
      ...(['log', 'info', 'warn', 'error', 'debug'] as const).map((level) =>
        vi.spyOn(console, level).mockImplementation(silent),
      ),
    ]
    const logged = (): unknown[] => logs.flatMap((log): unknown[] => log.mock.calls)
    try {
      for (const path of ['/plain', '/redirecting', '/login/near']) {
        for (const field of ['accountId', 'publicKey', 'signature', 'state', 'error', EVIL]) {
          const browser = open()
          const login = await alice.signMessage(await browser.challenge())
          const body = { ...login, [field]: EVIL, ...(field === 'error' && { signature: '' }) }
          if (field === EVIL) body.signature = Buffer.alloc(64, 1).toString('base64')
          const response = await browser.post(path, body)
          expect(response.status).toBe(
            path === '/redirecting'
              ? 302
              : field === 'error' || field === 'state' || field === EVIL
                ? 401
                : 400,
          )
          expect(response.headers.get('location')).toBe(path === '/redirecting' ? '/sign-in' : null)
          const messages = await (await browser.request('/messages')).text()
          const seen = JSON.stringify([[...response.headers], await response.text(), messages])
          expect(seen).not.toMatch(/evil|admin=1|script|\\u001b/i)
        }
      }
    } finally {
      unsubscribe('passport-near:login', listener)
      expect(String(logged())).not.toMatch(/evil|admin=1/)
      for (const log of logs) log.mockRestore()
    }
    expect(events).toHaveLength(18)
    expect(JSON.stringify(events)).not.toMatch(/evil|admin=1|alice/)

    const browser = open()
    const login = await alice.signMessage(await browser.challenge())
    expect((await browser.post('/plain', login)).status).toBe(200)
  },
}

/** Credentials in the places that an application reads when it merges body, query and headers. */
const elsewhere = (
  where: string,
  place: (login: Record<string, string>) => { path?: string; headers?: Record<string, string> },
): Attack => ({
  by: 'A client that avoids the body',
  holds: 'a good login',
  tries: `sends it in ${where}, and an empty body`,
  refused: [400, 'ERR_NEAR_CREDENTIALS_MISSING'],
  twin: 'the login is in the body as well',
  async play({ alice, open }, attack) {
    const browser = open()
    const login = (await alice.signMessage(await browser.challenge())) as unknown as Record<string, string>
    const { browser: sender, init } = json(browser, attack ? {} : login)
    const { path = '/login/near', headers } = place(login)
    return {
      browser: sender,
      path,
      init: { ...init, headers: { ...init.headers, ...headers } },
    }
  },
})

export const transport: Theme = {
  title: 'Headers, logs and other places',
  rows: [
    forgedHeaders,
    injection,
    elsewhere('the query', (login) => ({ path: `/login/near?${new URLSearchParams(login).toString()}` })),
    elsewhere('headers', (login) => ({ headers: login })),
    elsewhere('an Authorization header', ({ accountId, signature }) => ({
      headers: { authorization: `Basic ${Buffer.from(`${accountId}:${signature}`).toString('base64')}` },
    })),
    {
      by: 'Mallory',
      holds: "a good login of her own, with Alice's name in the query and the headers",
      tries: 'lets the query or a header decide the account',
      outcome: 'she is signed in as Mallory',
      twin: 'the same login without query and headers: the same user',
      async test({ mallory, open }) {
        for (const query of ['?accountId=alice.test&id=alice.test', '']) {
          const browser = open()
          const login = await mallory.signMessage(await browser.challenge())
          const headers = query ? { accountid: 'alice.test', 'x-user': 'alice.test' } : {}
          const answer = await post(browser, `/login/near${query}`, JSON.stringify(login), headers)
          expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { id: 'mallory.test' }])
        }
      },
    },
  ],
}
