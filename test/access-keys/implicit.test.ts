import { KeyPair } from 'near-api-js'
import { hashPayload } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isImplicitAccountOf } from '../../lib/access-keys/implicit'
import { Cleanup } from '../support/app'
import {
  answering,
  cannotTell,
  handlerError,
  loginAs,
  noKey,
  startNode,
  yes,
  type Respond,
  type Signer,
} from '../support/nodes'

const cleanup = new Cleanup()
let network: TestNetwork

beforeEach(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
})
afterEach(() => cleanup.run())

interface Implicit extends Signer {
  accountId: string
  publicKey: string
}

/**
 * Ethereum's best-known address belongs to the private key 1: an independent vector for the Keccak address.
 */
const KEY_ONE = {
  privateKey: `secp256k1:${'1'.repeat(31)}2` as const,
  accountId: '0x7e5f4552091a69125d5dfcb7b8c2659029395bdf',
}

function wallet(pair: KeyPair, accountId: string): Implicit {
  const publicKey = pair.getPublicKey().toString()
  return {
    accountId,
    publicKey,
    async signMessage({ message, recipient, nonce }) {
      const hash = hashPayload({ message, recipient, nonce: nonce as Uint8Array })
      return { accountId, publicKey, signature: Buffer.from(pair.sign(hash).signature).toString('base64') }
    },
  }
}

function ed25519Wallet(): Implicit {
  const pair = KeyPair.fromRandom('ED25519')
  return wallet(pair, Buffer.from(pair.getPublicKey().data).toString('hex'))
}

const secp256k1Wallet = (): Implicit => wallet(KeyPair.fromString(KEY_ONE.privateKey), KEY_ONE.accountId)

describe.each([
  ['Ed25519', ed25519Wallet],
  ['secp256k1', secp256k1Wallet],
])('an implicit account of a key of type %s', (_, make) => {
  it('that is not on chain signs in with allowImplicit', async () => {
    const visitor = make()
    const { outcome } = await loginAs(visitor, { rpc: network.rpcUrl, allowImplicit: true })
    expect(outcome).toMatchObject({
      ...yes,
      user: { accountId: visitor.accountId, publicKey: visitor.publicKey },
    })
    expect(network.requestCount).toBe(1)
  })

  it('that is not on chain is rejected without allowImplicit, at the cost of one call', async () => {
    expect((await loginAs(make(), { rpc: network.rpcUrl })).outcome).toMatchObject(noKey)
    expect(network.requestCount).toBe(1)
  })

  it('that is on chain with its key signs in like any account, at the cost of one call', async () => {
    const visitor = make()
    await network.createAccount(visitor.accountId, { publicKey: visitor.publicKey })
    expect((await loginAs(visitor, { rpc: network.rpcUrl, allowImplicit: true })).outcome).toMatchObject(yes)
    expect(network.requestCount).toBe(1)
  })

  it('that is on chain without its key is rejected, because the key was removed', async () => {
    const visitor = make()
    const account = await network.createAccount(visitor.accountId, { publicKey: visitor.publicKey })
    account.addKey()
    account.deleteKey(visitor.publicKey)
    expect((await loginAs(visitor, { rpc: network.rpcUrl, allowImplicit: true })).outcome).toMatchObject(
      noKey,
    )
  })
})

describe('allowImplicit', () => {
  const login = (visitor: Signer, rpc: string): Promise<{ outcome: object }> =>
    loginAs(visitor, { rpc, allowImplicit: true })

  it("accepts no key for another key's account or for a named account", async () => {
    const [visitor, other] = [ed25519Wallet(), ed25519Wallet()]
    for (const accountId of [other.accountId, 'nobody.test', KEY_ONE.accountId]) {
      const signer: Signer = {
        signMessage: async (message) => ({ ...(await visitor.signMessage(message)), accountId }),
      }
      expect((await login(signer, network.rpcUrl)).outcome).toMatchObject(noKey)
    }
  })

  it("accepts a node's response that the account does not exist", async () => {
    const answers: Respond[] = [
      answering({ result: { error: 'account a does not exist while viewing', logs: [] } }),
      answering(handlerError('UNKNOWN_ACCOUNT')),
      answering({
        error: { code: -32000, data: 'account a does not exist while viewing', message: 'Server error' },
      }),
    ]
    for (const answer of answers) {
      const node = await startNode(cleanup, answer)
      expect((await login(ed25519Wallet(), node.url)).outcome).toMatchObject(yes)
      expect(node.requests).toHaveLength(1)
    }
  })

  const K = 'ed25519:2RM3EotCzEiVobm6aMjaup43k8cFffR4KHFtrqbZ79Qy'
  const missing = {
    result: { error: `access key ${K} does not exist while viewing`, block_hash: 'B1', block_height: 1 },
  }

  /** A node that reports the key as missing, and responds as given about the account. */
  const node = (key: object, account: Respond): ReturnType<typeof startNode> =>
    startNode(cleanup, (request, response, message) => {
      const { params } = request as unknown as { params: { request_type: string } }
      const respond = params.request_type === 'view_account' ? account : answering(key)
      respond(request, response, message)
    })

  it('looks up the account at the block of the response about the key', async () => {
    const inCause = {
      error: {
        name: 'HANDLER_ERROR',
        cause: { name: 'UNKNOWN_ACCESS_KEY', info: { block_hash: 'B1' } },
        code: -32000,
      },
    }
    for (const key of [missing, inCause]) {
      const { url, requests } = await node(key, answering(handlerError('UNKNOWN_ACCOUNT')))
      const visitor = ed25519Wallet()
      expect((await login(visitor, url)).outcome).toMatchObject(yes)
      expect(requests[1]).toMatchObject({
        params: { request_type: 'view_account', block_id: 'B1', account_id: visitor.accountId },
      })
    }
  })

  it.each<[string, object, Respond]>([
    [
      'names no block',
      { result: { error: `access key ${K} does not exist while viewing` } },
      answering(handlerError('UNKNOWN_ACCOUNT')),
    ],
    ['has garbage-collected the block', missing, answering(handlerError('GARBAGE_COLLECTED_BLOCK'), 422)],
    ['responds with garbage', missing, (_, response) => response.end('<html>')],
    ['responds without an amount', missing, answering({ result: {} })],
    ['responds with an error in the result', missing, answering({ result: { amount: '0', error: 'x' } })],
    ['responds about a key', missing, answering(handlerError('UNKNOWN_ACCESS_KEY'))],
  ])('is a 503 if the node %s', async (_, key, account) => {
    const { url } = await node(key, account)
    expect((await login(ed25519Wallet(), url)).outcome).toMatchObject(cannotTell)
  })
})

describe('isImplicitAccountOf', () => {
  it('returns false for a post-quantum key, and for a text that is not a key', () => {
    const publicKey = KeyPair.fromRandom('ml-dsa-65').getPublicKey().toString()
    expect(isImplicitAccountOf('a'.repeat(64), publicKey)).toBe(false)
    expect(isImplicitAccountOf('a'.repeat(64), 'nonsense')).toBe(false)
  })
})
