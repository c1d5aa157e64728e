// Inputs from clients, nodes and sessions. Most are near misses, because the first check rejects an entirely
// wrong input.
import fc from 'fast-check'

const oneOf = (...values) => fc.constantFrom(...values)

/** Likely texts of an attacker, of any length up to a few kB. */
export const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.string({ unit: 'grapheme', maxLength: 100 }),
  fc.string({ unit: oneOf(...'123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'), maxLength: 100 }),
  fc.base64String({ maxLength: 100 }),
  fc
    .tuple(fc.string({ maxLength: 4 }), fc.integer({ min: 0, max: 7000 }))
    .map(([unit, times]) => unit.repeat(times).slice(0, 7000)),
  oneOf(
    '',
    ' ',
    '\0',
    '\n',
    ':',
    'ed25519:',
    '__proto__',
    'constructor',
    'toString',
    'undefined',
    'null',
    '[object Object]',
  ),
)

/** Any value, JSON or not. */
export const value = fc.oneof(
  text,
  fc.jsonValue(),
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
  oneOf(undefined, null, NaN, Infinity, -0, {}, [], true, () => 'x', Symbol('x')),
)

/** Likely values of an attacker for account, key, signature and state. */
const accountId = fc.oneof(
  {
    weight: 12,
    arbitrary: oneOf('alice.test', 'bob.near', 'a'.repeat(64), '0'.repeat(64)),
  },
  oneOf('Alice.test', 'alice.test.', 'a'.repeat(65)),
  text,
)
const publicKey = fc.oneof(
  {
    weight: 8,
    arbitrary: oneOf(
      `ed25519:${'2'.repeat(43)}`,
      '2'.repeat(43),
      `secp256k1:${'2'.repeat(87)}`,
      `ml-dsa-65:${'z'.repeat(2666)}`,
      'ed25519:11111111111111111111111111111111',
    ),
  },
  text,
  text.map((each) => `ed25519:${each}`),
)
const signature = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .oneof(fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.uint8Array({ minLength: 62, maxLength: 66 }))
      .chain((bytes) =>
        oneOf('base64', 'base64url', 'hex').map((encoding) => Buffer.from(bytes).toString(encoding)),
      ),
  },
  { weight: 1, arbitrary: oneOf(Buffer.alloc(3309).toString('base64'), `ed25519:${'2'.repeat(87)}`) },
  text,
)
const state = fc.oneof(
  {
    weight: 6,
    arbitrary: oneOf(undefined, '', 'A'.repeat(22), 'A'.repeat(22), 'A'.repeat(64), 'A'.repeat(65)),
  },
  text,
)
const sometimes = (arbitrary) => fc.oneof({ weight: 15, arbitrary }, { weight: 1, arbitrary: value })

/** A body as a parser may return it. */
export const body = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record(
      {
        accountId: sometimes(accountId),
        publicKey: sometimes(publicKey),
        signature: sometimes(signature),
        state: sometimes(state),
        error: value,
      },
      { requiredKeys: [], noNullPrototype: false },
    ),
  },
  { weight: 1, arbitrary: value },
)

const formField = fc.tuple(
  fc.oneof(oneOf('accountId', 'publicKey', 'signature', 'state', 'error'), text),
  oneOf('', '[]', '[0]', '[a]', '[__proto__]', '[toString]', '.x', '[[', ']'),
  fc.oneof(accountId, publicKey, signature, text),
  fc.boolean(),
)

/** Form bodies, well-formed and malformed. */
export const formText = fc.oneof(
  fc.array(formField, { maxLength: 8 }).map((fields) =>
    fields
      .map(([name, suffix, fieldValue, encoded]) => {
        const written = encoded ? encodeURIComponent(fieldValue.toWellFormed()) : fieldValue
        return `${name}${suffix}=${written}`
      })
      .join('&'),
  ),
  text,
)

