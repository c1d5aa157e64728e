import { gzipSync } from 'node:zlib'
import { connect } from 'node:net'
import { expect } from 'vitest'
import type { Attack, Story, Theme } from './row'
import { form, json, raw, whoIs, type Attempt, type Stage } from './stage'
import type { Browser } from '../support/app'

const missing: Attack['refused'] = [400, 'ERR_NEAR_CREDENTIALS_MISSING']
const invalid: Attack['refused'] = [400, 'ERR_NEAR_CREDENTIALS_INVALID']
const tooLarge: Attack['refused'] = [413, 'entity.too.large']

type Fields = Record<'accountId' | 'publicKey' | 'signature' | 'state', string>
const FIELDS = ['accountId', 'publicKey', 'signature', 'state'] as const

/** A good login, sent in two bodies: the attack's and the twin's. */
const body = (
  row: Pick<Attack, 'tries' | 'twin' | 'refused'> & Partial<Attack>,
  send: (browser: Browser, login: Fields, attack: boolean) => Attempt,
): Attack => ({
  by: 'A client that sends malformed requests',
  holds: 'a good login',
  ...row,
  async play({ alice, open }, attack) {
    const browser = open()
    const login = await alice.signMessage(await browser.challenge())
    return send(browser, login as Fields, attack)
  },
})

const formText = (login: object): string => new URLSearchParams(login as Fields).toString()

const doubled = (field: keyof Fields): Attack =>
  body(
    { tries: `sends ${field} twice in a form`, twin: 'each field once', refused: invalid },
    (browser, login, attack) =>
      form(browser, `${formText(login)}${attack ? `&${field}=${encodeURIComponent(login[field])}` : ''}`),
  )

const bracketed = (tries: string, name: (field: string) => string): Attack =>
  body({ tries, twin: 'the field has its plain name', refused: invalid }, (browser, login, attack) => {
    const { accountId, ...others } = login
    return form(browser, { ...others, [attack ? name('accountId') : 'accountId']: accountId })
  })

const typed = (field: keyof Fields, what: string, value: (good: string) => unknown): Attack =>
  body(
    { tries: `sends ${field} as ${what}`, twin: `${field} is a string`, refused: invalid },
    (browser, login, attack) => json(browser, attack ? { ...login, [field]: value(login[field]) } : login),
  )

/** The same login in JSON, with a content type or in a format that differs from the twin's. */
const wrapped = (
  tries: string,
  refused: Attack['refused'],
  type: string,
  text: (login: Fields) => string = JSON.stringify,
): Attack =>
  body({ tries, refused, twin: 'JSON with its content type' }, (browser, login, attack) =>
    attack ? raw(browser, type, text(login)) : json(browser, login),
  )

const polluted = (tries: string, text: (login: Fields) => string, type = 'application/json'): Attack =>
  body(
    { tries, refused: missing, twin: 'the fields are own properties of the body' },
    (browser, login, attack) =>
      raw(browser, attack ? type : 'application/json', attack ? text(login) : JSON.stringify(login)),
  )

const MEGABYTES_10 = 10 * 1024 * 1024

const gzipped = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(gzipSync(text))

const large = (
  tries: string,
  twin: string,
  attempt: (browser: Browser, login: Fields, size: number) => Attempt,
): Attack =>
  body({ tries, twin, refused: tooLarge }, (browser, login, attack) =>
    attempt(browser, login, attack ? MEGABYTES_10 : 10_000),
  )

/** The head of a login request. */
function head({ url }: Stage, browser: Browser, length: number): string {
  return [
    'POST /login/near HTTP/1.1',
    `host: ${new URL(url).host}`,
    'content-type: application/json',
    `content-length: ${length}`,
    `cookie: ${browser.cookie}`,
    'connection: close',
    '\r\n',
  ].join('\r\n')
}

