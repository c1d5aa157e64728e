import bs58 from 'bs58'
import type { AccessKeySource } from 'passport-near'
import { nearApiAccessKeys, type NearApiProvider } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { answering, loginAs, startNode, type Respond, type Signer } from '../support/nodes'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount

beforeAll(async () => {
  network = await TestNetwork.start()
  alice = await network.createAccount('alice.test')
})
afterAll(() => network.stop())
afterEach(() => cleanup.run())

/**
 * Error causes, which an operator reads in the log. The causes of endpoints are also in the error's own
 * message.
 */
async function causeOf(options: Parameters<typeof loginAs>[1], signer: Signer = alice): Promise<string[]> {
  const { outcome } = await loginAs(signer, { rpcTimeout: 500, ...options })
  if (outcome.action !== 'error') throw new Error(`expected an error, got ${outcome.action}`)
  expect(outcome.error).toMatchObject({ code: 'ERR_NEAR_RPC_UNAVAILABLE', status: 503 })
  const { message, errors = [] } = outcome.error.cause as { message: string; errors?: Error[] }
  for (const { name } of errors) expect(name).toBe('InvalidResponseError')
  if (errors.length === 0) return [message]
  const reasons = errors.map((each) => each.message)
  expect(message).toBe(reasons.join('; '))
  expect(outcome.error.message).toContain(`(${message})`)
  return reasons
}

const text =
  (body: string): Respond =>
  (_, response) =>
    void response.end(body)

describe('a login that fails with a 503 has a cause', () => {
  it.each<[string, Respond, string]>([
    ['no JSON', text('<h1>nginx</h1>'), 'a response that is not JSON'],
    ['null', text('null'), 'a response that is not a JSON object'],
    ['an array', text('[]'), 'a response that is not a JSON object'],
    ['another request', text('{"id":"other","result":{}}'), 'a response to another request'],
    ['neither', answering({}), 'neither a result nor an error'],
    ['a string as the result', answering({ result: 'FullAccess' }), 'neither a result nor an error'],
    ['a string as the error', answering({ error: 'no' }), 'neither a result nor an error'],
    ['both', answering({ result: {}, error: {} }), 'neither a result nor an error'],
    [
      'a result on 400',
      answering({ result: { permission: 'FullAccess' } }, 400),
      'neither a result nor an error',
    ],
    ['an unknown result', answering({ result: {} }), 'an unknown result'],
    [
      'an unknown error text',
      answering({ result: { error: 'x access key y does not exist' } }),
      'an unknown result',
    ],
    ['an unknown permission', answering({ result: { permission: 'x' } }), 'an unknown result'],
    ['an array as the result', answering({ result: [] }), 'neither a result nor an error'],
    ['null as the result', answering({ result: null }), 'neither a result nor an error'],
    [
      'an error text in an array',
      answering({ result: { error: ['access key x does not exist while viewing'] } }),
      'an unknown result',
    ],
    [
      'an account that does not exist, in the middle of a text',
      answering({ result: { error: 'x account y does not exist' } }),
      'an unknown result',
    ],
    [
      'an error whose cause is null',
      answering({ error: { name: 'HANDLER_ERROR', cause: null } }),
      'an error that is not about the key',
    ],
    [
      'an error whose data is an array',
      answering({ error: { data: ['account a does not exist'] } }),
      'an error that is not about the key',
    ],
    [
      'an unknown error',
      answering({ error: { name: 'HANDLER_ERROR', cause: { name: 'X' } } }),
      'an error that is not about the key',
    ],
    [
      'an error of another kind',
      answering({ error: { name: 'X', cause: { name: 'UNKNOWN_ACCESS_KEY' } } }),
      'an error that is not about the key',
    ],
    [
      'an unknown account in another kind of error',
      answering({ error: { name: 'X', cause: { name: 'UNKNOWN_ACCOUNT' } } }),
      'an error that is not about the key',
    ],
    [
      'an error with a text and a name',
      answering({ error: { name: 'X', data: 'account a does not exist' } }),
      'an error that is not about the key',
    ],
    [
      'an error with a text and a cause',
      answering({ error: { cause: 'X', data: 'account a does not exist' } }),
      'an error that is not about the key',
    ],
    ['HTTP status 500', answering({}, 500), 'HTTP status 500'],
    [
      'HTTP status 302',
      (_, response) => void response.writeHead(302, { location: '/' }).end(),
      'HTTP status 302',
    ],
    [
      'HTTP status 600',
      (_, response) => void response.socket?.end('HTTP/1.1 600 X\r\n\r\n'),
      'HTTP status 600',
    ],
    ['a reset', (_, response) => void response.socket?.resetAndDestroy(), 'no response (ECONNRESET)'],
    [
      'a connection that ended without a response',
      (_, response) => void response.socket?.end(),
      'no response (ECONNRESET)',
    ],
  ])('%s', async (_, respond, reason) => {
    const { url } = await startNode(cleanup, respond)
    expect(await causeOf({ rpc: url })).toEqual([`Endpoint 1 of 1: ${reason}`])
  })

  it('silence', async () => {
    const { url } = await startNode(cleanup, () => undefined)
    expect(await causeOf({ rpc: url })).toEqual(['Endpoint 1 of 1: no response in time'])
  })

  it('each endpoint in turn', async () => {
    const [first, second] = [
      await startNode(cleanup, answering({}, 503)),
      await startNode(cleanup, text('null')),
    ]
    expect(await causeOf({ rpc: [first.url, second.url] })).toEqual([
      'Endpoint 1 of 2: HTTP status 503',
      'Endpoint 2 of 2: a response that is not a JSON object',
    ])
  })
})

