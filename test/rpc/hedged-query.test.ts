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

/** Another node of the same chain, which has seen as much as it is told. */
async function startPeer(): Promise<{ peer: TestNetwork; account: TestAccount }> {
  const peer = await startNetwork()
  return { peer, account: await peer.createAccount('alice.test', { publicKey: alice.publicKey }) }
}

const liar = (): Promise<{ url: string; requests: unknown[] }> =>
  startNode(cleanup, answering({ result: { permission: 'FullAccess' } }))

describe('an endpoint that keeps failing', () => {
  const failures: Failure[] = ['hang', 'stall', 'reset', 'html', 'http-429', 'http-502', 'endless', 'garbage']

  it.each(failures)('by %s costs three logins time, and is asked last from the fourth on', async (how) => {
    const dead = await startNetwork()
    dead.fail(how)
    const strategy = strategyFor({ rpc: [dead.rpcUrl, network.rpcUrl] })
    const times: number[] = []
    for (let login = 0; login < 6; login++) {
      const { outcome, ms } = await loginWith(strategy, alice)
      expect(outcome).toMatchObject(yes)
      times.push(ms)
    }
    expect(dead.requestCount).toBe(3)
    // A second of patience, and what a busy machine may add; the others don't wait for it at all.
    expect(Math.max(...times)).toBeLessThan(2500)
    expect(Math.min(...times.slice(3))).toBeLessThan(500)
  })

  it.each(['refused', 'TLS'])('by a connection that is %s is no different', async (kind) => {
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

  it('is tried again after a while, by one login, and is preferred again when it answers', async () => {
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

  it('is not one that only could not answer our question: a visitor could bring that about', async () => {
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

  it('is still asked when there is no other', async () => {
    network.fail('http-500')
    const strategy = strategyFor({ rpc: network.rpcUrl })
    for (let login = 0; login < 5; login++)
      expect((await loginWith(strategy, alice)).outcome).toMatchObject(cannotTell)
    network.recover()
    expect((await loginWith(strategy, alice)).outcome).toMatchObject(yes)
    expect(network.requestCount).toBe(6)
  })
})

describe('when all endpoints are dead', () => {
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

describe('a login that is decided', () => {
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
  it('asks two at once and no third', async () => {
    const [second, third] = [await startPeer(), await startPeer()]
    const rpc = [network.rpcUrl, second.peer.rpcUrl, third.peer.rpcUrl]
    expect((await loginAs(alice, { rpc, quorum: 2 })).outcome).toMatchObject(yes)
    expect([network, second.peer, third.peer].map(({ requestCount }) => requestCount)).toEqual([1, 1, 0])
  })

  it('does not wait for the first before it asks the second', async () => {
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

  it('lets nobody in on the word of one node that says yes to everything, wherever it stands', async () => {
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

  it('lets nobody in on that word when the others are dead', async () => {
    const [lying, { peer }] = [await liar(), await startPeer()]
    network.fail('http-503')
    peer.fail('http-503')
    const rpc = [lying.url, network.rpcUrl, peer.rpcUrl]
    expect((await loginAs(alice, { rpc, quorum: 2 })).outcome).toMatchObject(cannotTell)
  })

  it.each(['http-503', 'hang'] as const)('is reached without a node that is dead by %s', async (how) => {
    const [second, third] = [await startPeer(), await startPeer()]
    const peers = [network, second.peer, third.peer]
    const rpc = peers.map(({ rpcUrl }) => rpcUrl)
    for (const dead of peers) {
      dead.fail(how)
      expect((await loginAs(alice, { rpc, quorum: 2, rpcTimeout: 3000 })).outcome).toMatchObject(yes)
      dead.recover()
    }
  })

  it('does not revive a removed key because one node lags', async () => {
    const [lagging, third] = [await startPeer(), await startPeer()]
    alice.deleteKey(alice.publicKey)
    third.account.deleteKey(alice.publicKey)
    const urls = [network.rpcUrl, lagging.peer.rpcUrl, third.peer.rpcUrl]
    for (let turn = 0; turn < 3; turn++) {
      const rpc = [...urls.slice(turn), ...urls.slice(0, turn)]
      expect((await loginAs(alice, { rpc, quorum: 2 })).outcome).toMatchObject(noKey)
    }
  })

  it('is refused by one that knows the key as a function-call key', async () => {
    const { peer, account } = await startPeer()
    account.deleteKey(alice.publicKey)
    account.addKey({ publicKey: alice.publicKey, permission: 'FunctionCall' })
    expect((await loginAs(alice, { rpc: [network.rpcUrl, peer.rpcUrl], quorum: 2 })).outcome).toMatchObject(
      limited,
    )
  })

  it('that cannot be reached any more is given up at once', async () => {
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

describe('another endpoint is asked at once', () => {
  it('when the one that was asked last fails, although an earlier one may still answer', async () => {
    const hanging = await startNode(cleanup, () => undefined)
    const { peer } = await startPeer()
    peer.fail('http-500')
    const rpc = [hanging.url, peer.rpcUrl, network.rpcUrl]
    const { outcome, ms } = await loginAs(alice, { rpc, rpcTimeout: 20_000 })
    expect(outcome).toMatchObject(yes)
    expect(ms).toBeLessThan(1800)
  })

  it('when too few are left for the quorum, whichever it was that failed', async () => {
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

describe('an event loop that is held up', () => {
  it('does not turn an answer that lies ready into an outage', async () => {
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
    await new Promise(setImmediate) // so that timers come before sockets once the loop goes on
    for (const until = Date.now() + 1500; Date.now() < until;);
    expect((await login).outcome).toMatchObject(yes)
  })
})

describe('at start-up', () => {
  it('nothing is contacted', async () => {
    strategyFor({ rpc: network.rpcUrl })
    await delay(50)
    expect(network.requestCount).toBe(0)
  })
})
