import { resolveAuthorization, type ResolvedAuthorization } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { format, resolveConfig } from 'prettier'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi, type RunnerTask } from 'vitest'
import { Cleanup } from '../support/app'
import { answering } from '../support/nodes'
import { Wallet } from '../support/wallet'
import { parsePublicKey } from '../../lib/nep413/signature'
import {
  at,
  authorizeWith,
  BLOCK_HASH,
  blockOf,
  failed,
  handlerError,
  returned,
  startStandIn,
  type Answer,
  type Behaviour,
} from './stand-in'

const cleanup = new Cleanup()
afterEach(async () => {
  vi.useRealTimers()
  await cleanup.run()
})

let network: TestNetwork
let alice: TestAccount
let byKey: string
beforeAll(async () => {
  network = await TestNetwork.start()
  alice = await network.createAccount('alice.test')
  byKey = (await alice.resolveAuth({ payload: 'p', chainId: 'mainnet' })).authorization
})
afterAll(() => network.stop())

type Outcome = ResolvedAuthorization | 'no' | 'cannot tell'

async function resolve(
  behaviour: Behaviour,
  options: Partial<Parameters<typeof resolveAuthorization>[0]> = {},
): Promise<{ outcome: Outcome; kinds: (string | undefined)[] }> {
  const { url, kinds } = await startStandIn(cleanup, behaviour)
  const asked = { accountId: 'dao.test', authorization: 'blob', rpc: url, rpcTimeout: 1000, ...options }
  const outcome = await resolveAuthorization(asked).then(
    (result) => result ?? 'no',
    (error: unknown) => {
      expect(error).toMatchObject({ code: 'ERR_NEAR_RPC_UNAVAILABLE', status: 503 })
      return 'cannot tell' as const
    },
  )
  return { outcome, kinds: kinds() }
}

const silence: Answer = () => undefined
/** Silence is not waited for as long as a response. */
const within = (answer: Answer): object => (answer === silence ? { rpcTimeout: 200 } : {})
const onCall = async (answer: Answer): Promise<Outcome> =>
  (await resolve({ call: () => answer }, within(answer))).outcome
const yes = { payload: 'p', via: 'contract' }
const raw =
  (text: string): Answer =>
  (_, response) =>
    void response.end(text)
/** An answer with spaces after it, up to a size in bytes. */
const ofSize =
  (size: number, answer: object): Answer =>
  ({ id }, response) => {
    const json = JSON.stringify({ jsonrpc: '2.0', id, ...answer })
    response.end(json + ' '.repeat(size - json.length))
  }
const wasm = (text: string): object => failed(`wasm execution failed with error: ${text}`)
const panic = (text: string): object => wasm(`HostError(GuestPanic { panic_msg: "${text}" })`)
const withoutBlock = (answer: object): object =>
  JSON.parse(
    JSON.stringify(answer)
      .replace(/"block_hash":"\w+",?/, '')
      .replace(',}', '}'),
  ) as object
const ofOtherBlock = (answer: object): object =>
  JSON.parse(JSON.stringify(answer).replaceAll(BLOCK_HASH, `${BLOCK_HASH.slice(0, -1)}z`)) as object

