import { Near } from 'near-kit'
import * as jsonRpc from '@near-js/jsonrpc-client'
import { JsonRpcProvider, KeyPair } from 'near-api-js'
import { hashPayload, verifySignature } from 'passport-near'
import { TestNetwork, type Failure, type TestAccount } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let network: TestNetwork
let alice: TestAccount

beforeEach(async () => {
  network = await TestNetwork.start()
  alice = await network.createAccount('alice.test')
})
afterEach(() => network.stop())

async function post(body: unknown): Promise<{ status: number; body: object }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(network.rpcUrl, { method: 'POST', body: text })
  return { status: response.status, body: (await response.json()) as object }
}

const call = (method: string, params: unknown): ReturnType<typeof post> =>
  post({ jsonrpc: '2.0', id: 'x', method, params })
const query = (params: object): ReturnType<typeof post> => call('query', { finality: 'final', ...params })

describe('near-api-js uses it', () => {
  const provider = (): JsonRpcProvider => new JsonRpcProvider({ url: network.rpcUrl })

  it('for keys, the list of keys and accounts', async () => {
    const limited = alice.addKey({ permission: 'FunctionCall' })
    const key = (publicKey: string): Promise<{ permission: unknown }> =>
      provider().viewAccessKey({ accountId: 'alice.test', publicKey: publicKey })
    expect((await key(alice.publicKey)).permission).toBe('FullAccess')
    expect((await key(limited)).permission).toMatchObject({ FunctionCall: { receiver_id: 'app.test' } })
    const { keys } = await provider().viewAccessKeyList({ accountId: 'alice.test' })
    expect(keys.map((listed) => listed.public_key)).toEqual([alice.publicKey, limited])
    expect(String((await provider().viewAccount({ accountId: 'alice.test' })).amount)).toBe(
      '100000000000000000000000000',
    )
  })

  it('and recognizes a missing key or account', async () => {
    const publicKey = KeyPair.fromRandom('ED25519').getPublicKey()
    await expect(provider().viewAccessKey({ accountId: 'alice.test', publicKey })).rejects.toThrow(
      /does not exist/,
    )
    await expect(provider().viewAccount({ accountId: 'nobody.test' })).rejects.toThrow(
      /does not exist|nobody\.test/,
    )
    await expect(provider().viewAccessKey({ accountId: 'absent.test', publicKey })).rejects.toThrow(
      /does not exist/,
    )
    await expect(provider().viewAccessKeyList({ accountId: 'absent.test' })).rejects.toThrow(
      /does not exist|absent\.test/,
    )
  })

  it('for its status and its blocks', async () => {
    const status = await provider().viewNodeStatus()
    expect(status.chain_id).toBe('mainnet')
    const block = await provider().viewBlock({ finality: 'final' })
    expect(block.header.height).toBe(status.sync_info.latest_block_height)
    const same = await provider().viewBlock({ blockId: block.header.hash })
    expect(same.header.hash).toBe(block.header.hash)
  })
})

describe('@near-js/jsonrpc-client, which validates every response, reads', () => {
  const client = (): jsonRpc.NearRpcClient => new jsonRpc.NearRpcClient(network.rpcUrl)

  it('the status and the block', async () => {
    const status = await jsonRpc.status(client())
    expect(status.chainId).toBe('mainnet')
    const block = await jsonRpc.block(client(), { finality: 'final' })
    expect(block.header.hash).toBe(status.syncInfo.latestBlockHash)
  })

  it('an account, its key and its keys', async () => {
    const at = { accountId: 'alice.test', finality: 'final' as const }
    expect(await jsonRpc.viewAccount(client(), at)).toMatchObject({ locked: '0' })
    const { publicKey } = alice
    expect(await jsonRpc.viewAccessKey(client(), { ...at, publicKey })).toMatchObject({
      permission: 'FullAccess',
    })
    const list = await jsonRpc.query(client(), { requestType: 'view_access_key_list', ...at })
    expect(list).toMatchObject({ keys: [{ publicKey }] })
  })

  it('a missing account and a missing key', async () => {
    const publicKey = `ed25519:${'1'.repeat(32)}`
    for (const accountId of ['alice.test', 'absent.test']) {
      await expect(
        jsonRpc.viewAccessKey(client(), { accountId, publicKey, finality: 'final' }),
      ).rejects.toThrow(jsonRpc.JsonRpcClientError)
    }
    await expect(
      jsonRpc.viewAccount(client(), { accountId: 'absent.test', finality: 'final' }),
    ).rejects.toMatchObject({ data: 'account absent.test does not exist while viewing' })
  })

  it('the result of a contract', async () => {
    network.deployContract('token.test', { total_supply: () => '1000' })
    const view = { methodName: 'total_supply', finality: 'final' } as const
    const { result } = await jsonRpc.viewFunction(client(), { accountId: 'token.test', ...view })
    expect(Buffer.from(result).toString()).toBe('"1000"')
    const calling = jsonRpc.viewFunction(client().withConfig({ retries: 0 }), {
      accountId: 'alice.test',
      ...view,
    })
    await expect(calling).rejects.toThrow(/CodeDoesNotExist/)
  })
})

