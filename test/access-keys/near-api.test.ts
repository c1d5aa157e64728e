import { inspect } from 'node:util'
import { FailoverRpcProvider, JsonRpcProvider, KeyPair } from 'near-api-js'
import { hashPayload, nearApiAccessKeys, type NearApiProvider } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import {
  answering,
  cannotTell,
  handlerError,
  limited,
  loginAs,
  noKey,
  startNode,
  yes,
  type Signer,
} from '../support/nodes'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount

beforeEach(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.test')
})
afterEach(() => cleanup.run())

const provider = (url = network.rpcUrl): JsonRpcProvider =>
  new JsonRpcProvider({ url }, { retries: 1, backoff: 1, wait: 1 })
const login = (
  signer: Signer,
  source: NearApiProvider = provider(),
  more: object = {},
): Promise<{ outcome: object; ms: number }> =>
  loginAs(signer, { accessKeys: nearApiAccessKeys(source), ...more })

describe('nearApiAccessKeys', () => {
  it("returns the provider's yes and no", async () => {
    expect((await login(alice)).outcome).toMatchObject(yes)
    const publicKey = alice.addKey({ permission: 'FunctionCall' })
    const withLimited: Signer = { signMessage: (message) => alice.signMessage(message, { publicKey }) }
    expect((await login(withLimited)).outcome).toMatchObject(limited)
    alice.deleteKey(alice.publicKey)
    expect((await login(alice)).outcome).toMatchObject(noKey)
    alice.delete()
    expect((await login(alice)).outcome).toMatchObject(noKey)
  })

  it('requests the key at finality final, in its canonical spelling', async () => {
    const asked: unknown[] = []
    const recording: NearApiProvider = {
      viewAccessKey: async (params) => {
        asked.push(params)
        return { permission: 'FullAccess' }
      },
      viewAccount: async () => ({}),
    }
    expect((await login(alice, recording)).outcome).toMatchObject(yes)
    expect(asked).toEqual([
      { accountId: 'alice.test', publicKey: alice.publicKey, finalityQuery: { finality: 'final' } },
    ])
  })

  it("uses a FailoverRpcProvider's first definite response, not its own stale yes", async () => {
    const stale = await startNode(
      cleanup,
      answering({ result: { nonce: 1, permission: 'FullAccess', block_height: 1, block_hash: 'B' } }),
    )
    const failover = new FailoverRpcProvider([provider(), provider(stale.url)])
    alice.deleteKey(alice.publicKey)
    expect((await login(alice, failover)).outcome).toMatchObject(noKey)
    expect(stale.requests).toEqual([])
    network.fail('http-500')
    expect((await login(alice, failover, { rpcTimeout: 3000 })).outcome).toMatchObject(yes)
  })

  it('accepts a FailoverRpcProvider as well', async () => {
    expect((await login(alice, new FailoverRpcProvider([provider()]))).outcome).toMatchObject(yes)
  })

  it.each<[string, object]>([
    ['UNKNOWN_ACCOUNT', handlerError('UNKNOWN_ACCOUNT')],
    [
      'UNKNOWN_ACCESS_KEY',
      {
        error: {
          name: 'HANDLER_ERROR',
          cause: {
            name: 'UNKNOWN_ACCESS_KEY',
            info: {
              public_key: 'ed25519:2RM3EotCzEiVobm6aMjaup43k8cFffR4KHFtrqbZ79Qy',
              block_hash: 'B',
              block_height: 1,
            },
          },
          code: -32000,
        },
      },
    ],
    ['a flat text', { result: { error: 'access key ed25519:x does not exist while viewing' } }],
  ])('treats %s as a definite no', async (_, answer) => {
    const node = await startNode(cleanup, answering(answer))
    expect((await login(alice, provider(node.url))).outcome).toMatchObject(noKey)
  })

  it.each<[string, object, number]>([
    [
      'INTERNAL_ERROR',
      {
        error: {
          name: 'INTERNAL_ERROR',
          cause: {
            name: 'INTERNAL_ERROR',
            info: { error_message: 'account alice.test does not exist while viewing' },
          },
          code: -32000,
        },
      },
      200,
    ],
    [
      'PARSE_ERROR',
      {
        error: {
          name: 'REQUEST_VALIDATION_ERROR',
          cause: {
            name: 'PARSE_ERROR',
            info: { error_message: 'account alice.test does not exist while viewing' },
          },
          code: -32700,
        },
      },
      400,
    ],
  ])('is a 503 for %s, whatever its text', async (_, answer, status) => {
    const node = await startNode(cleanup, answering(answer, status))
    expect((await login(alice, provider(node.url))).outcome).toMatchObject(cannotTell)
  })

  it("is a 503 if the provider throws synchronously, and shows no part of the provider's error", async () => {
    const raising = {
      viewAccessKey: (): never => {
        throw new Error('https://rpc.example.com/k3y')
      },
      viewAccount: async () => ({}),
    }
    const { outcome } = await login(alice, raising)
    expect(outcome).toMatchObject(cannotTell)
    expect(inspect(outcome, { depth: 10 })).not.toContain('k3y')
  })

  it.each(['http-500', 'http-429', 'html', 'garbage', 'null', 'syncing', 'reset'] as const)(
    'is a 503 if the node fails by %s',
    async (how) => {
      network.fail(how)
      expect((await login(alice, provider(), { rpcTimeout: 3000 })).outcome).toMatchObject(cannotTell)
    },
  )

  it('omits the URL, which near-api-js writes into its messages', async () => {
    network.fail('http-502')
    const { outcome } = await login(alice, provider(`${network.rpcUrl}/?apiKey=k3y`))
    expect(outcome).toMatchObject(cannotTell)
    expect(inspect(outcome, { depth: 10, showHidden: true })).not.toMatch(/k3y|127\.0\.0\.1/)
  })

  it('is a 503 after the timeout if the provider never responds', async () => {
    network.fail('hang')
    const { outcome, ms } = await login(alice, provider(), { rpcTimeout: 200 })
    expect(outcome).toMatchObject(cannotTell)
    expect(ms).toBeLessThan(2200)
  })

  it.each([undefined, null, 'FullAccess', new Error('x'), { name: 'AccountDoesNotExist' }])(
    'is a 503 if the provider throws %j',
    async (thrown) => {
      const raising = {
        viewAccessKey: async () => {
          throw thrown
        },
        viewAccount: () => Promise.resolve({}),
      }
      expect((await login(alice, raising)).outcome).toMatchObject(cannotTell)
    },
  )

  it.each([undefined, null, true, 'fullaccess', {}])(
    'is a 503 if the provider returns %j as the permission',
    async (permission) => {
      const odd = { viewAccessKey: async () => ({ permission }), viewAccount: async () => ({}) }
      expect((await login(alice, odd)).outcome).toMatchObject(cannotTell)
    },
  )

  it('accepts an implicit account that does not exist at the same block, with allowImplicit', async () => {
    const pair = KeyPair.fromRandom('ED25519')
    const publicKey = pair.getPublicKey().toString()
    const accountId = Buffer.from(pair.getPublicKey().data).toString('hex')
    const visitor: Signer = {
      async signMessage({ message, recipient, nonce }) {
        const hash = hashPayload({ message, recipient, nonce: nonce as Uint8Array })
        return { accountId, publicKey, signature: Buffer.from(pair.sign(hash).signature).toString('base64') }
      },
    }
    expect((await login(visitor)).outcome).toMatchObject(noKey)
    const other = KeyPair.fromRandom('ED25519').getPublicKey().data
    for (const id of [Buffer.from(other).toString('hex'), 'nobody.test']) {
      const thief: Signer = {
        signMessage: async (message) => ({ ...(await visitor.signMessage(message)), accountId: id }),
      }
      expect((await login(thief, provider(), { allowImplicit: true })).outcome).toMatchObject(noKey)
    }
    expect((await login(visitor, provider(), { allowImplicit: true })).outcome).toMatchObject(yes)
    const account = await network.createAccount(accountId, { publicKey })
    account.deleteKey(publicKey)
    expect((await login(visitor, provider(), { allowImplicit: true })).outcome).toMatchObject(noKey)

    const absent = Object.assign(new Error('gone'), { name: 'AccountDoesNotExistError' })
    const telling = { viewAccessKey: () => Promise.reject(absent), viewAccount: () => Promise.resolve({}) }
    expect((await login(visitor, telling, { allowImplicit: true })).outcome).toMatchObject(yes)
    const missing = Object.assign(new Error('gone'), { name: 'AccessKeyDoesNotExistError' })
    const withoutBlock = {
      viewAccessKey: () => Promise.reject(missing),
      viewAccount: () => Promise.reject(absent),
    }
    expect((await login(visitor, withoutBlock, { allowImplicit: true })).outcome).toMatchObject(cannotTell)
    const failing = {
      viewAccessKey: () => Promise.reject(Object.assign(missing, { blockHash: 'B' })),
      viewAccount: () => Promise.reject(new Error('outage')),
    }
    expect((await login(visitor, failing, { allowImplicit: true })).outcome).toMatchObject(cannotTell)
  })

  it.each([undefined, null, {}, { viewAccessKey: () => undefined }, 'https://rpc.example.com'])(
    'rejects %j as a provider',
    (wrong) => {
      expect(() => nearApiAccessKeys(wrong as never)).toThrow(
        /expected a near-api-js 7 Provider, with a method view/,
      )
    },
  )
})
