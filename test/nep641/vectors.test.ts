import { hashOffchainMessage, hashPayload, type OffchainMessage } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { isImplicitAccountOf } from '../../lib/access-keys/implicit'
import {
  isSignedAsExpected,
  nep413Payload,
  parseAccessKeyAuthorization,
} from '../../lib/nep641/access-key-authorization'
import { parseTimestamp } from '../../lib/nep641/message'
import { loginPayload } from '../../lib/nep641/payload'
import { Cleanup } from '../support/app'
import { readVectors } from '../support/vectors'

interface Vectors {
  messages: {
    name: string
    message: OffchainMessage
    callback_url: string | null
    nanos: string
    hash_hex: string
    nep413: { nonce_base64: string; recipient: string; sha256_hex: string }
  }[]
  access_key_authorizations: { name: string; blob: string; verifies: boolean }[]
  access_key_parse_boundary: { cases: { case: string; parses: boolean }[] }
  implicit_accounts: { cases: [publicKey: string, accountId: string][] }
  wallet_contract: {
    cases: {
      name: string
      schema: string
      w_public_key?: string
      account_id: string
      args: { path: string[]; authorization: string }
      returns: object
    }[]
  }
  login_payload: { recipient: string; message: string; nonce: string; payload: string }
}

const vectors = readVectors('nep641.json') as Vectors

describe.each(vectors.messages)('the message $name', ({ message, callback_url, nanos, hash_hex, nep413 }) => {
  it('hashes to the bytes of the standard', () => {
    expect(Buffer.from(hashOffchainMessage(message)).toString('hex')).toBe(hash_hex)
    expect(parseTimestamp(message.timestamp)).toBe(BigInt(nanos))
  })

  it('is signed as this NEP-413 payload', () => {
    const payload = nep413Payload(message, callback_url ?? undefined)
    expect(payload.recipient).toBe(nep413.recipient)
    expect(Buffer.from(payload.nonce).toString('base64')).toBe(nep413.nonce_base64)
    expect(Buffer.from(hashPayload(payload)).toString('hex')).toBe(nep413.sha256_hex)
  })
})

