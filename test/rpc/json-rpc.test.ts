import crypto from 'node:crypto'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Cleanup } from '../support/app'
import { answering, cannotTell, loginAs, loginWith, startNode, strategyFor, yes } from '../support/nodes'

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

async function startTcp(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    onConnection(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanup.add(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const httpResponse = (id: unknown): string => {
  const body = JSON.stringify({ jsonrpc: '2.0', id, ...full })
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

describe('the id of a request', () => {
  it('is random: no two are equal, and an id does not predict the next', async () => {
    const node = await startNode(cleanup, answering(full))
    const strategy = strategyFor({ rpc: node.url })
    for (let login = 0; login < 20; login++) await loginWith(strategy, alice)
    const ids = node.requests.map((request) => (request as { id: string }).id)
    expect(new Set(ids).size).toBe(20)
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it('detects the responses of a gateway that mixes up its clients', async () => {
    const strategies = [1, 2].map(() => strategyFor({ rpc: gateway.url }))
    const waiting: (() => void)[] = []
    let ids: string[] = []
    // Each client gets the other's response.
    gateway.respond = (request, response, message) => {
      ids.push(request.id)
      waiting.push(() => answering(full)({ id: ids.find((id) => id !== request.id)! }, response, message))
      if (waiting.length === 2) for (const send of waiting) send()
    }
    const outcomes = await Promise.all(strategies.map((strategy) => loginWith(strategy, alice)))
    for (const { outcome } of outcomes) expect(outcome).toMatchObject(cannotTell)
    ids = []
  })

  const gateway: { url: string; respond: Parameters<typeof startNode>[1] } = {
    url: '',
    respond: answering(full),
  }
  beforeAll(async () => {
    const lasting = new Cleanup()
    const { url } = await startNode(lasting, (...args) => gateway.respond(...args))
    gateway.url = url
    return () => lasting.run()
  })
})

describe('a response that was written before its request', () => {
  it.each(['1', '2', 1, 2, 'x', null])('is rejected with the id %j', async (id) => {
    const url = await startTcp((socket) => socket.write(httpResponse(id)))
    expect((await loginAs(alice, { rpc: url, rpcTimeout: 1000 })).outcome).toMatchObject(cannotTell)
  })

  it('is rejected on a kept connection even with the id of the next request', async () => {
    vi.spyOn(crypto, 'randomUUID').mockReturnValue('00000000-0000-4000-8000-000000000000')
    syncBuiltinESMExports()
    cleanup.add(() => {
      vi.restoreAllMocks()
      syncBuiltinESMExports()
    })
    let requests = 0
    const url = await startTcp((socket) =>
      socket.on('data', (data) => {
        const { id } = JSON.parse(data.toString().split('\r\n\r\n')[1]!) as { id: string }
        requests++
        // Behind the first response is one to the next request.
        socket.write(httpResponse(id) + httpResponse(id))
      }),
    )
    const strategy = strategyFor({ rpc: url, rpcTimeout: 1000 })
    expect((await loginWith(strategy, alice)).outcome).toMatchObject(yes)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const second = await loginWith(strategy, alice)
    // Either the connection was closed and another one was opened, or the response was rejected. It was
    // never accepted.
    expect(second.outcome.action === 'error' || requests === 2).toBe(true)
  })
})
