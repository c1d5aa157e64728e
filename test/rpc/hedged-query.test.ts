import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { TestNetwork, type Failure, type TestAccount } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Cleanup, listen } from '../support/app'
import {
  answering,
  cannotTell,
  limited,
  loginAs,
  loginWith,
  noKey,
  startNode,
  strategyFor,
  yes,
} from '../support/nodes'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount

beforeEach(async () => {
  network = await startNetwork()
  alice = await network.createAccount('alice.test')
})
afterEach(() => cleanup.run())

async function startNetwork(): Promise<TestNetwork> {
  const started = await TestNetwork.start()
  cleanup.add(() => started.stop())
  return started
}

/** Another node of the same chain, which is as current as the test sets it. */
async function startPeer(): Promise<{ peer: TestNetwork; account: TestAccount }> {
  const peer = await startNetwork()
  return { peer, account: await peer.createAccount('alice.test', { publicKey: alice.publicKey }) }
}

const liar = (): Promise<{ url: string; requests: unknown[] }> =>
  startNode(cleanup, answering({ result: { permission: 'FullAccess' } }))

describe('an endpoint that keeps failing', () => {
  const failures: Failure[] = ['hang', 'stall', 'reset', 'html', 'http-429', 'http-502', 'endless', 'garbage']

  it.each(failures)('by %s delays three logins, and is last from the fourth on', async (how) => {
    const dead = await startNetwork()
    dead.fail(how)
    const strategy = strategyFor({ rpc: [dead.rpcUrl, network.rpcUrl] })
    const times: number[] = []
    for (let login = 0; login < 6; login++) {
      const { outcome, ms } = await loginWith(strategy, alice)
      expect(outcome).toMatchObject(yes)
      times.push(ms)
    }
    // On a busy machine a connection may open so late that the endpoint is not blamed: then a fourth login waits.
    expect([3, 4]).toContain(dead.requestCount)
    // The hedge delay of one second, plus a margin for a busy machine; the other endpoints get no wait at
    // all.
    expect(Math.max(...times)).toBeLessThan(2500)
    expect(Math.min(...times.slice(4))).toBeLessThan(500)
  })

  it.each(['refused', 'TLS'])('by a connection that is %s has the same effect', async (kind) => {
    const tcp = createTcpServer((socket) => socket.on('error', () => undefined).end('no')).listen(
      0,
      '127.0.0.1',
    )
    await once(tcp, 'listening')
    cleanup.add(() => tcp.close())
    const { port } = tcp.address() as AddressInfo
    if (kind === 'refused') tcp.close()
    const rpc = [`${kind === 'TLS' ? 'https' : 'http'}://127.0.0.1:${port}`, network.rpcUrl]
    const strategy = strategyFor({ rpc })
    for (let login = 0; login < 5; login++) {
      const { outcome, ms } = await loginWith(strategy, alice)
      expect(outcome).toMatchObject(yes)
      expect(ms).toBeLessThan(900)
    }
  })

  it('is probed after the cooldown by one login, and is preferred again when it responds', async () => {
    const flaky = await startPeer()
    flaky.peer.fail('http-500')
    const strategy = strategyFor({ rpc: [flaky.peer.rpcUrl, network.rpcUrl] })
    for (let login = 0; login < 4; login++) await loginWith(strategy, alice)
    expect(flaky.peer.requestCount).toBe(3)

    const now = vi.spyOn(performance, 'now')
    try {
      const started = performance.now()
      now.mockImplementation(() => started + 29_000)
      await loginWith(strategy, alice)
      expect(flaky.peer.requestCount).toBe(3)
      const later = started + 31_000
      now.mockImplementation(() => later)
      await Promise.all(Array.from({ length: 5 }, () => loginWith(strategy, alice)))
      expect(flaky.peer.requestCount).toBe(4)

      now.mockImplementation(() => later + 31_000)
      flaky.peer.recover()
      await loginWith(strategy, alice)
      const before = network.requestCount
      for (let login = 0; login < 3; login++) await loginWith(strategy, alice)
      expect(flaky.peer.requestCount).toBe(8)
      expect(network.requestCount).toBe(before)
    } finally {
      now.mockRestore()
    }
  })

  it('closes its circuit again when it has become slow but works', async () => {
    const { peer } = await startPeer()
    peer.fail('http-500')
    let url = peer.rpcUrl
    const proxy = await startNode(cleanup, (request, response) => {
      setTimeout(() => {
        fetch(url, { method: 'POST', body: JSON.stringify(request) })
          .then(async (answer) => response.writeHead(answer.status).end(await answer.text()))
          .catch(() => response.destroy())
      }, 400)
    })
    const strategy = strategyFor({ rpc: [proxy.url, network.rpcUrl] })
    for (let login = 0; login < 4; login++) await loginWith(strategy, alice)
    expect(proxy.requests).toHaveLength(3)
    peer.recover()
    url = peer.rpcUrl
    const real = performance.now.bind(performance)
    const now = vi.spyOn(performance, 'now').mockImplementation(() => real() + 31_000)
    try {
      const before = network.requestCount
      expect((await loginWith(strategy, alice)).outcome).toMatchObject(yes)
      for (let login = 0; login < 3; login++) await loginWith(strategy, alice)
      expect(network.requestCount).toBe(before)
      expect(proxy.requests).toHaveLength(7)
    } finally {
      now.mockRestore()
    }
  })

  it('is not an endpoint without a response to one request, because a visitor could cause that', async () => {
    const answers = [
      answering(
        { error: { name: 'REQUEST_VALIDATION_ERROR', cause: { name: 'PARSE_ERROR', info: {} } } },
        400,
      ),
      answering({ error: { name: 'HANDLER_ERROR', cause: { name: 'UNAVAILABLE_SHARD', info: {} } } }),
      answering({ result: { error: 'something else' } }),
      answering({ error: { name: 'HANDLER_ERROR', cause: { name: 'UNKNOWN_BLOCK', info: {} } } }, 422),
    ]
    const node = await startNode(cleanup, (...args) =>
      answers[node.requests.length % answers.length]!(...args),
    )
    const strategy = strategyFor({ rpc: [node.url, network.rpcUrl] })
    for (let login = 0; login < 8; login++)
      expect((await loginWith(strategy, alice)).outcome).toMatchObject(yes)
    expect(node.requests).toHaveLength(8)
  })

  it('still gets a request when there is no other endpoint', async () => {
    network.fail('http-500')
    const strategy = strategyFor({ rpc: network.rpcUrl })
    for (let login = 0; login < 5; login++)
      expect((await loginWith(strategy, alice)).outcome).toMatchObject(cannotTell)
    network.recover()
    expect((await loginWith(strategy, alice)).outcome).toMatchObject(yes)
    expect(network.requestCount).toBe(6)
  })
})

