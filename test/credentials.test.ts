import { NearStrategy, type ChallengeStore } from 'passport-near'
import { describe, expect, it } from 'vitest'
import { authenticate } from './support/strategy'

const good = {
  accountId: 'alice.near',
  publicKey: 'ed25519:2RM3EotCzEiVobm6aMjaup43k8cFffR4KHFtrqbZ79Qy',
  signature: 'NnJgPU1Ql7ccRTITIoOVsIfElmvH1RV7QAT4a9Vh6ShCOnjIzRwxqX54JzoQ/nK02p7VBMI2vJn48rpImIJwAw==',
}

/** The outcome for a body, and the calls to the store and the chain. */
async function post(
  body: unknown,
): Promise<{ status: unknown; code: unknown; stored: number; asked: number }> {
  let stored = 0
  let asked = 0
  const store: ChallengeStore = {
    async issue() {},
    async consume() {
      stored++
      return undefined
    },
  }
  const accessKeys = {
    async permission() {
      asked++
      return 'FullAccess' as const
    },
  }
  const strategy = new NearStrategy({ recipient: 'app.example.com', store, accessKeys }, () => undefined)
  const outcome = await authenticate(strategy, { body })
  if (outcome.action !== 'fail') throw new Error(`expected a rejection, got ${outcome.action}`)
  return { status: outcome.status, code: outcome.info?.code, stored, asked }
}

const missing = { status: 400, code: 'ERR_NEAR_CREDENTIALS_MISSING', stored: 0, asked: 0 }
const invalid = { status: 400, code: 'ERR_NEAR_CREDENTIALS_INVALID', stored: 0, asked: 0 }
const refused = { status: 401, code: 'ERR_NEAR_WALLET_REFUSED', stored: 0, asked: 0 }
const read = { status: 401, code: 'ERR_NEAR_CHALLENGE_MISSING', stored: 1, asked: 0 }

const json = (text: string): unknown => JSON.parse(text)
const without = (field: keyof typeof good): object => ({ ...good, [field]: undefined })

describe('a body without credentials is 400 ERR_NEAR_CREDENTIALS_MISSING, before store and chain', () => {
  it.each([
    ['undefined', undefined],
    ['null', null],
    ['an empty object', {}],
    ['other fields only', { username: 'alice', password: 'secret' }],
    ['no account', without('accountId')],
    ['no key', without('publicKey')],
    ['no signature', without('signature')],
    ['an empty account', { ...good, accountId: '' }],
    ['an empty key', { ...good, publicKey: '' }],
    ['credentials in the prototype', Object.create(good) as unknown],
    ['credentials in __proto__', json(`{"__proto__":${JSON.stringify(good)}}`)],
    ['credentials one level deeper', { credentials: good }],
    ['an empty error of a wallet', { error: '' }],
    ['null as the account', { ...good, accountId: null }],
    ['an empty signature alone', { signature: '' }],
    ['an empty signature without a key', { accountId: good.accountId, signature: '' }],
    ['an empty signature without an account', { publicKey: good.publicKey, signature: '' }],
  ])('%s', async (_, body) => {
    expect(await post(body)).toEqual(missing)
  })
})