const slow: Story = {
  by: 'A patient client',
  holds: '50 connections, and a good login',
  tries: 'sends half of a body on each connection, and stops',
  outcome: 'no consumed challenge, no RPC call; other users sign in; the second half completes a login',
  twin: 'the second half follows: one login succeeds',
  async test(stage) {
    const { alice, network, open, url, verified } = stage
    const browser = open()
    const login = JSON.stringify(await alice.signMessage(await browser.challenge()))
    const half = Math.floor(login.length / 2)
    const connections = Array.from({ length: 50 }, () => connect(Number(new URL(url).port), '127.0.0.1'))
    const answers = connections.map(async (socket) => {
      let text = ''
      for await (const chunk of socket) text += String(chunk)
      return text.slice(0, 'HTTP/1.1 200'.length)
    })
    try {
      const text = head(stage, browser, login.length) + login.slice(0, half)
      await Promise.all(connections.map((socket) => new Promise((sent) => socket.write(text, sent))))
      expect([network.requestCount, verified.length]).toEqual([0, 0])
      const other = open()
      expect((await other.login(await alice.signMessage(await other.challenge()))).status).toBe(200)
      expect([network.requestCount, verified.length]).toEqual([1, 1])
      expect(await whoIs(browser)).toBeNull()

      for (const socket of connections) socket.write(login.slice(half))
      const counts = new Map<string, number>()
      for (const answer of await Promise.all(answers)) counts.set(answer, (counts.get(answer) ?? 0) + 1)
      expect(Object.fromEntries(counts)).toEqual({ 'HTTP/1.1 200': 1, 'HTTP/1.1 401': 49 })
      expect([network.requestCount, verified.length]).toEqual([2, 2])
    } finally {
      for (const socket of connections) socket.destroy()
    }
  },
}

const cut: Story = {
  by: 'A client that loses its connection',
  holds: 'a good login',
  tries: 'sends half of a body, and disconnects',
  outcome: 'no response, no consumed challenge, no RPC call, and no error that ends the process',
  twin: 'the same login, sent whole in the same session, succeeds',
  async test(stage) {
    const { alice, network, open, url } = stage
    const browser = open()
    const login = await alice.signMessage(await browser.challenge())
    const text = JSON.stringify(login)
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    await new Promise((sent) => socket.write(head(stage, browser, text.length) + text.slice(0, 50), sent))
    socket.destroy()
    await new Promise((resolve) => socket.once('close', resolve))
    expect(network.requestCount).toBe(0)
    expect((await browser.login(login)).status).toBe(200)
  },
}