/** Valid JSON, JSON with a mistake, and other text. */
export const jsonText = fc.oneof(
  { weight: 4, arbitrary: body.map((each) => tryJson(each)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        body.map((each) => tryJson(each)),
        fc.nat(),
        fc.string({ maxLength: 3 }),
      )
      .map(([json, at, insert]) => splice(json, at, insert)),
  },
  { weight: 1, arbitrary: text },
)

function tryJson(each) {
  try {
    return JSON.stringify(each) ?? 'null'
  } catch {
    return '{"signature":{"length":1000000000}}'
  }
}

const splice = (original, at, insert) => {
  const index = original.length === 0 ? 0 : at % original.length
  return original.slice(0, index) + insert + original.slice(index + insert.length)
}

/** Header values that HTTP accepts. */
const headerValue = fc.oneof(
  fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
    maxLength: 200,
  }),
  oneOf(
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'application/json; charset=utf-16',
    'gzip',
    'br',
    'evil.example.com',
    '1000000000',
    '-1',
    '*/*',
    'Basic Og==',
  ),
)
const headerName = fc.oneof(
  oneOf(
    'host',
    'origin',
    'referer',
    'cookie',
    'authorization',
    'x-forwarded-host',
    'x-forwarded-for',
    'forwarded',
    'accept',
    'accept-encoding',
    'content-encoding',
    'content-language',
    'user-agent',
    'range',
    'if-none-match',
    'x-http-method-override',
    'x-requested-with',
  ),
  fc
    .string({ unit: oneOf(...'abcdefghijklmnopqrstuvwxyz-'), minLength: 1, maxLength: 20 })
    .map((name) => `x-${name}`),
)
export const headers = fc.dictionary(headerName, headerValue, { maxKeys: 5 })

export const contentType = fc.oneof(
  { weight: 3, arbitrary: oneOf('json', 'form') },
  { weight: 1, arbitrary: headerValue.map((each) => ({ type: each })) },
)

/** One change to a text, at any position. */
export const change = fc.record({
  how: oneOf(
    'flip',
    'insert',
    'delete',
    'replace',
    'cut',
    'swap',
    'double',
    'upper',
    'lower',
    'pad',
    'trim',
    'prefix',
  ),
  at: fc.nat(),
  with: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
    oneOf('=', '1', 'A', ' ', '\n', '\0', ':', '-', '_', '+', '/', '0x', 'ed25519:', 'secp256k1:'),
  ),
})

/** Applies a change to a text; the result may equal the text. */
export function applyChange(original, { how, at, with: inserted }) {
  const index = original.length === 0 ? 0 : at % original.length
  const [head, tail] = [original.slice(0, index), original.slice(index)]
  switch (how) {
    case 'flip':
      return head + String.fromCharCode((tail.charCodeAt(0) || 0) ^ (1 << (at % 7))) + tail.slice(1)
    case 'insert':
      return head + inserted + tail
    case 'delete':
      return head + tail.slice(1)
    case 'replace':
      return head + inserted + tail.slice(inserted.length)
    case 'cut':
      return head
    case 'swap':
      return head + tail.slice(1, 2) + tail.slice(0, 1) + tail.slice(2)
    case 'double':
      return original + original
    case 'upper':
      return original.toUpperCase()
    case 'lower':
      return original.toLowerCase()
    case 'pad':
      return original + inserted
    case 'trim':
      return original.replace(/[=]+$/, '')
    default:
      return inserted + original
  }
}

const PERMISSIONS = [
  'FullAccess',
  'fullaccess',
  { FullAccess: {} },
  { GasKeyFullAccess: {} },
  { GasKeyFullAccess: { balance: '1', num_nonces: 1 } },
  { GasKeyFullAccess: null },
  { GasKeyFullAccess: [] },
  { FunctionCall: {} },
  { FunctionCall: true },
  { GasKeyFunctionCall: { allowance: null } },
  { GasKeyFullAccess: {}, FunctionCall: {} },
  ['FullAccess'],
  true,
  null,
]
export const permission = fc.oneof({ weight: 2, arbitrary: oneOf(...PERMISSIONS) }, value)