it('near-api-js shows the unsupported request', async () => {
  const provider = new JsonRpcProvider({ url: network.rpcUrl })
  await expect(provider.viewGasPrice()).rejects.toThrow(/TestNetwork does not support the method "gas_price"/)
})

it.each([
  [
    'near-api-js',
    (contractId: string, args: Record<string, unknown>): Promise<unknown> =>
      new JsonRpcProvider({ url: network.rpcUrl }).callFunction({ contractId, method: 'sum', args }),
  ],
  [
    'near-kit',
    (contractId: string, args: Record<string, unknown>): Promise<unknown> =>
      new Near({ network: { rpcUrl: network.rpcUrl, networkId: 'localnet' } }).view(contractId, 'sum', args),
  ],
])('%s reads the result of a contract, and the reason of a failure', async (_, view) => {
  network.deployContract('math.test', {
    sum({ a, b }: { a: number; b: number }) {
      if (a < 0) throw new Error('a is negative')
      return { sum: a + b }
    },
  })
  expect(await view('math.test', { a: 1, b: 2 })).toEqual({ sum: 3 })
  await expect(view('math.test', { a: -1, b: 2 })).rejects.toThrow(/a is negative/)
  await expect(view('alice.test', {})).rejects.toThrow(/CodeDoesNotExist/)
})

describe('near-kit uses it', () => {
  const near = (): Near => new Near({ network: { rpcUrl: network.rpcUrl, networkId: 'localnet' } })

  it('for keys and accounts', async () => {
    const funded = alice.addKey({ permission: 'GasKeyFunctionCall' })
    expect((await near().getAccessKey('alice.test', alice.publicKey))?.permission).toBe('FullAccess')
    expect((await near().getAccessKey('alice.test', funded))?.permission).toMatchObject({
      GasKeyFunctionCall: {},
    })
    expect(await near().getAccessKey('alice.test', `ed25519:${'1'.repeat(32)}`)).toBeNull()
    expect(await near().accountExists('alice.test')).toBe(true)
    expect(await near().accountExists('nobody.test')).toBe(false)
  })

  it('for its status and its blocks', async () => {
    expect(await near().getStatus()).toMatchObject({ chain_id: 'mainnet' })
    expect((await near().rpc.getBlock({ finality: 'final' })).header.height).toBeGreaterThan(0)
  })
})