describe('an implicit account that could not be looked up is an error with a cause', () => {
  /** An account whose id is the hex of the signing key. */
  const implicit: Signer = {
    async signMessage(message) {
      const signed = await alice.signMessage(message)
      const accountId = Buffer.from(bs58.decode(signed.publicKey.slice('ed25519:'.length))).toString('hex')
      return { ...signed, accountId }
    },
  }
  const noKey = { error: 'access key ed25519:x does not exist while viewing' }

  it.each<[string, object, object | undefined, string]>([
    ['no block', { result: noKey }, undefined, 'no key, and no block at which to look for the account'],
    [
      'no block in an error',
      { error: { name: 'HANDLER_ERROR', cause: { name: 'UNKNOWN_ACCESS_KEY' } } },
      undefined,
      'no key, and no block at which to look for the account',
    ],
    [
      'a block that is a number',
      { result: { ...noKey, block_hash: 5 } },
      undefined,
      'no key, and no block at which to look for the account',
    ],
    [
      'a block that is a number, in an error',
      { error: { name: 'HANDLER_ERROR', cause: { name: 'UNKNOWN_ACCESS_KEY', info: { block_hash: 5 } } } },
      undefined,
      'no key, and no block at which to look for the account',
    ],
    [
      'an account without an amount',
      { result: { ...noKey, block_hash: 'h' } },
      { result: {} },
      'a response that is not about the account',
    ],
    [
      'an account and an error',
      { result: { ...noKey, block_hash: 'h' } },
      { result: { amount: '1', error: 'x' } },
      'a response that is not about the account',
    ],
    [
      'another error',
      { result: { ...noKey, block_hash: 'h' } },
      { error: { name: 'HANDLER_ERROR', cause: { name: 'UNKNOWN_BLOCK' } } },
      'a response that is not about the account',
    ],
  ])('%s', async (_, aboutKey, aboutAccount, reason) => {
    const { url } = await startNode(cleanup, (request, response, message) => {
      const { params } = request as unknown as { params: { request_type: string } }
      answering(params.request_type === 'view_account' ? aboutAccount! : aboutKey)(request, response, message)
    })
    expect(await causeOf({ rpc: url, allowImplicit: true }, implicit)).toEqual([`Endpoint 1 of 1: ${reason}`])
  })
})

/** As near-api-js throws the responses of other node software. */
const rpcError = (message: unknown): Error => Object.assign(new Error(), { name: 'RpcError', message })

describe('the error of a custom key source has a cause', () => {
  const source = (permission: () => unknown): { accessKeys: AccessKeySource } => ({
    accessKeys: { permission: async () => permission() } as AccessKeySource,
  })

  it.each([true, null, 'x', { GasKeyFullAccess: true }, { FunctionCall: null }, { FunctionCall: [] }])(
    'that names an unknown permission: %j',
    async (permission) => {
      expect(await causeOf(source(() => permission))).toEqual([
        'The access key source returned an unknown permission',
      ])
    },
  )

  it('with the timeout', async () => {
    const never = source(() => new Promise(() => undefined))
    expect(await causeOf({ ...never, rpcTimeout: 50 })).toEqual([
      'The access key source did not respond within 50 ms',
    ])
  })

  it('with the error that the source threw for its signal', async () => {
    const heeds: AccessKeySource = {
      permission: (_accountId, _publicKey, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () =>
            reject(new Error(`heard: ${(signal.reason as Error).message}`)),
          )
        }),
    }
    expect(await causeOf({ accessKeys: heeds, rpcTimeout: 50 })).toEqual([
      'heard: The access key source did not respond within 50 ms',
    ])
  })

  it.each<[string, () => unknown, string]>([
    [
      'the class of an error',
      () => Promise.reject(new RangeError('https://rpc.example.com?apiKey=secret')),
      'The provider could not tell (RangeError)',
    ],
    [
      'the type of a string',
      async () => {
        throw 'https://rpc.example.com?apiKey=secret'
      },
      'The provider could not tell (string)',
    ],
    [
      'the type of null',
      async () => {
        throw null
      },
      'The provider could not tell (object)',
    ],
    [
      "near-api-js's error with a text that starts differently",
      () => Promise.reject(rpcError('x access key y does not exist while viewing')),
      'The provider could not tell (Error)',
    ],
    [
      "near-api-js's error with an array as its text",
      () => Promise.reject(rpcError(['access key y does not exist while viewing'])),
      'The provider could not tell (Error)',
    ],
    ['a response without a permission', async () => ({}), 'an access key without a permission'],
  ])('of a near-api-js provider: %s', async (_, viewAccessKey, reason) => {
    const provider = { viewAccessKey, viewAccount: viewAccessKey } as NearApiProvider
    expect(await causeOf({ accessKeys: nearApiAccessKeys(provider) })).toEqual([reason])
  })
})