describe('a response to the call of a contract', () => {
  it.each<[string, unknown]>([
    ['a payload', { payload: 'p' }],
    ['an empty list of pending authorizations', { payload: 'p', pending: [] }],
    ['unknown fields', { payload: 'p', more: { status: 1 }, pending: [] }],
    ['spaces around', ' {"payload": "p"}\n'],
  ])('with %s is a yes', async (_, value) => {
    expect(await onCall(returned(value))).toEqual(yes)
  })

  it('may have the status 2xx and no logs', async () => {
    const { result } = returned({ payload: 'p' }) as { result: { result: number[] } }
    const bare = { result: { result: result.result, block_hash: BLOCK_HASH } }
    expect(await onCall(answering(bare, 202))).toEqual(yes)
  })

  const pending = (fields: object): object => ({
    payload: 'p',
    pending: [{ account_id: 'a.test', authorization: 'b', expect: 'p', ...fields }],
  })

  it.each<[string, unknown]>([
    ['no bytes', ''],
    ['no JSON', 'x'],
    ['a byte order mark', '\ufeff{"payload":"p"}'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['UTF-16', Buffer.from('{"payload":"p"}', 'utf16le')],
    ['null', 'null'],
    ['a list', ['p']],
    ['a text', '"p"'],
    ['a number', '1'],
    ['no payload', {}],
    ['a payload that is null', { payload: null }],
    ['a payload that is a number', { payload: 1 }],
    ['a payload with a lone surrogate', '{"payload":"\\ud800"}'],
    ['pending authorizations that are null', { payload: 'p', pending: null }],
    ['pending authorizations in an object', { payload: 'p', pending: {} }],
    ['a pending authorization that is null', { payload: 'p', pending: [null] }],
    ['a pending authorization that is a text', { payload: 'p', pending: ['a.test'] }],
    ['a pending authorization of no account', pending({ account_id: undefined })],
    ['a pending authorization of an invalid id', pending({ account_id: 'A.test' })],
    ['a pending authorization without a text', pending({ authorization: undefined })],
    ['a pending authorization with an object', pending({ authorization: {} })],
    ['a pending authorization that expects nothing', pending({ expect: undefined })],
    ['a pending authorization that expects null', pending({ expect: null })],
    ['the status of a draft', { status: 'PENDING', payload: 'p', pending_authorizations: [] }],
    ['the status of a draft that is done', { status: 'RESOLVED', payload: 'p' }],
    ['a status that is null', { payload: 'p', status: null }],
  ])('with %s is a no', async (_, value) => {
    expect(await onCall(returned(value))).toBe('no')
  })

  it.each<[string, object]>([
    ['a panic', panic('invalid signature')],
    [
      'a panic in the form of older nodes',
      wasm('FunctionCallError(HostError(GuestPanic { panic_msg: "x" }))'),
    ],
    ['no such function', wasm('MethodResolveError(MethodNotFound)')],
    ['no code', wasm('CompilationError(CodeDoesNotExist { account_id: AccountId("dao.test") })')],
    ['no gas left', wasm('HostError(GasLimitExceeded)')],
    ['a trap', wasm('WasmTrap(Unreachable)')],
    ['an empty text after the beginning', wasm('')],
    ['an execution error', handlerError('CONTRACT_EXECUTION_ERROR', { vm_error: 'x' })],
    [
      'an execution error in an object',
      handlerError('CONTRACT_EXECUTION_ERROR', { vm_error: { FunctionCallError: 1 } }),
    ],
    ['an account without code', handlerError('NO_CONTRACT_CODE', { contract_account_id: 'dao.test' })],
    ['an account without global code', handlerError('NO_GLOBAL_CONTRACT_CODE')],
    ['no such account', handlerError('UNKNOWN_ACCOUNT', { requested_account_id: 'dao.test' })],
  ])('that is %s is a no, and a no about another block or none is not', async (_, answer) => {
    expect(await onCall(answer)).toBe('no')
    expect(await onCall(withoutBlock(answer))).toBe('cannot tell')
    expect(await onCall(ofOtherBlock(answer))).toBe('cannot tell')
  })

  it.each([
    'account dao.test does not exist while viewing',
    'access key ed25519:x does not exist while viewing',
    'UNKNOWN_BLOCK',
    '{\\"error\\":{\\"name\\":\\"HANDLER_ERROR\\",\\"cause\\":{\\"name\\":\\"UNAVAILABLE_SHARD\\"}}}',
    'wasm execution failed with error: x',
  ])('that is a panic with the text %s is a no', async (text) => {
    expect(await onCall(panic(text))).toBe('no')
  })

  it.each([
    'UNKNOWN_BLOCK',
    'GARBAGE_COLLECTED_BLOCK',
    'UNAVAILABLE_SHARD',
    'NO_SYNCED_BLOCKS',
    'INTERNAL_ERROR',
    'TIMEOUT_ERROR',
    'UNKNOWN_ACCESS_KEY',
    'SOMETHING_NEW',
  ])('with the cause %s cannot tell', async (cause) => {
    expect(await onCall(handlerError(cause))).toBe('cannot tell')
  })

  it.each<[string, Answer]>([
    ['a yes about another block', ofOtherBlock(returned({ payload: 'p' }))],
    ['a yes about no block', withoutBlock(returned({ payload: 'p' }))],
    ['another text', failed('the node is tired')],
    ['the text of a node in the middle', failed('x wasm execution failed with error: y')],
    ['the text about an account', failed('account dao.test does not exist while viewing')],
    ['a text in a list', { result: { error: ['wasm execution failed with error: x'], ...at } }],
    ['bytes and an error', { result: { result: [], error: 'wasm execution failed with error: x', ...at } }],
    ['nothing', { result: at }],
    ['bytes in base64', { result: { result: 'e30=', ...at } }],
    ['bytes in an object', { result: { result: { 0: 123, 1: 125, length: 2 }, ...at } }],
    ['a number above a byte', { result: { result: [256], ...at } }],
    ['a negative number', { result: { result: [-1], ...at } }],
    ['a fraction', { result: { result: [123.5], ...at } }],
    ['a text among the bytes', { result: { result: ['123'], ...at } }],
    ['null among the bytes', { result: { result: [null], ...at } }],
    ['an error without a name', { error: { cause: { name: 'CONTRACT_EXECUTION_ERROR', info: at } } }],
    ['an error of another kind', { error: { name: 'X', cause: { name: 'NO_CONTRACT_CODE', info: at } } }],
    ['an error without details', { error: { name: 'HANDLER_ERROR', cause: { name: 'NO_CONTRACT_CODE' } } }],
    ['an error whose cause is null', { error: { name: 'HANDLER_ERROR', cause: null } }],
    ['a result and an error', { ...returned({ payload: 'p' }), ...handlerError('NO_CONTRACT_CODE') }],
    ['no JSON', raw('<h1>nginx</h1>')],
    ['null', raw('null')],
    ['another question’s', raw('{"id":"x","result":{}}')],
    ['HTTP status 500 with a success', answering(returned({ payload: 'p' }), 500)],
    ['HTTP status 400 with a success', answering(returned({ payload: 'p' }), 400)],
    ['HTTP status 403', answering({}, 403)],
    ['HTTP status 429', answering({}, 429)],
    ['HTTP status 307', (_, response) => void response.writeHead(307, { location: '/' }).end()],
    ['a reset', (_, response) => void response.socket?.resetAndDestroy()],
    ['silence', silence],
  ])('that is %s cannot tell', async (_, answer) => {
    expect(await onCall(answer)).toBe('cannot tell')
  })

  it('may have 256 kB, and one byte more cannot tell', async () => {
    const answer = returned({ payload: 'p' })
    expect(await onCall(ofSize(256 * 1024, answer))).toEqual(yes)
    expect(await onCall(ofSize(256 * 1024 + 1, answer))).toBe('cannot tell')
  })

  it('that never ends is not read on', async () => {
    let sent = 0
    const endless: Answer = (_, response) => {
      const chunk = '['.repeat(64 * 1024)
      const send = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length
      }
      response.on('drain', send)
      send()
    }
    expect(await onCall(endless)).toBe('cannot tell')
    expect(sent).toBeLessThan(8e6)
  })

  it('with JSON of any depth is read', async () => {
    const deep = `{"more":${'['.repeat(20_000)}${']'.repeat(20_000)},"payload":"p"}`
    expect(await onCall(returned(deep))).toEqual(yes)
    expect(await onCall(returned('['.repeat(60_000)))).toBe('no')
  })
})