describe('it responds like nearcore', () => {
  it('about a key: the permission and the block', async () => {
    const { status, body } = await query({
      request_type: 'view_access_key',
      account_id: 'alice.test',
      public_key: alice.publicKey,
    })
    expect(status).toBe(200)
    expect(body).toEqual({
      jsonrpc: '2.0',
      id: 'x',
      result: {
        nonce: 0,
        permission: 'FullAccess',
        block_height: expect.any(Number) as number,
        block_hash: expect.any(String) as string,
      },
    })
  })

  it('about a key in another spelling', async () => {
    const public_key = alice.publicKey.replace('ed25519', 'ED25519')
    const { body } = await query({ request_type: 'view_access_key', account_id: 'alice.test', public_key })
    expect(body).toMatchObject({ result: { permission: 'FullAccess' } })
  })

  const absentKey = `ed25519:${'1'.repeat(32)}`
  it.each([
    ['a missing key', 'alice.test', `access key ${absentKey} does not exist while viewing`],
    ['a key of a missing account', 'absent.test', 'account absent.test does not exist while viewing'],
  ])('about %s: a result with an error', async (_, account_id, error) => {
    const request = { request_type: 'view_access_key', account_id, public_key: absentKey }
    const { status, body } = await query(request)
    expect(status).toBe(200)
    expect(body).toMatchObject({ result: { error, logs: [] } })
    expect(Object.keys((body as { result: object }).result).sort()).toEqual([
      'block_hash',
      'block_height',
      'error',
      'logs',
    ])
  })

  it.each(['view_account', 'view_access_key_list'])(
    'to %s of a missing account: UNKNOWN_ACCOUNT',
    async (request_type) => {
      const { status, body } = await query({ request_type, account_id: 'absent.test' })
      expect(status).toBe(200)
      expect(body).toMatchObject({
        error: {
          name: 'HANDLER_ERROR',
          cause: { name: 'UNKNOWN_ACCOUNT', info: { requested_account_id: 'absent.test' } },
          code: -32000,
          data: 'account absent.test does not exist while viewing',
          message: 'Server error',
        },
      })
    },
  )

  it('about an earlier block, by height and by hash', async () => {
    const head = await call('block', { finality: 'final' })
    const { height, hash } = (head.body as { result: { header: { height: number; hash: string } } }).result
      .header
    alice.deleteKey(alice.publicKey)
    alice.delete()
    for (const block_id of [height, hash]) {
      const at = { block_id, finality: undefined, account_id: 'alice.test' }
      const key = await query({ ...at, request_type: 'view_access_key', public_key: alice.publicKey })
      expect(key.body).toMatchObject({
        result: { permission: 'FullAccess', block_height: height, block_hash: hash },
      })
      expect((await query({ ...at, request_type: 'view_account' })).body).toHaveProperty('result.amount')
    }
    expect((await query({ request_type: 'view_account', account_id: 'alice.test' })).body).toHaveProperty(
      'error',
    )
  })

  it('about an unknown block: UNKNOWN_BLOCK with HTTP 422', async () => {
    const { status, body } = await call('block', { block_id: 999_999 })
    expect(status).toBe(422)
    expect(body).toMatchObject({ error: { cause: { name: 'UNKNOWN_BLOCK' } } })
  })

  it('about a long key: a list shows its hash, a request takes the whole key', async () => {
    const publicKey = KeyPair.fromRandom('ml-dsa-65').getPublicKey().toString()
    alice.addKey({ publicKey })
    const { body } = await query({ request_type: 'view_access_key_list', account_id: 'alice.test' })
    const { keys } = (body as { result: { keys: { public_key: string }[] } }).result
    expect(keys[1]!.public_key).toMatch(/^ml-dsa-65-hash:[1-9A-HJ-NP-Za-km-z]{43,44}$/)
    const whole = { request_type: 'view_access_key', account_id: 'alice.test', public_key: publicKey }
    expect((await query(whole)).body).toHaveProperty('result.permission', 'FullAccess')
  })

  it('to the older form of parameters', async () => {
    expect((await call('block', [2])).body).toHaveProperty('result.header.height', 2)
    expect((await call('query', [`access_key/alice.test/${alice.publicKey}`, ''])).body).toHaveProperty(
      'result.permission',
    )
    expect((await call('query', ['access_key/alice.test', ''])).body).toHaveProperty('result.keys')
    expect((await call('query', ['account/alice.test', ''])).body).toHaveProperty('result.amount')
  })

  it.each<[string, unknown]>([
    ['a body that is not JSON', '{'],
    ['an array', '[]'],
    [
      'an invalid account id',
      { method: 'query', params: { request_type: 'view_account', finality: 'final', account_id: 'A' } },
    ],
    [
      'an invalid key',
      {
        method: 'query',
        params: {
          request_type: 'view_access_key',
          finality: 'final',
          account_id: 'alice.test',
          public_key: 'x',
        },
      },
    ],
    [
      'a query without a block',
      { method: 'query', params: { request_type: 'view_account', account_id: 'alice.test' } },
    ],
    [
      'an invalid finality',
      {
        method: 'query',
        params: { request_type: 'view_account', finality: 'bogus', account_id: 'alice.test' },
      },
    ],
  ])('to %s: PARSE_ERROR with HTTP 400', async (_, body) => {
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({
      error: {
        name: 'REQUEST_VALIDATION_ERROR',
        cause: { name: 'PARSE_ERROR' },
        code: -32700,
        message: 'Parse error',
      },
    })
  })

  it('to an unknown method', async () => {
    expect((await call('send_tx', {})).body).toMatchObject({
      error: { cause: { name: 'PARSE_ERROR' }, code: -32601 },
    })
    expect((await call('block', undefined)).body).toMatchObject({ error: { cause: { name: 'PARSE_ERROR' } } })
  })

  it('to browsers, and to GET /status', async () => {
    const preflight = await fetch(network.rpcUrl, { method: 'OPTIONS' })
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(await (await fetch(`${network.rpcUrl}/status`)).json()).toMatchObject({ chain_id: 'mainnet' })
    expect((await fetch(network.rpcUrl)).status).toBe(405)
  })
})

