import { setTimeout as delay } from 'node:timers/promises'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CircuitBreaker } from '../../lib/rpc/circuit-breaker'
import { Endpoint } from '../../lib/rpc/endpoint'
import { sendHedgedQuery } from '../../lib/rpc/hedged-query'
import { QueryLimit } from '../../lib/rpc/query-limit'
import { Cleanup } from '../support/app'
import { answering, cannotTell, loginWith, startNode, strategyFor, yes } from '../support/nodes'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount

beforeEach(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.test')
})
afterEach(() => cleanup.run())

const full = { result: { permission: 'FullAccess' } }

describe('the preferred endpoint keeps its place', () => {
  it.each([403, 406, 413, 418, 451])(
    'after logins for account ids to which a firewall responds with %i',
    async (status) => {
      const first = await startNode(cleanup, answering({}, status))
      const strategy = strategyFor({ rpc: [first.url, network.rpcUrl] })
      for (let login = 0; login < 6; login++)
        expect((await loginWith(strategy, alice)).outcome).toMatchObject(yes)
      expect(first.requests).toHaveLength(6)
    },
  )

  it.each([401, 404, 429, 500])('but not after three responses with HTTP status %i', async (status) => {
    const first = await startNode(cleanup, answering({}, status))
    const strategy = strategyFor({ rpc: [first.url, network.rpcUrl] })
    for (let login = 0; login < 6; login++) await loginWith(strategy, alice)
    expect(first.requests).toHaveLength(3)
  })

  it.each([
    ['while its requests wait in this process for a connection', false, [0, 1]],
    ['but not while its requests have a connection and get no response', true, [1, 0]],
  ])('%s', async (_, isConnected, order) => {
    const circuits = new CircuitBreaker(2)
    const endpoints = ['https://one.example', 'https://two.example'].map(
      (url) => new Endpoint(new URL(url), {}),
    )
    const group = { endpoints, circuits, timeout: 200, quorum: 1, limit: new QueryLimit(10) }
    for (let query = 0; query < 3; query++) {
      const { endpoint } = await sendHedgedQuery(group, {
        isYes: () => true,
        send: (each, { onSocket }) => {
          if (each !== endpoints[0]) return delay(20).then(() => 'yes')
          if (isConnected) onSocket()
          return new Promise<string>(() => undefined)
        },
      })
      expect(endpoint).toBe(2)
    }
    expect(circuits.nextOrder()).toEqual(order)
  })
})

describe('2,000 logins at once', () => {
  it('makes 1,024 queries; the other logins are a 503 at once, with the reason', async () => {
    const release: (() => void)[] = []
    const node = await startNode(cleanup, (request, response, message) => {
      release.push(() => answering(full)(request, response, message))
    })
    const strategy = strategyFor({ rpc: node.url, rpcTimeout: 20_000 })
    const logins = Array.from({ length: 2000 }, () => loginWith(strategy, alice))
    let rejected = 0
    for (const login of logins) {
      void login.then(({ outcome }) => {
        if (outcome.action !== 'error') return
        rejected++
        expect(outcome).toMatchObject(cannotTell)
        expect(outcome.error.message).toContain('1024 queries are pending in this process')
      })
    }
    await expect.poll(() => rejected, { timeout: 10_000 }).toBe(2000 - 1024)
    const answer = setInterval(() => release.splice(0).forEach((send) => send()), 5)
    try {
      const results = await Promise.all(logins)
      expect(results.filter(({ outcome }) => outcome.action === 'success')).toHaveLength(1024)
      // Another strategy of the process is served again.
      expect((await loginWith(strategyFor({ rpc: network.rpcUrl }), alice)).outcome).toMatchObject(yes)
    } finally {
      clearInterval(answer)
    }
  })
})
