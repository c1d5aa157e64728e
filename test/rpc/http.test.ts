import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { KeyPair } from 'near-api-js'
import { hashPayload, nearApiAccessKeys, type NearApiProvider } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createRpcSource } from '../../lib/access-keys/rpc-source'
import { Endpoint } from '../../lib/rpc/endpoint'
import { Cleanup } from '../support/app'
import {
  answering,
  cannotTell,
  loginAs,
  loginWith,
  noKey,
  startNode,
  strategyFor,
  yes,
  type Respond,
  type Signer,
} from '../support/nodes'
import { selfSignedCertificate } from '../support/tls'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount

beforeAll(async () => {
  network = await TestNetwork.start()
  alice = await network.createAccount('alice.test')
})
afterAll(() => network.stop())
afterEach(() => cleanup.run())

const full = { result: { permission: 'FullAccess' } }

describe('an endpoint over https', () => {
  /** Requests by TLS and by HTTP. */
  const askedFor: [unknown, string | undefined][] = []

  async function startTls(): Promise<string> {
    askedFor.length = 0
    const server = createServer(selfSignedCertificate(), (request, response) => {
      const { servername } = request.socket as unknown as { servername: unknown }
      askedFor.push([servername, request.headers.host])
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { id } = JSON.parse(Buffer.concat(chunks).toString()) as { id: string }
        answering(full)({ id }, response, request)
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanup.add(() => {
      server.close()
      server.closeAllConnections()
    })
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  it('gets its host header as the TLS server name, if the URL has only an IP address', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    try {
      const rpc = { url: await startTls(), headers: { Host: 'node.example' } }
      expect((await loginAs(alice, { rpc })).outcome).toMatchObject(yes)
      expect(askedFor).toEqual([['node.example', 'node.example']])
    } finally {
      vi.unstubAllEnvs()
    }
  })

  it('is rejected with a certificate of an unknown authority', async () => {
    const { outcome } = await loginAs(alice, { rpc: await startTls() })
    expect(outcome).toMatchObject(cannotTell)
  })

  it('gets requests over TLS, and is accepted with a trusted certificate', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    try {
      expect((await loginAs(alice, { rpc: await startTls() })).outcome).toMatchObject(yes)
    } finally {
      vi.unstubAllEnvs()
    }
  })
})

describe('a response at a limit', () => {
  const ask = async (respond: Respond): Promise<object> => {
    const { url } = await startNode(cleanup, respond)
    return (await loginAs(alice, { rpc: url })).outcome
  }

  it.each([
    [64 * 1024, yes],
    [64 * 1024 + 1, cannotTell],
  ])('of %i bytes', async (size, expected) => {
    const respond: Respond = ({ id }, response) => {
      const json = JSON.stringify({ jsonrpc: '2.0', id, ...full })
      response.end(json + ' '.repeat(size - json.length))
    }
    expect(await ask(respond)).toMatchObject(expected)
  })

  it.each([200, 299])('with status %i', async (status) => {
    expect(await ask(answering(full, status))).toMatchObject(yes)
  })
})

describe('the circuit breaker does not count a failure', () => {
  const viewed =
    (aboutKey: object, aboutAccount: object, status = 200): Respond =>
    (request, response, message) => {
      const { params } = request as unknown as { params: { request_type: string } }
      const answer = params.request_type === 'view_account' ? aboutAccount : aboutKey
      answering(answer, status)(request, response, message)
    }
  const absent = { error: 'access key x does not exist while viewing' }

  it.each<[string, Respond]>([
    ['an unknown result', answering({ result: {} })],
    [
      'an unknown error',
      answering({ error: { name: 'HANDLER_ERROR', cause: { name: 'UNAVAILABLE_SHARD' } } }),
    ],
    ['HTTP status 422', answering({}, 422)],
    ['no block', viewed({ result: absent }, {})],
    ['an unknown account', viewed({ result: { ...absent, block_hash: 'h' } }, { result: {} })],
  ])('for %s, because a visitor could cause that', async (_, respond) => {
    const first = await startNode(cleanup, respond)
    const second = await startNode(cleanup, answering(full))
    const strategy = strategyFor({ rpc: [first.url, second.url], allowImplicit: true })
    const key = alice.publicKey
    const hex: Signer = {
      async signMessage(message) {
        const accountId = Buffer.from((await import('bs58')).default.decode(key.slice(8))).toString('hex')
        return { ...(await alice.signMessage(message)), accountId }
      },
    }
    for (let login = 0; login < 5; login++)
      expect((await loginWith(strategy, hex)).outcome).toMatchObject(yes)
    expect(first.requests.length).toBeGreaterThanOrEqual(5)
  })

  it('for a request that was aborted before its timeout', async () => {
    let slow = true
    const first = await startNode(cleanup, (request, response, message) => {
      if (slow) setTimeout(() => answering(full)(request, response, message), 1300)
      else answering({}, 500)(request, response, message)
    })
    const hanging = await startNode(cleanup, () => undefined)
    const last = await startNode(cleanup, answering(full))
    const strategy = strategyFor({ rpc: [first.url, hanging.url, last.url], rpcTimeout: 9000 })
    await Promise.all([1, 2, 3].map(() => loginWith(strategy, alice)))
    expect([hanging.requests.length, last.requests.length]).toEqual([3, 0])
    slow = false
    expect((await loginWith(strategy, alice)).outcome).toMatchObject(yes)
    expect([hanging.requests.length, last.requests.length]).toEqual([4, 1])
  })
})

describe('implicit accounts', () => {
  it('of another secp256k1 key do not belong to this key', async () => {
    const pair = KeyPair.fromRandom('SECP256K1')
    const other: Signer = {
      async signMessage({ message, recipient, nonce }) {
        const hash = hashPayload({ message, recipient, nonce: nonce as Uint8Array })
        const signature = Buffer.from(pair.sign(hash).signature).toString('base64')
        return { accountId: `0x${'1'.repeat(40)}`, publicKey: pair.getPublicKey().toString(), signature }
      },
    }
    const { outcome } = await loginAs(other, { rpc: network.rpcUrl, allowImplicit: true })
    expect(outcome).toMatchObject(noKey)
  })

  const query = { signal: new AbortController().signal }
  const hexOfAlice = async (): Promise<string> => {
    const { default: bs58 } = await import('bs58')
    return Buffer.from(bs58.decode(alice.publicKey.slice(8))).toString('hex')
  }

  it('are rejected by a source without allowImplicit', async () => {
    const endpoint = new Endpoint(new URL(network.rpcUrl), {})
    const rpc = createRpcSource({ endpoints: [endpoint], timeout: 5000, quorum: 1 })
    const request = { accountId: await hexOfAlice(), publicKey: alice.publicKey }
    expect(await rpc.lookUp({ ...request, allowImplicit: false })).toMatchObject({ permission: undefined })
    expect(await rpc.lookUp({ ...request, allowImplicit: true })).toMatchObject({ permission: 'FullAccess' })
  })

  it.each([
    ['account alice.test does not exist while viewing', 'FullAccess'],
    ['account alice.test does not exist while viewing, it says', 'FullAccess'],
  ])('of a near-api-js provider that responds: %s', async (message, expected) => {
    const viewAccessKey = (): Promise<never> =>
      Promise.reject(Object.assign(new Error(message), { name: 'RpcError' }))
    const source = nearApiAccessKeys({ viewAccessKey, viewAccount: viewAccessKey })
    expect(await source.permission(await hexOfAlice(), alice.publicKey, query)).toBeUndefined()
    const implicit = { ...query, allowImplicit: true }
    expect(await source.permission(await hexOfAlice(), alice.publicKey, implicit)).toBe(expected)
  })

  it.each(['an account x does not exist while viewing', 'account does not exist while viewing'])(
    'cannot be derived from a near-api-js provider that responds: %s',
    async (message) => {
      const viewAccessKey = (): Promise<never> =>
        Promise.reject(Object.assign(new Error(message), { name: 'RpcError' }))
      const source = nearApiAccessKeys({ viewAccessKey, viewAccount: viewAccessKey })
      const implicit = { ...query, allowImplicit: true }
      await expect(source.permission(await hexOfAlice(), alice.publicKey, implicit)).rejects.toThrow(
        'The provider could not tell (Error)',
      )
    },
  )

  it('cannot be looked up with a near-api-js provider that names no block, or an invalid block', async () => {
    for (const blockHash of [undefined, 5]) {
      let views = 0
      const provider: NearApiProvider = {
        viewAccessKey: () =>
          Promise.reject(Object.assign(new Error('no'), { name: 'AccessKeyDoesNotExistError', blockHash })),
        viewAccount: async () => void views++,
      }
      const implicit = { ...query, allowImplicit: true }
      await expect(
        nearApiAccessKeys(provider).permission(await hexOfAlice(), alice.publicKey, implicit),
      ).rejects.toMatchObject({
        errors: [{ message: 'no key, and no block at which to look for the account' }],
      })
      expect(views).toBe(0)
    }
  })
})

describe('nearApiAccessKeys', () => {
  it('sends no more requests after the login was aborted', async () => {
    const abort = new AbortController()
    const asked: number[] = []
    const provider = (index: number): NearApiProvider => ({
      viewAccessKey: async () => {
        asked.push(index)
        abort.abort()
        throw new Error('down')
      },
      viewAccount: async () => ({}),
    })
    const failover = { ...provider(0), providers: [provider(1), provider(2)] }
    const { signal } = abort
    await expect(
      nearApiAccessKeys(failover).permission('alice.test', alice.publicKey, { signal }),
    ).rejects.toMatchObject({ errors: [{ message: 'The provider could not tell (Error)' }] })
    expect(asked).toEqual([1])
  })

  it('sends requests to a provider whose own list of providers is empty', async () => {
    const provider = {
      viewAccessKey: async () => ({ permission: 'FullAccess' }),
      viewAccount: async () => ({}),
      providers: [],
    }
    const { outcome } = await loginAs(alice, { accessKeys: nearApiAccessKeys(provider) })
    expect(outcome).toMatchObject(yes)
  })
})