describe('TestNetwork', () => {
  it('counts the requests', async () => {
    const before = network.requestCount
    await call('status', [])
    network.fail('null')
    await call('status', [])
    expect(network.requestCount).toBe(before + 2)
  })

  it('fails as configured, until it recovers', async () => {
    network.fail('http-503')
    expect((await call('status', [])).status).toBe(503)
    network.recover()
    expect((await call('status', [])).status).toBe(200)
    network.fail('http-503')
    network.fail()
    expect((await call('status', [])).status).toBe(200)
  })

  it.each(['http-200', 'http-99', 'explode', 'constructor', ''])('rejects the failure %j', (how) => {
    expect(() => network.fail(how as Failure)).toThrow(
      /there is no such failure; expected one of hang, stall,/,
    )
  })

  it.each(['A', 'a', 'alice..test', '', 42])('rejects %j as an account id', async (id) => {
    await expect(network.createAccount(id as string)).rejects.toThrow(TypeError)
  })

  it('rejects the changes that the chain would reject', async () => {
    await expect(network.createAccount('alice.test')).rejects.toThrow(/exists already/)
    expect(() => alice.addKey({ publicKey: alice.publicKey })).toThrow(/has that key already/)
    expect(() => alice.addKey({ publicKey: 'nonsense' })).toThrow(TypeError)
    alice.deleteKey(alice.publicKey)
    expect(() => alice.deleteKey(alice.publicKey)).toThrow(/has no such key/)
    alice.delete()
    expect(() => alice.delete()).toThrow(/does not exist/)
    const again = await network.createAccount('alice.test')
    expect(again.publicKey).not.toBe(alice.publicKey)
  })

  it('stops at once, even while a request hangs, and can be stopped again', async () => {
    network.fail('hang')
    const hanging = call('status', []).catch(() => 'cut off')
    await new Promise((resolve) => setTimeout(resolve, 50))
    await network.stop()
    await network.stop()
    expect(await hanging).toBe('cut off')
  })

  it('listens on the given port', async () => {
    const { port } = new URL(network.rpcUrl)
    await network.stop()
    network = await TestNetwork.start({ port: Number(port) })
    expect(network.rpcUrl).toBe(`http://127.0.0.1:${port}`)
    await expect(TestNetwork.start({ port: Number(port) })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})

describe('TestAccount', () => {
  const message = {
    message: 'm',
    recipient: 'r',
    nonce: Buffer.alloc(32, 7),
    callbackUrl: 'https://a.example/',
    state: 's',
  }

  it('signs like a wallet, with the nonce in bytes or in base64', async () => {
    for (const nonce of [message.nonce, message.nonce.toString('base64')]) {
      const signed = await alice.signMessage({ ...message, nonce })
      expect(signed).toMatchObject({ accountId: 'alice.test', publicKey: alice.publicKey, state: 's' })
      expect(await verifySignature(hashPayload(message), signed.signature, signed.publicKey)).toBe(true)
    }
  })

  it('omits the callback URL like such a wallet', async () => {
    const { callbackUrl: _, ...without } = message
    const signed = await alice.signMessage(message, { signCallbackUrl: false })
    expect(await verifySignature(hashPayload(without), signed.signature, signed.publicKey)).toBe(true)
  })

  it('signs with any key that it holds, even a key that was removed from the account', async () => {
    const second = alice.addKey({
      permission: { FunctionCall: { receiver_id: 'a.test', method_names: [], allowance: null } },
    })
    alice.deleteKey(second)
    const signed = await alice.signMessage(message, { publicKey: second })
    expect(await verifySignature(hashPayload(message), signed.signature, second)).toBe(true)
  })

  it('does not sign with a key that is held elsewhere', async () => {
    const publicKey = KeyPair.fromRandom('ED25519').getPublicKey().toString()
    alice.addKey({ publicKey })
    await expect(alice.signMessage(message, { publicKey })).rejects.toThrow(/does not hold the private half/)
  })
})