describe('when all endpoints are down', () => {
  it('1,000 logins leave no socket, timer or memory behind', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const sockets = new Set<unknown>()
    const { url, server } = await listen(() => undefined, cleanup)
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    const strategy = strategyFor({ rpc: [url, url], rpcTimeout: 100 })
    const round = async (): Promise<void> => {
      const results = await Promise.all(Array.from({ length: 100 }, () => loginWith(strategy, alice)))
      for (const { outcome } of results) expect(outcome).toMatchObject(cannotTell)
      await expect.poll(() => sockets.size).toBe(0)
    }
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    await round()
    await round()
    collect()
    const [heapBefore, timersBefore] = [process.memoryUsage().heapUsed, timers()]
    for (let rounds = 0; rounds < 10; rounds++) await round()
    collect()
    expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(8e6)
    expect(timers()).toBeLessThanOrEqual(timersBefore)
  })
})

describe('a login with a result', () => {
  it('leaves no timer behind, which would keep a process from ending', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    const node = await startNode(cleanup, answering({ result: { permission: 'FullAccess' } }))
    const refusing = await startNode(cleanup, answering({ error: { name: 'HANDLER_ERROR' } }))
    expect((await loginAs(alice, { rpc: node.url })).outcome).toMatchObject(yes)
    expect((await loginAs(alice, { rpc: refusing.url })).outcome).toMatchObject(cannotTell)
    expect(timers()).toBeLessThanOrEqual(before)
  })
})

