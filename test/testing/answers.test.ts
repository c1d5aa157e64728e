import { createHash } from 'node:crypto'
import bs58 from 'bs58'
import { TestNetwork, type Failure, type TestAccount } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

let network: TestNetwork
let alice: TestAccount
beforeEach(async () => {
  network = await TestNetwork.start()
  alice = await network.createAccount('alice.test')
})
afterEach(() => network.stop())

const post = (body: unknown): Promise<Response> =>
  fetch(network.rpcUrl, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })

const call = async (method: string, params?: unknown): Promise<{ status: number; body: unknown }> => {
  const response = await post({ jsonrpc: '2.0', id: 7, method, params })
  return { status: response.status, body: await response.json() }
}

const hashOf = (text: string): string => bs58.encode(createHash('sha256').update(text).digest())
const zeros = '1'.repeat(32)

describe('the identity of a test network', () => {
  const self = {
    version: {
      version: '2.13.0',
      build: 'passport-near-testing',
      commit: 'passport-near-testing',
      rustc_version: '1.86.0',
    },
    chain_id: 'mainnet',
    protocol_version: 85,
    latest_protocol_version: 85,
    rpc_addr: '127.0.0.1',
    genesis_hash: hashOf('genesis'),
    node_public_key: `ed25519:${hashOf('node')}`,
    node_key: null,
    validator_account_id: null,
    validator_public_key: null,
    validators: [],
    sync_info: {
      latest_block_hash: hashOf('block 3'),
      latest_block_height: 3,
      latest_state_root: hashOf('state 3'),
      latest_block_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      syncing: false,
    },
    uptime_sec: expect.any(Number) as number,
  }

  it("equals nearcore's, by method and path", async () => {
    expect(await call('status')).toEqual({ status: 200, body: { jsonrpc: '2.0', id: 7, result: self } })
    const response = await fetch(`${network.rpcUrl}/status`)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual(self)
  })

  it("is missing at other paths and methods, except for a browser's preflight request", async () => {
    expect((await fetch(`${network.rpcUrl}/`)).status).toBe(405)
    expect((await fetch(`${network.rpcUrl}/status`, { method: 'PUT' })).status).toBe(405)
    const preflight = await fetch(network.rpcUrl, { method: 'OPTIONS' })
    expect(preflight.status).toBe(204)
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'content-type, authorization',
      'access-control-allow-methods': 'GET, POST, OPTIONS',
    })
  })
})