describe('the block', () => {
  const withBlock = async (answer: Answer): Promise<Outcome> =>
    (await resolve({ block: () => answer }, within(answer))).outcome

  it('is asked for first, at finality final, and each query is about it', async () => {
    const { url, requests } = await startStandIn(cleanup)
    await resolveAuthorization({ accountId: 'dao.test', authorization: '{"a":"é"}', rpc: url })
    expect(requests.map(({ method, params }) => [method, params])).toEqual([
      ['block', { finality: 'final' }],
      [
        'query',
        {
          request_type: 'call_function',
          account_id: 'dao.test',
          method_name: 'w_resolve_auth',
          args_base64: Buffer.from('{"path":[],"authorization":"{\\"a\\":\\"é\\"}"}').toString('base64'),
          block_id: BLOCK_HASH,
        },
      ],
    ])
  })

  it.each(['', 7, null])('with the hash %j, which its answers repeat, cannot tell', async (hash) => {
    const block = (): object => blockOf(Date.now(), hash)
    const call = (): object => ({ result: { result: [...Buffer.from('{"payload":"p"}')], block_hash: hash } })
    expect((await resolve({ block, call })).outcome).toBe('cannot tell')
  })

  it('may have 256 kB', async () => {
    expect(await withBlock(ofSize(256 * 1024, blockOf()))).toEqual(yes)
  })

  it.each<[string, number, Outcome]>([
    ['60 seconds ago is a yes', -60_000, yes as Outcome],
    ['60.001 seconds ago cannot tell', -60_001, 'cannot tell'],
    ['an hour ahead is a yes', 3_600_000, yes as Outcome],
  ])('of %s', async (_, offset, expected) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    expect(await withBlock(blockOf(Date.now() + offset))).toEqual(expected)
  })

  const header = (fields: object): object => ({
    result: { header: { ...(blockOf() as { result: { header: object } }).result.header, ...fields } },
  })

  it.each<[string, Answer]>([
    ['without a hash', header({ hash: undefined })],
    ['with an empty hash', header({ hash: '' })],
    ['with a number for a hash', header({ hash: 7 })],
    ['without its exact time', header({ timestamp_nanosec: undefined })],
    ['with its time as a number', header({ timestamp_nanosec: Date.now() * 1e6 })],
    ['with a time that is no number', header({ timestamp_nanosec: '0x7fffffffffffffff' })],
    ['with a time of 21 digits', header({ timestamp_nanosec: '9'.repeat(21) })],
    ['without a header', { result: {} }],
    ['with null for a header', { result: { header: null } }],
    ['with an error', handlerError('NO_SYNCED_BLOCKS')],
    ['of more than 256 kB', ofSize(256 * 1024 + 1, blockOf())],
    ['with HTTP status 500', answering(blockOf(), 500)],
    ['that never comes', silence],
  ])('%s cannot tell', async (_, answer) => {
    expect(await withBlock(answer)).toBe('cannot tell')
  })
})