const absence = oneOf(
  'access key ed25519:x does not exist while viewing',
  'account alice.test does not exist while viewing',
  'access key  does not exist',
  'does not exist',
  'FullAccess',
)
const cause = oneOf(
  'UNKNOWN_ACCESS_KEY',
  'UNKNOWN_ACCOUNT',
  'UNAVAILABLE_SHARD',
  'NO_SYNCED_BLOCKS',
  'TIMEOUT_ERROR',
  'FullAccess',
)
const json = fc.jsonValue()
const result = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record(
      {
        nonce: oneOf(0, 1, '1'),
        permission: fc.oneof(oneOf(...PERMISSIONS), json),
        error: fc.oneof(absence, json),
        block_hash: fc.oneof(oneOf('1'.repeat(32)), json),
        block_height: oneOf(1),
        logs: oneOf([]),
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: json },
)
const error = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record(
      {
        name: oneOf('HANDLER_ERROR', 'REQUEST_VALIDATION_ERROR', 'x'),
        cause: fc.oneof(fc.record({ name: cause, info: json }, { requiredKeys: [] }), json),
        code: oneOf(-32000, -429),
        data: fc.oneof(absence, json),
        message: fc.oneof(absence, json),
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: json },
)

/**
 * A node's response. The `id` is a placeholder for the request's own id, so that most responses get past the
 * id check.
 */
export const ID = 'the id of the request'
export const nodeAnswer = fc.record({
  status: fc.oneof(
    { weight: 30, arbitrary: oneOf(200) },
    oneOf(201, 203, 206, 299, 300, 302, 307, 400, 401, 403, 404, 408, 422, 429, 500, 502, 503, 599),
  ),
  headers: fc.dictionary(
    oneOf('content-type', 'location', 'retry-after', 'content-encoding', 'set-cookie', 'x-a'),
    headerValue.filter((each) => each.trim() !== ''),
    { maxKeys: 2 },
  ),
  body: fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record(
        { jsonrpc: oneOf('2.0'), id: fc.oneof({ weight: 9, arbitrary: oneOf(ID) }, json), result, error },
        { requiredKeys: ['id'] },
      ),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        jsonrpc: oneOf('2.0'),
        id: oneOf(ID),
        result: fc.oneof(
          fc.record({
            nonce: oneOf(1),
            permission: oneOf(...PERMISSIONS),
            block_hash: oneOf('1'.repeat(32)),
          }),
          fc.record({ error: absence, logs: oneOf([]) }),
          result,
        ),
      }),
    },
    { weight: 4, arbitrary: fc.record({ jsonrpc: oneOf('2.0'), id: oneOf(ID), error }) },
    {
      weight: 1,
      arbitrary: fc.oneof(
        json,
        text.map((each) => ({ raw: each })),
      ),
    },
  ),
  // Rare, because each one takes the whole timeout.
  silence: fc.oneof(
    { weight: 1500, arbitrary: oneOf(undefined) },
    { weight: 1, arbitrary: oneOf('hang', 'stall') },
    { weight: 30, arbitrary: oneOf('reset') },
  ),
})

/** A challenge from a session, or another value in its place. */
export const stored = (good) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant(good) },
    {
      weight: 6,
      arbitrary: fc
        .record({
          field: oneOf(
            'state',
            'nonce',
            'message',
            'callbackUrl',
            'issuedAt',
            'expiresAt',
            'purpose',
            'issuedTo',
            'other',
          ),
          to: fc.oneof(
            value,
            change,
            oneOf(0, -1, Number.MAX_VALUE, String(good.issuedAt), good.nonce.replace(/=$/, '')),
          ),
        })
        .map(({ field, to }) => ({
          ...good,
          [field]: isChange(to) ? applyChange(String(good[field]), to) : to,
        })),
    },
    { weight: 2, arbitrary: value },
  )

export const isChange = (each) => typeof each === 'object' && each !== null && 'how' in each && 'at' in each