describe('a block', () => {
  const header = (height: number, previous: number | null): object => ({
    height,
    hash: hashOf(`block ${height}`),
    prev_height: previous,
    prev_hash: previous === null ? zeros : hashOf(`block ${previous}`),
    epoch_id: hashOf('epoch'),
    next_epoch_id: hashOf('next epoch'),
    prev_state_root: hashOf(`state ${height - 1}`),
    chunk_receipts_root: zeros,
    chunk_headers_root: zeros,
    chunk_tx_root: zeros,
    outcome_root: zeros,
    chunks_included: 0,
    challenges_root: zeros,
    challenges_result: [],
    timestamp: expect.any(Number) as number,
    timestamp_nanosec: expect.stringMatching(/^\d{13}000000$/) as string,
    random_value: hashOf(`random ${height}`),
    rent_paid: '0',
    validator_reward: '0',
    validator_proposals: [],
    chunk_mask: [],
    gas_price: '100000000',
    block_ordinal: height,
    total_supply: '1000000000000000000000000000000000',
    last_final_block: hashOf(`block ${height}`),
    last_ds_final_block: hashOf(`block ${height}`),
    next_bp_hash: hashOf('block producers'),
    block_merkle_root: hashOf(`blocks ${height}`),
    epoch_sync_data_hash: null,
    approvals: [],
    signature: `ed25519:${'1'.repeat(64)}`,
    latest_protocol_version: 85,
  })

  it.each<[unknown, number, number | null]>([
    [{ finality: 'final' }, 3, 2],
    [{ finality: 'near-final' }, 3, 2],
    [{ finality: 'optimistic' }, 3, 2],
    [{ sync_checkpoint: 'genesis' }, 3, 2],
    [{ sync_checkpoint: 'earliest_available' }, 3, 2],
    [{ block_id: 2 }, 2, 1],
    [[hashOf('block 1')], 1, null],
    [{ block_id: 1 }, 1, null],
  ])('by %j', async (params, height, previous) => {
    const result = { author: 'validator.test', header: header(height, previous), chunks: [] }
    const before = Date.now()
    const answer = await call('block', params)
    expect(answer).toEqual({ status: 200, body: { jsonrpc: '2.0', id: 7, result } })
    const { timestamp } = (answer.body as { result: { header: { timestamp: number } } }).result.header
    expect(Math.round(timestamp / 1e6)).toBeLessThanOrEqual(Date.now())
    if (height === 3) expect(Math.round(timestamp / 1e6)).toBeGreaterThanOrEqual(before)
  })

  it('keeps its time when the next block is made, and the latest has the current time', async () => {
    const timeOf = async (params: object): Promise<bigint> => {
      const { body } = await call('block', params)
      return BigInt(
        (body as { result: { header: { timestamp_nanosec: string } } }).result.header.timestamp_nanosec,
      )
    }
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const began = Date.now()
      alice.addKey()
      vi.setSystemTime(began + 5000)
      expect(await timeOf({ finality: 'final' })).toBe(BigInt(began + 5000) * 1_000_000n)
      expect(await timeOf({ block_id: 3 })).toBe(BigInt(began) * 1_000_000n)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('an unsupported request', () => {
  const parseError = (explanation: string): object => ({
    name: 'REQUEST_VALIDATION_ERROR',
    cause: { name: 'PARSE_ERROR', info: { error_message: explanation } },
    code: -32700,
    message: 'Parse error',
    data: explanation,
  })
  const unsupported = (what: 'method' | 'request_type', value?: string): object => {
    const explanation = `TestNetwork does not support the ${what} ${JSON.stringify(value)}; it answers query (view_account, view_access_key, view_access_key_list, call_function), block and status`
    return {
      name: 'REQUEST_VALIDATION_ERROR',
      cause: { name: 'PARSE_ERROR', info: { error_message: explanation } },
      code: -32601,
      message: explanation,
      data: explanation,
    }
  }
  const query = (params: object): object => ({
    id: 7,
    method: 'query',
    params: { finality: 'final', ...params },
  })

  it.each<[string, unknown, number, unknown, object]>([
    ['no JSON', '{', 400, null, parseError('Failed parsing args: the body is not JSON')],
    ['an array', '[]', 400, null, parseError('Failed parsing args: the body is not a request')],
    ['null', 'null', 400, null, parseError('Failed parsing args: the body is not a request')],
    ['a string', '"x"', 400, null, parseError('Failed parsing args: the body is not a request')],
    [
      'no account',
      query({ request_type: 'view_account' }),
      400,
      7,
      parseError('Failed parsing args: the account id is not valid'),
    ],
    [
      'an account in an array',
      query({ request_type: 'view_account', account_id: ['alice.test'] }),
      400,
      7,
      parseError('Failed parsing args: the account id is not valid'),
    ],
    [
      'an unknown view',
      query({ request_type: 'x', account_id: 'alice.test' }),
      200,
      7,
      unsupported('request_type', 'x'),
    ],
    [
      'a view of a contract without arguments',
      query({ request_type: 'call_function', account_id: 'alice.test', method_name: 'x' }),
      400,
      7,
      parseError('Failed parsing args: method_name and args_base64 must be strings'),
    ],
    [
      'a view of the contract of a missing account',
      query({ request_type: 'call_function', account_id: 'absent.test', method_name: 'x', args_base64: '' }),
      200,
      7,
      {
        name: 'HANDLER_ERROR',
        cause: {
          name: 'UNKNOWN_ACCOUNT',
          info: { requested_account_id: 'absent.test', block_height: 3, block_hash: hashOf('block 3') },
        },
        code: -32000,
        message: 'Server error',
        data: 'account absent.test does not exist while viewing',
      },
    ],
    ['a query without parameters', { id: 7, method: 'query' }, 200, 7, unsupported('request_type')],
    [
      'no key',
      query({ request_type: 'view_access_key', account_id: 'alice.test' }),
      400,
      7,
      parseError('Failed parsing args: the public key is not valid'),
    ],
    [
      'an unknown finality',
      query({ finality: 'x', request_type: 'view_account', account_id: 'alice.test' }),
      400,
      7,
      parseError('Failed parsing args: missing or unknown block_id, finality or sync_checkpoint'),
    ],
    ['another method', { id: 7, method: 'x' }, 200, 7, unsupported('method', 'x')],
    [
      'an unknown block',
      { id: 7, method: 'block', params: { block_id: 99 } },
      422,
      7,
      {
        name: 'HANDLER_ERROR',
        cause: { name: 'UNKNOWN_BLOCK', info: { block_reference: { block_id: 99 } } },
        code: -32000,
        message: 'Server error',
        data: 'DB Not Found Error: the block is not known',
      },
    ],
    [
      'a block before the first',
      { id: 7, method: 'block', params: { block_id: 0 } },
      422,
      7,
      {
        name: 'HANDLER_ERROR',
        cause: { name: 'UNKNOWN_BLOCK', info: { block_reference: { block_id: 0 } } },
        code: -32000,
        message: 'Server error',
        data: 'DB Not Found Error: the block is not known',
      },
    ],
  ])('%s', async (_, body, status, id, error) => {
    const response = await post(body)
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ jsonrpc: '2.0', id, error })
  })
})

describe('an account and its keys', () => {
  it("have nearcore's form", async () => {
    const at = { block_height: 3, block_hash: hashOf('block 3') }
    const about = { account_id: 'alice.test', finality: 'final' }
    const result = async (params: object): Promise<unknown> =>
      ((await call('query', { ...about, ...params })).body as { result: unknown }).result
    expect(await result({ request_type: 'view_account' })).toEqual({
      amount: '100000000000000000000000000',
      locked: '0',
      code_hash: zeros,
      storage_usage: 182,
      storage_paid_at: 0,
      ...at,
    })
    const key = { nonce: 0, permission: 'FullAccess' }
    expect(await result({ request_type: 'view_access_key', public_key: alice.publicKey })).toEqual({
      ...key,
      ...at,
    })
    expect(await result({ request_type: 'view_access_key_list' })).toEqual({
      keys: [{ public_key: alice.publicKey, access_key: key }],
      ...at,
    })
  })

  it('that were added later are missing at earlier blocks', async () => {
    const added = alice.addKey()
    const params = { request_type: 'view_access_key_list', account_id: 'alice.test', block_id: 3 }
    const { body } = await call('query', params)
    expect(JSON.stringify(body)).not.toContain(added)
    expect(JSON.stringify(body)).toContain(alice.publicKey)
    expect((await call('query', { ...params, block_id: 2 })).body).toMatchObject({ result: { keys: [] } })
    expect((await call('query', { ...params, block_id: 1 })).body).toMatchObject({
      error: { cause: { name: 'UNKNOWN_ACCOUNT' } },
    })
  })

  it('reject an invalid key or id with the reason', async () => {
    expect(() => alice.addKey({ publicKey: 'x' })).toThrow(
      new TypeError('TestAccount: a public key must be written as <type>:<base58>'),
    )
    await expect(network.createAccount('X')).rejects.toThrow(
      new TypeError('TestNetwork: an account id has 2 to 64 of a-z, 0-9, and single - _ . between them'),
    )
  })

  it('add no state to a signed message without a state', async () => {
    const signed = await alice.signMessage({ message: 'm', recipient: 'r', nonce: Buffer.alloc(32) })
    expect(Object.keys(signed)).toEqual(['accountId', 'publicKey', 'signature'])
  })
})

describe('a view of a contract', () => {
  const view = async (method: string, args: unknown = {}, account_id = 'dao.test'): Promise<unknown> => {
    const args_base64 = Buffer.from(typeof args === 'string' ? args : JSON.stringify(args)).toString('base64')
    const params = { request_type: 'call_function', account_id, method_name: method, args_base64 }
    const { body } = await call('query', { ...params, finality: 'final' })
    return (body as { result: unknown }).result
  }
  const at = { logs: [], block_height: 5, block_hash: hashOf('block 5') }
  const failed = (error: string): object => ({ error: `wasm execution failed with error: ${error}`, ...at })

  beforeEach(() => {
    network.deployContract('dao.test', {
      echo: (args: unknown, { accountId, chainId, blockTimestamp }) => [
        args,
        accountId,
        chainId,
        typeof blockTimestamp,
      ],
      bytes: () => Buffer.from([0xff, 0x00]),
      nothing: () => undefined,
      fail() {
        throw new Error('a "bad" day')
      },
      failWithText() {
        throw 'a text'
      },
    })
  })

  it('returns the JSON value of the function, as bytes', async () => {
    const text = '[{"a":1},"dao.test","mainnet","bigint"]'
    expect(await view('echo', { a: 1 })).toEqual({ result: [...Buffer.from(text)], ...at })
    expect(await view('bytes')).toEqual({ result: [0xff, 0x00], ...at })
    expect(await view('nothing')).toEqual({ result: [], ...at })
    expect(await view('echo', '')).toMatchObject({ result: [...Buffer.from(text.replace('"a":1', ''))] })
  })

  it.each([
    ['fail', {}, String.raw`HostError(GuestPanic { panic_msg: "a \"bad\" day" })`],
    ['failWithText', {}, 'HostError(GuestPanic { panic_msg: "a text" })'],
    ['toString', {}, 'MethodResolveError(MethodNotFound)'],
    ['echo', '{', 'HostError(GuestPanic { panic_msg: "Failed to deserialize input from JSON." })'],
  ])('of %s with %j is an error in the form of a result', async (method, args, error) => {
    expect(await view(method, args)).toEqual(failed(error))
  })

  it('of an account without a contract says that there is no code', async () => {
    const error = 'CompilationError(CodeDoesNotExist { account_id: AccountId("alice.test") })'
    expect(await view('echo', {}, 'alice.test')).toEqual(failed(error))
  })

  it('takes base58 arguments in the older form', async () => {
    const answer = await call('query', ['call/dao.test/echo', bs58.encode(Buffer.from('{"b":2}'))])
    const { result } = (answer.body as { result: { result: number[] } }).result
    expect(Buffer.from(result).toString()).toContain('{"b":2}')
  })

  it('shows that the account has code, at each block since its deployment', async () => {
    const codeAt = async (block_id: number): Promise<unknown> => {
      const params = { request_type: 'view_account', account_id: 'dao.test', block_id }
      return ((await call('query', params)).body as { result?: { code_hash: string } }).result?.code_hash
    }
    expect(await Promise.all([3, 4, 5].map(codeAt))).toEqual([undefined, zeros, hashOf('code of dao.test')])
  })
})

describe('a failure', () => {
  const request = { jsonrpc: '2.0', id: 7, method: 'status' }

  it.each<[Failure, number, string | null, unknown]>([
    ['html', 200, 'text/html', '<h1>Welcome to nginx!</h1>'],
    ['null', 200, 'application/json', 'null'],
    ['garbage', 200, 'application/json', '\0{"jsonrpc":'],
    ['empty', 200, 'application/json', ''],
    ['redirect', 307, 'application/json', ''],
    [
      'http-429',
      429,
      'application/json',
      { jsonrpc: '2.0', error: { code: -429, message: 'Request failed' }, id: null },
    ],
    [
      'http-302',
      302,
      'application/json',
      { jsonrpc: '2.0', error: { code: -302, message: 'Request failed' }, id: null },
    ],
    [
      'syncing',
      200,
      'application/json',
      {
        jsonrpc: '2.0',
        error: {
          name: 'HANDLER_ERROR',
          cause: { name: 'NO_SYNCED_BLOCKS', info: {} },
          code: -32000,
          message: 'Server error',
          data: 'There are no fully synchronized blocks on the node yet',
        },
        id: 7,
      },
    ],
  ])('by %s equals the failure of a real node', async (how, status, type, body) => {
    network.fail(how)
    const response = await fetch(network.rpcUrl, {
      method: 'POST',
      body: JSON.stringify(request),
      redirect: 'manual',
    })
    expect([response.status, response.headers.get('content-type')]).toEqual([status, type])
    expect(response.headers.get('location')).toBe(how === 'redirect' ? '/elsewhere' : null)
    const text = await response.text()
    expect(typeof body === 'string' ? text : JSON.parse(text)).toEqual(body)
  })

  it('by wrong-id is a good response to another request', async () => {
    const good = (await (await post(request)).json()) as { result: { chain_id: string } }
    network.fail('wrong-id')
    const { id, result } = (await (await post(request)).json()) as { id: unknown } & typeof good
    expect([id, result.chain_id]).toEqual(['another', good.result.chain_id])
  })

  it('by reset ends the connection', async () => {
    network.fail('reset')
    await expect(post(request)).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } })
  })

  it('by hang sends nothing', async () => {
    network.fail('hang')
    const signal = AbortSignal.timeout(100)
    await expect(fetch(network.rpcUrl, { method: 'POST', body: '{}', signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
  })

  it('by stall stops in the middle of the body', async () => {
    network.fail('stall')
    const response = await post(request)
    expect(response.headers.get('content-type')).toBe('application/json')
    const length = Number(response.headers.get('content-length'))
    const reader = response.body!.getReader()
    const { value } = await reader.read()
    expect(value!.length).toBe(Math.floor(length / 2))
    await reader.cancel()
  })

  it('by endless never ends', async () => {
    network.fail('endless')
    const reader = (await post(request)).body!.getReader()
    let bytes = 0
    while (bytes < 5e6) {
      const { value } = await reader.read()
      bytes += value!.length
      expect(value!.every((byte) => byte === 0x20)).toBe(true)
    }
    await reader.cancel()
  })

  it.each(['http-200', 'http-600', 'http-4290', 'xhttp-429', 'toString', ''])('by %j is rejected', (how) => {
    expect(() => network.fail(how as Failure)).toThrow(
      'there is no such failure; expected one of hang, stall, reset, endless, redirect, html, null, garbage, empty, wrong-id, syncing, stale-block, other-block, unknown-block, http-<status>',
    )
  })
})