export const bodies: Theme = {
  title: 'Bodies',
  rows: [
    ...FIELDS.map(doubled),
    body(
      {
        tries: 'sends accountId twice with two values, so that check and use may differ',
        twin: 'each field once',
        refused: invalid,
        by: 'Mallory',
      },
      (browser, login, attack) =>
        form(browser, `${attack ? 'accountId=mallory.test&' : ''}${formText(login)}`),
    ),
    {
      by: 'Mallory',
      holds: 'a good login of her own account',
      tries: "sends accountId twice in JSON, Alice's last, so that the check may read the first one",
      refused: [401, 'ERR_NEAR_ACCESS_KEY_NOT_FOUND'],
      asks: 1,
      twin: 'her own account is last: the value that is checked is the value that is used',
      async play({ mallory, open }, attack) {
        const browser = open()
        const login = JSON.stringify(await mallory.signMessage(await browser.challenge()))
        const [first, last] = attack ? ['mallory', 'alice'] : ['alice', 'mallory']
        const text = login.replace('"accountId":"mallory.test"', `"accountId":"${first}.test"`)
        return raw(browser, 'application/json', `${text.slice(0, -1)},"accountId":"${last}.test"}`)
      },
    },
    bracketed('sends accountId[]', (field) => `${field}[]`),
    bracketed('sends accountId[0]', (field) => `${field}[0]`),
    bracketed('sends accountId[a]', (field) => `${field}[a]`),
    bracketed('sends accountId[toString]', (field) => `${field}[toString]`),
    ...FIELDS.map((field) => typed(field, 'an array of one string', (good) => [good])),
    ...FIELDS.map((field) =>
      typed(field, 'an object with its own toString and length', () => ({ toString: 'x', length: 1 })),
    ),
    ...FIELDS.map((field) => typed(field, 'a number', () => 42)),
    ...FIELDS.map((field) => typed(field, 'false', () => false)),
    typed('signature', 'an array of bytes', (good) => [...Buffer.from(good, 'base64')]),
    typed('signature', 'an object with a length of one billion', () => ({ length: 1_000_000_000 })),
    typed('publicKey', 'an object with a length of one billion', () => ({ length: 1_000_000_000 })),
    typed('signature', 'the JSON form of a Buffer', (good) => Buffer.from(good, 'base64').toJSON()),
    wrapped('sends JSON as text/plain, which any page can send', invalid, 'text/plain'),
    wrapped('sends JSON with the content type of a form', missing, 'application/x-www-form-urlencoded'),
    wrapped('sends JSON with a content type that no parser reads', missing, 'application/octet-stream'),
    wrapped('sends JSON as XML', missing, 'application/xml'),
    wrapped('sends a multipart form', missing, 'multipart/form-data; boundary=x', (login) =>
      Object.entries(login)
        .map(([name, value]) => `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
        .join('')
        .concat('--x--'),
    ),
    wrapped(
      'sends JSON in an unknown character set',
      [415, 'charset.unsupported'],
      'application/json; charset=x',
    ),
    wrapped('sends a login in an array', invalid, 'application/json', (login) => JSON.stringify([login])),
    wrapped('sends a login as a JSON string', invalid, 'application/json', (login) =>
      JSON.stringify(JSON.stringify(login)),
    ),
    wrapped('sends a login one level deeper', missing, 'application/json', (login) =>
      JSON.stringify({ credentials: login }),
    ),
    wrapped('sends truncated JSON', [400, 'entity.parse.failed'], 'application/json', (login) =>
      JSON.stringify(login).slice(0, -1),
    ),
    wrapped('sends JSON nested 40,000 levels deep', invalid, 'application/json', () =>
      '['.repeat(40_000).concat(']'.repeat(40_000)),
    ),
    wrapped('sends 100 kB of opening brackets', [400, 'entity.parse.failed'], 'application/json', () =>
      '['.repeat(100_000),
    ),
    wrapped('sends null', missing, 'application/json', () => 'null'),
    wrapped('sends an empty body', missing, 'application/json', () => ''),
    polluted('sends the fields in __proto__', (login) => `{"__proto__":${JSON.stringify(login)}}`),
    polluted(
      'sends the fields in constructor.prototype',
      (login) => `{"constructor":{"prototype":${JSON.stringify(login)}}}`,
    ),
    polluted(
      'sends the fields in __proto__ of a form',
      (login) => formText(Object.fromEntries(FIELDS.map((field) => [`__proto__[${field}]`, login[field]]))),
      'application/x-www-form-urlencoded',
    ),
    {
      by: 'A client that pollutes prototypes',
      holds: 'a good login',
      tries: 'sends __proto__ and constructor.prototype beside it, with another account',
      outcome: 'no object of the process gains a property, and the login is read as sent',
      twin: 'the same login signs in as the proven account',
      async test({ alice, open }) {
        const browser = open()
        const login = JSON.stringify(await alice.signMessage(await browser.challenge()))
        const theirs =
          '"__proto__":{"accountId":"mallory.test"},"constructor":{"prototype":{"accountId":"mallory.test"}}'
        const { init } = raw(browser, 'application/json', `{${theirs},${login.slice(1)}`)
        const response = await browser.request('/login/near', init)
        expect([response.status, await response.json()]).toEqual([200, { id: 'alice.test' }])
        expect(({} as Record<string, unknown>).accountId).toBeUndefined()
      },
    },
    large(
      'sends 10 MB beside the fields',
      'sends 10 kB in an unknown field beside the fields',
      (browser, login, size) => json(browser, { ...login, x: 'x'.repeat(size) }),
    ),
    large('sends a form with 10 MB beside the fields', 'with 10 kB', (browser, login, size) =>
      form(browser, { ...login, x: 'x'.repeat(size) }),
    ),
    large('sends 10 MB that are compressed to 10 kB', '10 kB, packed', (browser, login, size) => {
      const { init } = raw(
        browser,
        'application/json',
        gzipped(JSON.stringify({ ...login, x: 'x'.repeat(size) })),
      )
      return { browser, init: { ...init, headers: { ...init.headers, 'content-encoding': 'gzip' } } }
    }),
    large('sends 10 MB of spaces before the login', '10 kB of spaces', (browser, login, size) =>
      raw(browser, 'application/json', ' '.repeat(size) + JSON.stringify(login)),
    ),
    body(
      { tries: 'sends a form of 2,000 fields', twin: 'of 200 fields', refused: [413, 'parameters.too.many'] },
      (browser, login, attack) => form(browser, `${formText(login)}${'&x=1'.repeat(attack ? 2000 : 200)}`),
    ),
    ...FIELDS.map((field) =>
      body(
        {
          tries: `sends 90 kB of base58 for ${field}`,
          twin: 'the field as the wallet sent it',
          refused: invalid,
        },
        (browser, login, attack) => json(browser, attack ? { ...login, [field]: 'z'.repeat(90_000) } : login),
      ),
    ),
    body(
      {
        tries: 'sends a key of 90 kB of base58 with its prefix',
        twin: 'the key as the wallet sent it',
        refused: invalid,
      },
      (browser, login, attack) =>
        json(browser, attack ? { ...login, publicKey: `ml-dsa-65:${'z'.repeat(90_000)}` } : login),
    ),
    body(
      {
        tries: "sends a script as the wallet's error, without a signature",
        twin: 'the script is beside a signature, where the error is not read',
        refused: [401, 'ERR_NEAR_WALLET_REFUSED'],
      },
      (browser, login, attack) =>
        json(browser, {
          ...login,
          ...(attack && { signature: '' }),
          error: '<script>alert(document.cookie)</script>',
        }),
    ),
    slow,
    cut,
  ],
}