describe('the reason for an operator', () => {
  const other = `${BLOCK_HASH.slice(0, -1)}z`
  it.each<[string, Behaviour]>([
    ['an unknown result', { call: () => failed('x') }],
    ['an error that is not about the contract', { call: () => handlerError('X') }],
    ['a response about another block', { call: () => ({ result: { result: [], block_hash: other } }) }],
    ['a node that does not know the block', { call: () => handlerError('UNKNOWN_BLOCK') }],
    ['a response of more than 262144 bytes', { call: () => raw(' '.repeat(256 * 1024 + 1)) }],
    ['a response that is not a block', { block: () => ({ result: {} }) }],
    ['a block without a hash or a time', { block: () => ({ result: { header: {} } }) }],
    ['a block of more than 60 seconds ago', { block: () => blockOf(Date.now() - 61_000) }],
    ['HTTP status 429', { call: () => answering({}, 429) }],
    ['no response in time', { call: () => () => undefined }],
  ])('is %s', async (reason, behaviour) => {
    const { url } = await startStandIn(cleanup, behaviour)
    const asked = { accountId: 'dao.test', authorization: 'blob', rpc: url, rpcTimeout: 300 }
    await expect(resolveAuthorization(asked)).rejects.toThrow(`(Endpoint 1 of 1: ${reason})`)
  })
})