describe('invalid credentials are 400 ERR_NEAR_CREDENTIALS_INVALID, before store and chain', () => {
  it.each([
    ['an array', [good]],
    ['an empty array', []],
    ['a string', JSON.stringify(good)],
    ['a number', 42],
    ['true', true],
    ['a repeated account', { ...good, accountId: ['alice.near', 'bob.near'] }],
    ['a repeated key', { ...good, publicKey: [good.publicKey, good.publicKey] }],
    ['a repeated signature', { ...good, signature: [good.signature, good.signature] }],
    ['a repeated state', { ...good, state: ['a', 'b'] }],
    ['a nested account', { ...good, accountId: { toString: 'alice.near' } }],
    ['a number as the account', { ...good, accountId: 42 }],
    ['an array of bytes as the signature', { ...good, signature: Array.from(Buffer.alloc(64)) }],
    ['an object as the error', { error: {} }],
    ['a number as the state', { ...good, state: 1 }],
    ['a state of 2049 characters', { ...good, state: 'x'.repeat(2049) }],
    ['an account that is too long', { ...good, accountId: 'a'.repeat(65) }],
    ['an account of a million characters', { ...good, accountId: 'a'.repeat(1e6) }],
    ['a key of a million characters', { ...good, publicKey: `ed25519:${'1'.repeat(1e6)}` }],
    ['a signature of a million characters', { ...good, signature: 'A'.repeat(1e6) }],
    ['a one-letter account', { ...good, accountId: 'a' }],
    ['an account in capitals', { ...good, accountId: 'Alice.near' }],
    ['an account with a trailing dot', { ...good, accountId: 'alice.near.' }],
    ['an account with two dots', { ...good, accountId: 'alice..near' }],
    ['an account with a space', { ...good, accountId: 'alice.near ' }],
    ['an account with a line break', { ...good, accountId: 'alice.near\n' }],
    ['an account with a NUL', { ...good, accountId: 'alice.near\0' }],
    ['an account with a Cyrillic letter', { ...good, accountId: 'аlice.near' }],
    ['a key of an unknown type', { ...good, publicKey: 'rsa:2RM3EotCzEiVobm6aMjaup43k8cFffR4KHFtrqbZ79Qy' }],
    [
      'a key with a type that is a property of every object',
      { ...good, publicKey: 'constructor:2RM3EotCzEiV' },
    ],
    ['a key that is too short', { ...good, publicKey: 'ed25519:2RM3EotCzEiVobm6aMjaup43k8cFffR4KHFtrqbZ79' }],
    ['a key with a leading zero', { ...good, publicKey: good.publicKey.replace(':', ':1') }],
    ['a key with a character outside base58', { ...good, publicKey: good.publicKey.replace('2', '0') }],
    ['a key with two prefixes', { ...good, publicKey: `ed25519:${good.publicKey}` }],
    ['a signature of 63 bytes', { ...good, signature: Buffer.alloc(63, 1).toString('base64') }],
    ['a signature of 65 bytes', { ...good, signature: Buffer.alloc(65, 1).toString('base64') }],
    ['a signature with a non-zero trailing bit', { ...good, signature: `${good.signature}AA` }],
    ['a signature in no known encoding', { ...good, signature: '!'.repeat(88) }],
  ])('%s', async (_, body) => {
    expect(await post(body)).toEqual(invalid)
  })
})

describe('valid credentials reach the challenge', () => {
  it.each([
    ['in the form of a wallet', good],
    ['with a state', { ...good, state: 'x'.repeat(22) }],
    ['with a state of 2048 characters', { ...good, state: 'x'.repeat(2048) }],
    ['with an empty state, which counts as no state', { ...good, state: '' }],
    ['with null as the state, which counts as no state', { ...good, state: null }],
    ['with an error beside them, which is ignored', { ...good, error: 'x' }],
    ['with unknown fields', { ...good, nonce: 'x', message: ['y'], recipient: { z: 1 }, id: null }],
    [
      'with an own object in __proto__',
      json(`{"__proto__":{"accountId":"bob.near"},${JSON.stringify(good).slice(1)}`),
    ],
    ['in an object without a prototype', Object.assign(Object.create(null) as object, good)],
    ['for a two-letter account', { ...good, accountId: 'ab' }],
    ['for an account of 64 characters', { ...good, accountId: 'a'.repeat(64) }],
    [
      'for an implicit account',
      { ...good, accountId: 'e2e9cb7ac57cb46d4da1ce1d1cc2c33bdfe17407c517916b522724a8ea2c6c50' },
    ],
  ])('%s', async (_, body) => {
    expect(await post(body)).toEqual(read)
  })
})

describe('a declined login is 401 ERR_NEAR_WALLET_REFUSED, before store and chain', () => {
  it.each([
    ['an error', { error: 'User rejected' }],
    ['an error beside an account', { accountId: 'alice.near', error: 'User rejected' }],
    ['empty strings', { accountId: '', publicKey: '', signature: '' }],
    ['the account with empty strings', { accountId: 'alice.near', publicKey: '', signature: '' }],
    ['an empty signature', { ...good, signature: '' }],
  ])('%s', async (_, body) => {
    expect(await post(body)).toEqual(refused)
  })
})

describe('messages', () => {
  it('repeat no part of the request', async () => {
    const secret = 'visitor-data-that-no-message-repeats'
    const strategy = new NearStrategy(
      { recipient: 'app.example.com', rpc: 'http://127.0.0.1:1' },
      () => undefined,
    )
    for (const body of [
      { ...good, accountId: secret.toUpperCase() },
      { ...good, state: secret.repeat(9) },
      { error: secret },
    ]) {
      const outcome = await authenticate(strategy, { body })
      expect(JSON.stringify(outcome).toLowerCase()).not.toContain(secret)
    }
  })

  it.each(['state', 'error'])('is not read from a prototype of every object (%s)', async (field) => {
    Object.defineProperty(Object.prototype, field, { value: 1, configurable: true, writable: true })
    try {
      expect(await post({})).toEqual(missing)
    } finally {
      Reflect.deleteProperty(Object.prototype, field)
    }
  })
})
