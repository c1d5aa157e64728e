import { NearStrategy, verifySignature } from 'passport-near'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hashPayload } from '../../lib/nep413/payload'
import { Cleanup } from '../support/app'
import { storedChallenge } from '../support/challenge'
import { authenticate } from '../support/strategy'
import { Wallet, type KeyPairType, type Login } from '../support/wallet'
import { form, json, raw, setStage, type Attempt, type Stage } from './stage'

const cleanup = new Cleanup()
let stage: Stage
beforeEach(async () => {
  stage = await setStage(cleanup)
})
afterEach(() => cleanup.run())

/**
 * Time limit for an input of 100 kB, in milliseconds. Linear work takes a few milliseconds; quadratic work
 * takes over 200. The fastest of several attempts counts, because other work on the machine delays some
 * attempts, never all.
 */
const LIMIT = 60
const ATTEMPTS = 20

/** @param prepare - the work that is not measured */
async function expectQuick(prepare: () => Promise<() => Promise<unknown>>): Promise<void> {
  let fastest = Infinity
  for (let attempt = 0; attempt < ATTEMPTS && fastest >= LIMIT; attempt++) {
    const act = await prepare()
    const began = performance.now()
    await act()
    fastest = Math.min(fastest, performance.now() - began)
  }
  expect(fastest).toBeLessThan(LIMIT)
}

const send =
  ({ browser, init }: Attempt, status: number) =>
  async (): Promise<void> => {
    const response = await browser.request('/login/near', init)
    await response.text()
    expect(response.status).toBe(status)
  }

/** A wallet's login, prepared up to the request. */
async function prepared(
  wallet: Wallet,
  change: (login: Login) => object = (login) => login,
): Promise<Attempt> {
  const browser = stage.open()
  return json(browser, change(wallet.answer('alice.test', await browser.challenge())))
}

const KB100 = 100_000

/** 100 kB in one field, chosen to be expensive to decode, to search or to compare. */
const WORST: [string, string][] = [
  ['the largest base58', 'z'.repeat(KB100)],
  ['leading zeros of base58', '1'.repeat(KB100)],
  ['base58 with a prefix', `ml-dsa-65:${'z'.repeat(KB100 - 10)}`],
  ['base64', 'A'.repeat(KB100)],
  ['base64 with padding in the middle', `${'A'.repeat(KB100 / 2)}=${'A'.repeat(KB100 / 2 - 1)}`],
  ['padding only', '='.repeat(KB100)],
  ['hex', `0x${'f'.repeat(KB100 - 2)}`],
  ['colons', ':'.repeat(KB100)],
  ['dots', 'a.'.repeat(KB100 / 2)],
  ['separators without a last character', `${'a-'.repeat(KB100 / 2 - 1)}!`],
  ['spaces', ' '.repeat(KB100)],
  ['NULs, six characters each in JSON', '\0'.repeat(KB100 / 6)],
  ['emoji', '😀'.repeat(KB100 / 4)],
  ['lone surrogates, six characters each', '\ud83d'.repeat(KB100 / 6)],
]
const FIELDS = ['accountId', 'publicKey', 'signature', 'state'] as const

describe('rejects 100 kB of the worst input within the time limit', () => {
  const good = new Wallet()
  beforeEach(() => stage.alice.addKey({ publicKey: good.publicKey }))

  it.each(FIELDS.flatMap((field) => WORST.map(([what, text]) => ({ field, what, text }))))(
    '$field: $what',
    ({ field, text }) =>
      expectQuick(async () => send(await prepared(good, (login) => ({ ...login, [field]: text })), 400)),
  )

  const formOf = async (text: (login: string) => string): Promise<Attempt> => {
    const { browser, init } = await prepared(good)
    return form(
      browser,
      text(new URLSearchParams(JSON.parse(String(init.body)) as Record<string, string>).toString()),
    )
  }

  it.each<[string, number, () => Promise<Attempt>]>([
    [
      'a form of percent signs',
      400,
      () => formOf(() => `accountId=${'%41'.repeat(33_000)}&publicKey=x&signature=x`),
    ],
    [
      'a form of broken percent signs',
      400,
      () => formOf(() => `accountId=${'%'.repeat(99_000)}&publicKey=x&signature=x`),
    ],
    [
      'a form with a field of brackets',
      400,
      () => formOf((login) => `accountId${'[a]'.repeat(33_000)}=x&${login.replace('accountId', 'x')}`),
    ],
    [
      'a form of 900 long fields',
      400,
      () => formOf((login) => `${login.replace('accountId', 'x')}${`&${'a'.repeat(100)}=x`.repeat(900)}`),
    ],
    ['a form with one field 900 times', 400, () => formOf((login) => `${login}${'&state=x'.repeat(900)}`)],
    [
      'JSON with one field 9,000 times',
      400,
      async () => raw(stage.open(), 'application/json', `{${'"state":"x",'.repeat(8_300)}"accountId":1}`),
    ],
    [
      'JSON with 8,000 fields',
      400,
      async () =>
        raw(
          stage.open(),
          'application/json',
          JSON.stringify(Object.fromEntries(Array.from({ length: 8_000 }, (_, index) => [`f${index}`, 1]))),
        ),
    ],
    [
      'JSON nested as deep as 100 kB allow',
      400,
      async () => raw(stage.open(), 'application/json', '['.repeat(50_000) + ']'.repeat(50_000)),
    ],
    [
      'an array of numbers for a signature',
      400,
      async () => raw(stage.open(), 'application/json', `{"signature":[${'0,'.repeat(49_000)}0]}`),
    ],
  ])('%s, which only the body parser reads', (_, status, attempt) =>
    expectQuick(async () => send(await attempt(), status)),
  )

  it.each<[KeyPairType, number]>([
    ['ED25519', 64],
    ['SECP256K1', 65],
    ['ml-dsa-65', 3309],
  ])('a key of type %s with a wrong signature of the right length', async (type, size) => {
    const wallet = new Wallet(type)
    stage.alice.addKey({ publicKey: wallet.publicKey })
    for (const byte of [0, 1, 255]) {
      const signature = Buffer.alloc(size, byte).toString('base64')
      await expectQuick(async () => send(await prepared(wallet, (login) => ({ ...login, signature })), 401))
    }
  })
})