describe('a quorum of 2 of 3', () => {
  it('sends two requests at once and no third', async () => {
    const [second, third] = [await startPeer(), await startPeer()]
    const rpc = [network.rpcUrl, second.peer.rpcUrl, third.peer.rpcUrl]
    expect((await loginAs(alice, { rpc, quorum: 2 })).outcome).toMatchObject(yes)
    expect([network, second.peer, third.peer].map(({ requestCount }) => requestCount)).toEqual([1, 1, 0])
  })

  it('does not wait for the first response before it sends the second request', async () => {
    const second = await startNode(cleanup, answering({ result: { permission: 'FullAccess' } }))
    const first = await startNode(cleanup, (request, response, message) => {
      const answerOnceBothAreAsked = (): void => {
        if (second.requests.length === 0) setTimeout(answerOnceBothAreAsked, 5)
        else answering({ result: { permission: 'FullAccess' } })(request, response, message)
      }
      answerOnceBothAreAsked()
    })
    const { outcome, ms } = await loginAs(alice, {
      rpc: [first.url, second.url],
      quorum: 2,
      rpcTimeout: 20_000,
    })
    expect(outcome).toMatchObject(yes)
    expect(ms).toBeLessThan(900)
  })

  it('rejects a key that only one node confirms, wherever that node is in the list', async () => {
    const [second, third] = [await startPeer(), await startPeer()]
    for (const account of [alice, second.account, third.account]) account.deleteKey(alice.publicKey)
    const lying = await liar()
    for (const rpc of [
      [lying.url, network.rpcUrl, second.peer.rpcUrl],
      [network.rpcUrl, lying.url, second.peer.rpcUrl],
      [network.rpcUrl, second.peer.rpcUrl, lying.url],
    ]) {
      expect((await loginAs(alice, { rpc, quorum: 2 })).outcome).toMatchObject(noKey)
    }
  })

  it('does not accept that key when the other nodes are down', async () => {
    const [lying, { peer }] = [await liar(), await startPeer()]
    network.fail('http-503')
    peer.fail('http-503')
    const rpc = [lying.url, network.rpcUrl, peer.rpcUrl]
    expect((await loginAs(alice, { rpc, quorum: 2 })).outcome).toMatchObject(cannotTell)
  })

  it.each(['http-503', 'hang'] as const)('is reached without a node that is down by %s', async (how) => {
    const [second, third] = [await startPeer(), await startPeer()]
    const peers = [network, second.peer, third.peer]
    const rpc = peers.map(({ rpcUrl }) => rpcUrl)
    for (const dead of peers) {
      dead.fail(how)
      expect((await loginAs(alice, { rpc, quorum: 2, rpcTimeout: 3000 })).outcome).toMatchObject(yes)
      dead.recover()
    }
  })

  it('does not accept a removed key because one node lags', async () => {
    const [lagging, third] = [await startPeer(), await startPeer()]
    alice.deleteKey(alice.publicKey)
    third.account.deleteKey(alice.publicKey)
    const urls = [network.rpcUrl, lagging.peer.rpcUrl, third.peer.rpcUrl]
    for (let turn = 0; turn < 3; turn++) {
      const rpc = [...urls.slice(turn), ...urls.slice(0, turn)]
      expect((await loginAs(alice, { rpc, quorum: 2 })).outcome).toMatchObject(noKey)
    }
  })

  it('rejects the login when one node knows the key as a function-call key', async () => {
    const { peer, account } = await startPeer()
    account.deleteKey(alice.publicKey)
    account.addKey({ publicKey: alice.publicKey, permission: 'FunctionCall' })
    expect((await loginAs(alice, { rpc: [network.rpcUrl, peer.rpcUrl], quorum: 2 })).outcome).toMatchObject(
      limited,
    )
  })

  it('fails at once when it can no longer be reached', async () => {
    const { peer } = await startPeer()
    peer.fail('http-500')
    const { outcome, ms } = await loginAs(alice, {
      rpc: [network.rpcUrl, peer.rpcUrl],
      quorum: 2,
      rpcTimeout: 20_000,
    })
    expect(outcome).toMatchObject(cannotTell)
    expect(ms).toBeLessThan(5000)
  })
})

describe('another endpoint gets a request at once', () => {
  it('when the latest endpoint fails, although an earlier one may still respond', async () => {
    const hanging = await startNode(cleanup, () => undefined)
    const { peer } = await startPeer()
    peer.fail('http-500')
    const rpc = [hanging.url, peer.rpcUrl, network.rpcUrl]
    const { outcome, ms } = await loginAs(alice, { rpc, rpcTimeout: 20_000 })
    expect(outcome).toMatchObject(yes)
    expect(ms).toBeLessThan(1800)
  })

  it('when too few are left for the quorum, whichever endpoint failed', async () => {
    const first = await startNode(cleanup, (_, response) => {
      setTimeout(() => response.writeHead(500).end(), 50)
    })
    const second = await startNode(cleanup, (request, response, message) => {
      setTimeout(() => answering({ result: { permission: 'FullAccess' } })(request, response, message), 300)
    })
    const rpc = [first.url, second.url, network.rpcUrl]
    const { outcome, ms } = await loginAs(alice, { rpc, quorum: 2, rpcTimeout: 20_000 })
    expect(outcome).toMatchObject(yes)
    expect(ms).toBeLessThan(900)
  })
})

describe('a blocked event loop', () => {
  it('does not turn a response that has already arrived into an outage', async () => {
    const code = `require('node:http').createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += chunk)).on('end', () => {
        const answer = JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(body).id, result: { permission: 'FullAccess' } })
        setTimeout(() => response.end(answer), 100)
      })
    }).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`
    const node = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
    cleanup.add(() => node.kill())
    const [port] = (await once(node.stdout, 'data')) as [Buffer]
    const strategy = strategyFor({ rpc: `http://127.0.0.1:${port.toString().trim()}`, rpcTimeout: 1000 })
    expect((await loginWith(strategy, alice)).outcome).toMatchObject(yes)
    const login = loginWith(strategy, alice)
    await delay(50)
    await new Promise(setImmediate) // so that timers run before sockets when the event loop continues
    for (const until = Date.now() + 1500; Date.now() < until;);
    expect((await login).outcome).toMatchObject(yes)
  })
})

describe('at start-up', () => {
  it('contacts no endpoint', async () => {
    strategyFor({ rpc: network.rpcUrl })
    await delay(50)
    expect(network.requestCount).toBe(0)
  })
})
