import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { LoginEvent, NearStrategyOptions } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cleanup } from './support/app'
import { loginWith, strategyFor } from './support/nodes'
import { authenticate } from './support/strategy'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount
let events: LoginEvent[]

beforeEach(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.test')
  events = []
  const listener = (event: unknown): void => void events.push(event as LoginEvent)
  subscribe('passport-near:login', listener)
  cleanup.add(() => unsubscribe('passport-near:login', listener))
})
afterEach(() => cleanup.run())

const login = (options: Partial<NearStrategyOptions> = {}): ReturnType<typeof loginWith> =>
  loginWith(strategyFor({ rpc: network.rpcUrl, ...options }), alice)

describe('the channel passport-near:login', () => {
  it('reports the endpoint that decided a good login, and the duration of each step', async () => {
    network.fail('http-500')
    const second = await TestNetwork.start()
    cleanup.add(() => second.stop())
    await second.createAccount('alice.test', { publicKey: alice.publicKey })
    const began = performance.now()
    await login({ rpc: [network.rpcUrl, second.rpcUrl], name: 'near-2' })
    const [event] = events
    expect(events).toHaveLength(1)
    expect(event).toMatchObject({ strategy: 'near-2', outcome: 'success', code: undefined, endpoint: 2 })
    expect(Object.keys(event!.durations)).toEqual([
      'credentials',
      'challenge',
      'signature',
      'accessKey',
      'verify',
    ])
    for (const duration of Object.values(event!.durations)) {
      expect(duration).toBeGreaterThanOrEqual(0)
      expect(duration).toBeLessThan(performance.now() - began)
    }
  })

  it('reports the code of a rejection, and no step that was not reached', async () => {
    await authenticate(strategyFor({ rpc: network.rpcUrl }), { body: {} })
    expect(events).toEqual([
      {
        strategy: 'near',
        outcome: 'rejected',
        code: 'ERR_NEAR_CREDENTIALS_MISSING',
        endpoint: undefined,
        durations: { credentials: expect.any(Number) as number },
      },
    ])
  })

  it('reports the endpoint of a definite no, and no endpoint for an outage', async () => {
    alice.deleteKey(alice.publicKey)
    await login()
    network.fail('http-500')
    await login()
    expect(events.map(({ outcome, code, endpoint }) => [outcome, code, endpoint])).toEqual([
      ['rejected', 'ERR_NEAR_ACCESS_KEY_NOT_FOUND', 1],
      ['error', 'ERR_NEAR_RPC_UNAVAILABLE', undefined],
    ])
  })

  it("reports rejections and errors of the application as the application's", async () => {
    const { NearStrategy } = await import('passport-near')
    const { recordedStore } = await import('./support/strategy')
    const signed = await alice.signMessage({ message: 'm', recipient: 'r', nonce: new Uint8Array(32) })
    for (const outcome of [false, new Error('the database is on fire')]) {
      const store = recordedStore({ message: 'm', nonce: Buffer.alloc(32).toString('base64') })
      const strategy = new NearStrategy({ recipient: 'r', rpc: network.rpcUrl, store }, (_, done) =>
        outcome ? done(outcome) : done(null, false),
      )
      await authenticate(strategy, { body: signed })
    }
    expect(events.map(({ outcome, code }) => [outcome, code])).toEqual([
      ['rejected', undefined],
      ['error', undefined],
    ])
  })

  it('reports no data of the visitor or of the endpoints', async () => {
    await login({ rpc: { url: `${network.rpcUrl}/k3y`, headers: { authorization: 'Bearer k3y' } } })
    network.fail('http-500')
    await login({ rpc: `${network.rpcUrl}/?apiKey=k3y` })
    expect(events).toHaveLength(2)
    expect(JSON.stringify(events)).not.toMatch(/alice|ed25519|k3y|127\.0\.0\.1/)
  })
})