describe('without HTTP, so that only the strategy is measured', () => {
  it.each(FIELDS.flatMap((field) => WORST.map(([what, text]) => ({ field, what, text }))))(
    '$field: $what',
    async ({ field, text }) => {
      const nonce = Buffer.alloc(32)
      const body = await stage.alice.signMessage({ message: 'm', recipient: 'r', nonce })
      const stored = (purpose: string) => storedChallenge('s', { nonce: nonce.toString('base64'), purpose })
      const strategy = new NearStrategy(
        {
          recipient: 'r',
          store: { issue: async () => undefined, consume: async (_req, _state, purpose) => stored(purpose) },
          accessKeys: { permission: async () => 'FullAccess' },
        },
        (profile, done) => done(null, profile),
      )
      expect((await authenticate(strategy, { body })).action).toBe('success')
      const bad = { ...body, [field]: text }
      await expectQuick(
        async () => async () => expect((await authenticate(strategy, { body: bad })).action).toBe('fail'),
      )
    },
  )
})

describe('verifySignature, which gets its input unchecked,', () => {
  const hash = hashPayload({ message: 'm', recipient: 'r', nonce: Buffer.alloc(32) })
  const { publicKey } = new Wallet()

  it.each(WORST)('rejects ten times as much of %s within the time limit', (_, text) => {
    const long = text.repeat(10)
    return expectQuick(async () => async () => {
      expect(await verifySignature(hash, long, publicKey)).toBe(false)
      expect(await verifySignature(hash, Buffer.alloc(64), long)).toBe(false)
    })
  })
})

describe('allocates no memory for a claimed length', () => {
  const megabytes = (): number => process.memoryUsage().rss / 2 ** 20

  it.each([
    ['an object with a length of one billion for a signature', '{"signature":{"length":1000000000}}'],
    [
      'an object with a length of one billion for a key',
      '{"accountId":"alice.test","publicKey":{"length":1000000000},"signature":"x"}',
    ],
    ['an array-like body', '{"length":1000000000}'],
    [
      'the JSON form of a Buffer with a length of one billion',
      '{"signature":{"type":"Buffer","data":{"length":1000000000}}}',
    ],
    ['a number of 90,000 digits', `{"signature":${'9'.repeat(90_000)}}`],
  ])('%s', async (_, body) => {
    const before = megabytes()
    for (let round = 0; round < 20; round++) {
      await send(raw(stage.open(), 'application/json', body), 400)()
    }
    expect(megabytes() - before).toBeLessThan(100)
    expect(stage.network.requestCount).toBe(0)
  })

  it('cuts off 10 MB that arrive in chunks without a length, at the limit of the body parser', async () => {
    const before = megabytes()
    let sent = 0
    const pieces = new ReadableStream({
      pull(controller) {
        if ((sent += 65_536) > 10 * 2 ** 20) return controller.close()
        controller.enqueue(Buffer.alloc(65_536, 0x20))
      },
    })
    const outcome = await fetch(`${stage.url}/login/near`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: pieces,
      duplex: 'half',
    } as RequestInit & { duplex: 'half' }).then(
      ({ status }) => status,
      () => 413, // Express has responded, and has closed the connection before the whole body was sent.
    )
    expect(outcome).toBe(413)
    expect(megabytes() - before).toBeLessThan(100)
    expect(stage.network.requestCount).toBe(0)
  })
})