describe('an authorization by an access key', () => {
  const withKey = (
    key: Answer,
    behaviour: Behaviour = {},
    options: object = {},
  ): ReturnType<typeof resolve> =>
    resolve(
      { key: () => key, call: () => panic('JSON'), ...behaviour },
      { accountId: 'alice.test', authorization: byKey, ...options },
    )
  const permission = (value: unknown): object => ({ result: { permission: value, nonce: 0, ...at } })
  const noKey = failed('access key x does not exist while viewing')

  it.each(['FullAccess', { GasKeyFullAccess: { balance: '1', num_nonces: 1 } }])(
    'with the permission %j is a yes, and no contract is asked',
    async (value) => {
      const { outcome, kinds } = await withKey(permission(value))
      expect(outcome).toEqual({ payload: 'p', via: 'access-key', publicKey: alice.publicKey })
      expect(kinds).toEqual(['block', 'view_access_key'])
    },
  )

  it.each<[string, Answer]>([
    [
      'a function-call key',
      permission({ FunctionCall: { receiver_id: 'x', method_names: [], allowance: null } }),
    ],
    ['a gas key for function calls', permission({ GasKeyFunctionCall: {} })],
    ['no such key', noKey],
    ['no such key, as an error', handlerError('UNKNOWN_ACCESS_KEY', { public_key: 'x' })],
    ['no such account', failed('account alice.test does not exist while viewing')],
    ['no such account, as an error', handlerError('UNKNOWN_ACCOUNT')],
  ])('with %s leaves the decision to the contract', async (_, answer) => {
    expect(await withKey(answer)).toEqual({
      outcome: 'no',
      kinds: ['block', 'view_access_key', 'call_function'],
    })
    const { outcome } = await withKey(answer, { call: () => returned({ payload: 'p' }) })
    expect(outcome).toEqual(yes)
    for (const wrong of [withoutBlock(answer), ofOtherBlock(answer)])
      expect((await withKey(wrong)).outcome).toBe('cannot tell')
  })

  it.each<[string, Answer]>([
    ['an unknown permission', permission('Everything')],
    ['a yes about another block', ofOtherBlock(permission('FullAccess'))],
    ['a yes about no block', withoutBlock(permission('FullAccess'))],
    ['another text', failed('x access key y does not exist while viewing')],
    ['an unavailable shard', handlerError('UNAVAILABLE_SHARD')],
    ['silence', silence],
  ])('with %s cannot tell, whatever the contract says', async (_, answer) => {
    const { outcome } = await withKey(answer, { call: () => returned({ payload: 'p' }) }, within(answer))
    expect(outcome).toBe('cannot tell')
  })

  it('may be looked up in 64 kB, and one byte more cannot tell', async () => {
    const { outcome } = await withKey(ofSize(64 * 1024, permission('FullAccess')))
    expect(outcome).toMatchObject({ via: 'access-key' })
    expect((await withKey(ofSize(64 * 1024 + 1, permission('FullAccess')))).outcome).toBe('cannot tell')
  })

  it.each<[string, Parameters<TestAccount['resolveAuth']>[0], object]>([
    ['of another account', { payload: 'p', chainId: 'mainnet' }, { accountId: 'eve.test' }],
    ['of another network', { payload: 'p', chainId: 'testnet' }, {}],
  ])('%s is not looked up', async (_, challenge, options) => {
    const { authorization } = await alice.resolveAuth(challenge)
    expect(await withKey(permission('FullAccess'), {}, { authorization, ...options })).toEqual({
      outcome: 'no',
      kinds: ['block', 'call_function'],
    })
  })

  describe('of an implicit account', () => {
    const wallet = new Wallet()
    const key = parsePublicKey(wallet.publicKey)!
    const accountId = Buffer.from(key.bytes).toString('hex')
    const asked = { accountId, authorization: authorizeWith(wallet, accountId) }

    it('that is absent is a yes with allowImplicit, and else a no', async () => {
      const { outcome, kinds } = await withKey(noKey, {}, { ...asked, allowImplicit: true })
      expect(outcome).toMatchObject({ via: 'access-key' })
      expect(kinds).toEqual(['block', 'view_access_key', 'view_account'])
      expect(await withKey(noKey, {}, asked)).toMatchObject({ outcome: 'no' })
    })

    it('that is absent by the first response needs no second one', async () => {
      const absent = failed(`account ${accountId} does not exist while viewing`)
      const { outcome, kinds } = await withKey(absent, {}, { ...asked, allowImplicit: true })
      expect(outcome).toMatchObject({ via: 'access-key' })
      expect(kinds).toEqual(['block', 'view_access_key'])
    })

    it('that exists without the key is a no, at the same block', async () => {
      const account = (): object => ({ result: { amount: '1', ...at } })
      const { outcome, kinds } = await withKey(noKey, { account }, { ...asked, allowImplicit: true })
      expect(outcome).toBe('no')
      expect(kinds).toEqual(['block', 'view_access_key', 'view_account', 'call_function'])
      const other = (): object => ofOtherBlock(handlerError('UNKNOWN_ACCOUNT'))
      expect((await withKey(noKey, { account: other }, { ...asked, allowImplicit: true })).outcome).toBe(
        'cannot tell',
      )
    })
  })
})

it('README.md lists each answer and its outcome', async ({ task }) => {
  const OUTCOME = /^(.*?)(?: is (?=a yes|a no|not looked)| (?=cannot tell|leaves ))(.*)$/
  const rows = (suite: RunnerTask): string[] =>
    suite.type === 'suite'
      ? suite.tasks.flatMap((each) => {
          const match = each.type === 'test' ? OUTCOME.exec(each.name) : undefined
          return match ? [`| ${match.slice(1).join(' | ').replaceAll('<', '\\<')} |`] : []
        })
      : []
  const text = [
    '# What each answer of a node means (NEP-641)',
    '',
    'A yes goes on to the comparison of the payload. A no is 401 `ERR_NEAR_AUTHORIZATION_INVALID`, and final. An',
    'endpoint that cannot tell is followed by the next one; without another one the login is 503',
    '`ERR_NEAR_RPC_UNAVAILABLE`. Each row is a test.',
    '',
    '`npx vitest run test/nep641/responses.test.ts -u` writes this page.',
    ...task.file.tasks
      .filter((suite) => rows(suite).length > 0)
      .flatMap((suite) => [
        '',
        `## ${suite.name}`,
        '',
        '| answer | outcome |',
        '| --- | --- |',
        ...rows(suite),
      ]),
  ].join('\n')
  const options = await resolveConfig('test/nep641/README.md')
  await expect(await format(text, { ...options, parser: 'markdown' })).toMatchFileSnapshot('README.md')
})