describe('an authorization by an access key', () => {
  it.each(vectors.access_key_authorizations)('$name verifies: $verifies', ({ blob, verifies }) => {
    const { msg } = JSON.parse(blob) as { msg: OffchainMessage }
    const parsed = parseAccessKeyAuthorization(blob)
    const expected = {
      chainId: msg.chain_id,
      accountId: msg.signer_id,
      path: msg.path ?? [],
      payload: msg.payload,
      blockTimestamp: 2n ** 64n - 1n,
    }
    expect(parsed !== undefined && isSignedAsExpected(parsed, expected)).toBe(verifies)
  })

  /** Changes to a good authorization, by the words of the vectors. */
  const blob = vectors.access_key_authorizations[0]!.blob
  interface Fields {
    msg: Record<string, unknown>
    via: { schema: string; extra?: Record<string, unknown> } & Record<string, unknown>
    access_key?: string
    signature?: string
    more?: unknown
  }
  const changed = (change: (fields: Fields) => unknown): string => {
    const fields = JSON.parse(blob) as Fields
    change(fields)
    return JSON.stringify(fields)
  }
  const without = (name: string): string =>
    JSON.stringify({ ...(JSON.parse(blob) as object), [name]: undefined })
  const forms: Readonly<Record<string, string[]>> = {
    'path absent': [blob],
    'extra: {}': [blob],
    'extra absent': [changed(({ via }) => delete via.extra)],
    'extra.callback_url: null (= absent)': [changed(({ via }) => (via.extra = { callback_url: null }))],
    'unknown top-level field': [changed((fields) => (fields.more = 1))],
    'unknown field in msg / via / via.extra': [
      changed(({ msg }) => (msg.more = 1)),
      changed(({ via }) => (via.more = 1)),
      changed(({ via }) => (via.extra!.more = 1)),
    ],
    'path not an array': [
      changed(({ msg }) => (msg.path = 'wallet.near')),
      changed(({ msg }) => (msg.path = null)),
      changed(({ msg }) => (msg.path = { length: 0 })),
    ],
    'via.schema other than nep413': [
      changed(({ via }) => (via.schema = 'NEP413')),
      changed(({ via }) => (via.schema = 'raw')),
    ],
    'any of msg, via, access_key, signature missing': ['msg', 'via', 'access_key', 'signature'].map(without),
    'Ed25519: (upper-case prefix)': [
      changed((fields) => (fields.access_key = fields.access_key!.replace('ed', 'Ed'))),
      changed((fields) => (fields.signature = fields.signature!.replace('ed', 'Ed'))),
    ],
    'key without prefix': [
      changed((fields) => (fields.access_key = fields.access_key!.slice(8))),
      changed((fields) => (fields.signature = fields.signature!.slice(8))),
    ],
    'key or signature of wrong length': [
      changed((fields) => (fields.access_key = fields.access_key!.slice(0, -2))),
      changed((fields) => (fields.signature = `${fields.signature}1`)),
    ],
    'invalid signer_id or path entry': [
      changed(({ msg }) => (msg.signer_id = 'Wallet.near')),
      changed(({ msg }) => (msg.path = ['a'])),
      changed(({ msg }) => (msg.path = [1])),
    ],
    'contract-format blob': [JSON.stringify({ signature: { msg: {}, proof: '' } })],
  }

  it.each(vectors.access_key_parse_boundary.cases)('with $case parses: $parses', ({ case: name, parses }) => {
    expect(forms).toHaveProperty([name])
    for (const form of forms[name]!)
      expect([form, parseAccessKeyAuthorization(form) !== undefined]).toEqual([form, parses])
  })

  it.each([
    'x',
    'null',
    '[]',
    '"text"',
    changed(({ via }) => (via.extra = [] as never)),
    changed(({ via }) => (via.extra = { callback_url: 1 })),
    changed(({ via }) => (via.extra = { callback_url: '\ud800' })),
    changed(({ msg }) => (msg.payload = '\ud800')),
    changed(({ msg }) => (msg.chain_id = undefined)),
    changed(({ msg }) => (msg.timestamp = '2026-08-05T07:28:60Z')),
    changed(({ msg }) => (msg.timestamp = [msg.timestamp])),
    changed((fields) => (fields.via = null as never)),
    changed((fields) => (fields.access_key = [fields.access_key] as never)),
    changed((fields) => (fields.signature = [fields.signature] as never)),
    changed((fields) => (fields.access_key = fields.access_key!.replace('ed25519', 'ml-dsa-65'))),
  ])('does not parse from %s', (text) => {
    expect(parseAccessKeyAuthorization(text)).toBeUndefined()
  })

  it.each<[string, object]>([
    ['of another network', { chainId: 'testnet' }],
    ['of another account', { accountId: 'other.near' }],
    ['with a longer path', { path: ['parent.near'] }],
    ['with another payload', { payload: 'Hello, Near! ' }],
    ['from one nanosecond after the block', { blockTimestamp: 1785914880123456788n }],
  ])('is none %s', (_, other) => {
    const parsed = parseAccessKeyAuthorization(blob)!
    const expected = {
      chainId: 'mainnet',
      accountId: 'wallet.near',
      path: [],
      payload: 'Hello, Near!',
      blockTimestamp: 1785914880123456789n,
    }
    expect(isSignedAsExpected(parsed, expected)).toBe(true)
    expect(isSignedAsExpected(parsed, { ...expected, payload: undefined })).toBe(true)
    expect(isSignedAsExpected(parsed, { ...expected, ...other })).toBe(false)
  })

  it('is none with a reversed or another path', () => {
    const { blob: withPath } = vectors.access_key_authorizations.find(
      ({ name }) => name === 'ed25519_path_two',
    )!
    const parsed = parseAccessKeyAuthorization(withPath)!
    const expected = {
      chainId: 'mainnet',
      accountId: 'extension.near',
      payload: 'Hello, Near!',
      blockTimestamp: 1785914880123456789n,
    }
    const check = (...path: string[]): boolean => isSignedAsExpected(parsed, { ...expected, path })
    expect(check('wallet.near', 'v1.signer')).toBe(true)
    expect(check('v1.signer', 'wallet.near')).toBe(false)
    expect(check('wallet.near')).toBe(false)
    expect(check()).toBe(false)
  })
})

