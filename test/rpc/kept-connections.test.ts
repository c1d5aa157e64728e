import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
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
afterEach(async () => {
  passed = 0
  vi.restoreAllMocks()
  await cleanup.run()
})

/** A load balancer or firewall in front of a node. It can forget its connections without closing them. */
async function startMiddlebox(target: string): Promise<Middlebox> {
  const { hostname, port } = new URL(target)
  const open = new Map<Socket, Socket>()
  /** A connection that was forgotten accepts bytes, and passes none on. */
  const forget = (): void => {
    for (const [client, node] of open) {
      client.unpipe()
      node.unpipe()
      client.resume()
    }
  }
  const box = { url: '', connections: 0, open, forget }
  const server = createServer((client) => {
    box.connections++
    const node = connect(Number(port), hostname)
    open.set(client, node)
    client.pipe(node)
    node.pipe(client)
    client.on('close', () => open.delete(client) && node.destroy())
    node.on('close', () => client.destroy())
    for (const socket of [client, node]) socket.on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  box.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  cleanup.add(() => {
    server.close()
    for (const each of open.keys()) each.destroy()
  })
  return box
}

interface Middlebox {
  url: string
  /** How many there were. */
  connections: number
  /** The clients' sides, with the node's. */
  open: Map<Socket, Socket>
  forget(): void
}

const now = performance.now.bind(performance)
let passed = 0

/** Moves the clock that connections are judged by. */
function pass(milliseconds: number): void {
  passed += milliseconds
  vi.spyOn(performance, 'now').mockImplementation(() => now() + passed)
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

describe('a kept connection', () => {
  it('is used again after ten idle minutes', async () => {
    const box = await startMiddlebox(network.rpcUrl)
    const strategy = strategyFor({ rpc: box.url })
    for (let login = 0; login < 3; login++) {
      expect((await loginWith(strategy, alice)).outcome).toMatchObject(yes)
      await nextTurn()
      pass(600_000)
    }
    // Nothing is sent later either: the half second after which a silent connection is doubted has passed.
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(box.connections).toBe(1)
    expect(network.requestCount).toBe(3)
  })

  it('that the endpoint closed while it was idle costs no login: the next login opens another', async () => {
    const box = await startMiddlebox(network.rpcUrl)
    const strategy = strategyFor({ rpc: box.url })
    await loginWith(strategy, alice)
    for (const each of box.open.keys()) each.end()
    await expect.poll(() => box.open.size).toBe(0)
    const { outcome, ms } = await loginWith(strategy, alice)
    expect(outcome).toMatchObject(yes)
    expect(ms).toBeLessThan(400)
    expect(box.connections).toBe(2)
    expect(network.requestCount).toBe(2)
  })

  it('that died silently while it was idle costs a login half a second and not its time limit', async () => {
    const box = await startMiddlebox(network.rpcUrl)
    const strategy = strategyFor({ rpc: box.url })
    await loginWith(strategy, alice)
    await nextTurn()
    box.forget()
    pass(60_000)
    const { outcome, ms } = await loginWith(strategy, alice)
    expect(outcome).toMatchObject(yes)
    expect(ms).toBeLessThan(2500)
    expect(box.connections).toBe(2)
    // The dead connection is closed at once, so that no further login waits for it.
    await expect.poll(() => box.open.size, { timeout: 2000 }).toBe(0)
    // That is no reason to send the request a third time.
    await nextTurn()
    expect([box.connections, network.requestCount]).toEqual([2, 2])
    expect((await loginWith(strategy, alice)).ms).toBeLessThan(400)
  })

  it('that is reset while the second request waits is followed by one more request, which decides the login', async () => {
    const box = await startMiddlebox(network.rpcUrl)
    const strategy = strategyFor({ rpc: box.url, rpcTimeout: 3000 })
    await loginWith(strategy, alice)
    await nextTurn()
    const [first] = [...box.open.keys()]
    box.forget()
    pass(60_000)
    network.fail('hang')
    const login = loginWith(strategy, alice)
    await expect.poll(() => network.requestCount, { timeout: 2000 }).toBe(2)
    network.recover()
    first!.resetAndDestroy()
    const { outcome, ms } = await login
    expect(outcome).toMatchObject(yes)
    expect(ms).toBeLessThan(2500)
    expect([box.connections, network.requestCount]).toEqual([3, 3])
  })

  it('that died silently leaves no connection behind if the endpoint is silent as well', async () => {
    const box = await startMiddlebox(network.rpcUrl)
    const strategy = strategyFor({ rpc: box.url, rpcTimeout: 900 })
    await loginWith(strategy, alice)
    await nextTurn()
    network.fail('hang')
    pass(60_000)
    expect((await loginWith(strategy, alice)).outcome).toMatchObject(cannotTell)
    expect(network.requestCount).toBe(3)
    await expect.poll(() => box.open.size).toBe(0)
  })
})

describe('a slow endpoint', () => {
  /** A node that takes 700 milliseconds from its second response on. */
  const startSlowNode = (): ReturnType<typeof startNode> => {
    let responses = 0
    return startNode(cleanup, (request, response, message) => {
      const respond = (): void => answering(full)(request, response, message)
      setTimeout(respond, responses++ === 0 ? 0 : 700)
    })
  }

  it('on a connection that was just used gets one request for each login', async () => {
    const node = await startSlowNode()
    const strategy = strategyFor({ rpc: node.url })
    for (let login = 0; login < 2; login++)
      expect((await loginWith(strategy, alice)).outcome).toMatchObject(yes)
    expect(node.requests).toHaveLength(2)
  })

  it('on a connection that was idle is waited for: its first response counts', async () => {
    const node = await startSlowNode()
    const box = await startMiddlebox(node.url)
    const strategy = strategyFor({ rpc: box.url })
    await loginWith(strategy, alice)
    await nextTurn()
    pass(60_000)
    const { outcome, ms } = await loginWith(strategy, alice)
    expect(outcome).toMatchObject(yes)
    expect(ms).toBeLessThan(1150) // the second request is responded to after 1,200
    expect(node.requests).toHaveLength(3)
    // The second request is aborted, and the kept connection stays.
    await expect.poll(() => box.open.size).toBe(1)
    await loginWith(strategy, alice)
    expect(box.connections).toBe(2)
  })
})

const full = { result: { permission: 'FullAccess' } }