describe('a timestamp', () => {
  const instant = 1785914880000000000n
  it.each([
    ['2026-08-05T07:28:00Z', instant],
    ['2026-08-05T07:28:00+00:00', instant],
    ['2026-08-05T07:28:00-00:00', instant],
    ['2026-08-05T11:28:00.5+04:00', instant + 500_000_000n],
    ['2026-08-04T07:29:00.000000001-23:59', instant + 1n],
    ['2026-08-06T07:27:00+23:59', instant],
    ['1970-01-01T00:00:00Z', 0n],
    ['1969-12-31T23:00:00-01:00', 0n],
    ['2554-07-21T23:34:33.709551615Z', 2n ** 64n - 1n],
    ['2028-02-29T00:00:00Z', 1835395200000000000n],
  ])('%s is an instant', (text, nanoseconds) => {
    expect(parseTimestamp(text)).toBe(nanoseconds)
  })

  it.each([
    '2554-07-21T23:34:33.709551616Z',
    '1969-12-31T23:59:59.999999999Z',
    '1970-01-01T00:00:00+00:01',
    '2026-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-08-05T24:00:00Z',
    '2026-08-05T07:60:00Z',
    '2016-12-31T23:59:60Z',
    '2026-08-05T07:28:00+24:00',
    '2026-08-05T07:28:00+00:60',
    '2026-08-05T07:28:00.Z',
    '2026-08-05T07:28:00.1234567890Z',
    '2026-08-05t07:28:00Z',
    '2026-08-05T07:28:00z',
    '2026-08-05 07:28:00Z',
    '2026-08-05T07:28Z',
    '2026-08-05T07:28:00',
    '2026-08-05T07:28:00+0400',
    ' 2026-08-05T07:28:00Z',
    '2026-08-05T07:28:00Z\n',
    '0026-08-05T07:28:00Z',
    '0099-08-05T07:28:00Z',
    '2026-99-01T00:00:00Z',
    '2026-02-31T00:00:00Z',
    '2026-12-32T00:00:00Z',
    '+002026-08-05T07:28:00Z',
    '٢٠٢٦-08-05T07:28:00Z',
    '1785914880',
    '',
  ])('%j is none', (text) => {
    expect(parseTimestamp(text)).toBeUndefined()
  })
})

describe('hashOffchainMessage', () => {
  const message = vectors.messages[1]!.message

  it('takes no path for an empty one', () => {
    expect(hashOffchainMessage({ ...message, path: [] })).toEqual(hashOffchainMessage(message))
    expect(hashOffchainMessage(message)).toHaveLength(32)
  })

  it.each<[object | null | string, RegExp]>([
    [null, /must be an object/],
    ['text', /must be an object/],
    [{ ...message, chain_id: 1 }, /chain_id/],
    [{ ...message, chain_id: '\ud800' }, /chain_id/],
    [{ ...message, signer_id: 'A.near' }, /signer_id/],
    [{ ...message, path: null }, /path/],
    [{ ...message, path: ['a'] }, /path/],
    [{ ...message, timestamp: 1785914880 }, /timestamp/],
    [{ ...message, timestamp: '2026-08-05' }, /timestamp/],
    [{ ...message, timestamp: [message.timestamp] }, /timestamp/],
    [{ ...message, payload: undefined }, /payload/],
    [{ ...message, payload: '\udc00' }, /payload/],
  ])('rejects %j', (wrong, reason) => {
    expect(() => hashOffchainMessage(wrong as OffchainMessage)).toThrow(TypeError)
    expect(() => hashOffchainMessage(wrong as OffchainMessage)).toThrow(reason)
  })
})

it('the payload of a login is the standard’s, byte for byte', () => {
  const { recipient, payload, ...challenge } = vectors.login_payload
  expect(loginPayload(recipient, challenge)).toBe(payload)
})

it.each(vectors.implicit_accounts.cases)(
  '%s is the key of the implicit account %s',
  (publicKey, accountId) => {
    expect(isImplicitAccountOf(accountId, publicKey)).toBe(true)
  },
)

describe('a wallet contract of the testing kit', () => {
  const cleanup = new Cleanup()
  afterEach(() => cleanup.run())

  const start = async (chainId = 'mainnet'): Promise<TestNetwork> => {
    const network = await TestNetwork.start({ chainId })
    cleanup.add(() => network.stop())
    return network
  }

  interface Result {
    result: number[]
    error?: string
  }

  const ask = async (network: TestNetwork, accountId: string, args: object): Promise<Result> => {
    const view = { account_id: accountId, method_name: 'w_resolve_auth', finality: 'final' }
    const args_base64 = Buffer.from(JSON.stringify(args)).toString('base64')
    const params = { request_type: 'call_function', ...view, args_base64 }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'query', params })
    const answer = await fetch(network.rpcUrl, { method: 'POST', body })
    return ((await answer.json()) as { result: Result }).result
  }

  it.each(vectors.wallet_contract.cases)('answers $name as the reference contract does', async (vector) => {
    const { args, returns, account_id: accountId } = vector
    const network = await start(accountId.endsWith('.testnet') ? 'testnet' : 'mainnet')
    const schema = vector.schema.startsWith('any') ? 'ed25519' : vector.schema
    await network.createWalletContract(accountId, {
      schema: schema as 'ed25519',
      publicKey: vector.w_public_key,
      extensions: ['extension.testnet'],
    })
    const { result, error } = await ask(network, accountId, args)
    expect(error).toBeUndefined()
    expect(JSON.parse(Buffer.from(result).toString())).toEqual(returns)
  })
})
