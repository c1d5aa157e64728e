import { once } from 'node:events'
import http from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { inspect } from 'node:util'
import type { NearStrategyOptions } from 'passport-near'
import { TestNetwork, type Failure, type TestAccount } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cleanup, listen, openConnections } from '../support/app'
import {
  answering,
  cannotTell,
  handlerError,
  limited,
  loginAs,
  noKey,
  startNode,
  yes,
  type LoginResult,
  type Respond,
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

/**
 * Margin above a timeout for a busy machine, in milliseconds. Without the timeout the test would take
 * minutes.
 */
const SLACK = 2000

const login = (options: Partial<NearStrategyOptions>): Promise<LoginResult> => loginAs(alice, options)

const K = 'ed25519:2RM3EotCzEiVobm6aMjaup43k8cFffR4KHFtrqbZ79Qy'
const at = { block_height: 187310138, block_hash: 'DwFpDPiQXBaX6Vw3aKazQ4nXjgzw1uk6XpUkfTSJrbXf' }
const functionCall = { allowance: null, receiver_id: 'app.near', method_names: [] }
describe('the RPC request', () => {
  it('is one view_access_key at finality final', async () => {
    const node = await startNode(
      cleanup,
      answering({ result: { nonce: 1, permission: 'FullAccess', ...at } }),
    )
    expect((await login({ rpc: node.url })).outcome).toMatchObject(yes)
    expect(node.requests).toEqual([
      {
        jsonrpc: '2.0',
        id: expect.any(String) as string,
        method: 'query',
        params: {
          request_type: 'view_access_key',
          finality: 'final',
          account_id: 'alice.test',
          public_key: alice.publicKey,
        },
      },
    ])
  })

  it("has the endpoint's own headers and path", async () => {
    let seen: (string | undefined)[] | undefined
    const node = await startNode(cleanup, (request, response, message) => {
      const { authorization, accept, 'content-type': type } = message.headers
      seen = [message.url, authorization, accept, type]
      answering({ result: { permission: 'FullAccess' } })(request, response, message)
    })
    const rpc = { url: `${node.url}/v1?apiKey=k`, headers: { Authorization: 'Bearer b' } }
    expect((await login({ rpc })).outcome).toMatchObject(yes)
    expect(seen).toEqual(['/v1?apiKey=k', 'Bearer b', 'application/json', 'application/json'])
  })
})

describe('the HTTP request', () => {
  it('has the headers of the endpoint and those of JSON, each once', async () => {
    const seen: string[][] = []
    const node = await startNode(cleanup, (request, response, message) => {
      seen.push(message.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()))
      expect(message.headers['content-type']).toBe('application/json')
      answering({ result: { permission: 'FullAccess' } })(request, response, message)
    })
    const headers = { 'Content-Type': 'text/plain', 'X-Api-Key': 'k' }
    expect((await login({ rpc: { url: node.url, headers } })).outcome).toMatchObject(yes)
    const expected = ['accept', 'connection', 'content-length', 'content-type', 'host', 'x-api-key']
    expect(seen.map((names) => names.sort())).toEqual([expected])
  })

  it('keeps its headers where a tracing tool such as OpenTelemetry copies them', async () => {
    let authorization: string | undefined
    const node = await startNode(cleanup, (request, response, message) => {
      authorization = message.headers.authorization
      answering({ result: { permission: 'FullAccess' } })(request, response, message)
    })
    const original = http.request
    cleanup.add(() => {
      http.request = original
      syncBuiltinESMExports()
    })
    let watched = 0
    http.request = ((options: http.RequestOptions, ...rest: []) => {
      watched++
      const headers = Object.assign({}, options.headers, {
        traceparent: '00-0-0-01',
      }) as http.OutgoingHttpHeaders
      return original({ ...options, headers }, ...rest)
    }) as typeof http.request
    syncBuiltinESMExports()
    const rpc = { url: node.url, headers: { authorization: 'Bearer k' } }
    expect((await login({ rpc })).outcome).toMatchObject(yes)
    expect([watched, authorization]).toEqual([1, 'Bearer k'])
  })
})

describe('the response of a node', () => {
  it.each<[string, object, Respond]>([
    ['FullAccess', yes, answering({ result: { nonce: 1, permission: 'FullAccess', ...at } })],
    [
      'GasKeyFullAccess',
      yes,
      answering({
        result: { nonce: 1, permission: { GasKeyFullAccess: { balance: '0', num_nonces: 1 } }, ...at },
      }),
    ],
    [
      'FunctionCall',
      limited,
      answering({ result: { nonce: 1, permission: { FunctionCall: functionCall }, ...at } }),
    ],
    [
      'GasKeyFunctionCall',
      limited,
      answering({ result: { nonce: 1, permission: { GasKeyFunctionCall: functionCall }, ...at } }),
    ],
    [
      'no such key, in the words of nearcore',
      noKey,
      answering({ result: { error: `access key ${K} does not exist while viewing`, logs: [], ...at } }),
    ],
    [
      'no such key, in the words of fast-near',
      noKey,
      answering({ result: { error: `access key ${K} does not exist while viewing` } }),
    ],
    [
      'no such account, in the words of newer nearcore',
      noKey,
      answering({ result: { error: 'account alice.test does not exist while viewing', logs: [], ...at } }),
    ],
    ['UNKNOWN_ACCESS_KEY', noKey, answering(handlerError('UNKNOWN_ACCESS_KEY'))],
    ['UNKNOWN_ACCOUNT', noKey, answering(handlerError('UNKNOWN_ACCOUNT'))],
    [
      'no such account, in the words of fast-near',
      noKey,
      answering({
        error: {
          code: -32000,
          data: 'account alice.test does not exist while viewing',
          message: 'Server error',
        },
      }),
    ],
  ])('%s is definite', async (_, expected, respond) => {
    const node = await startNode(cleanup, respond)
    expect((await login({ rpc: node.url })).outcome).toMatchObject(expected)
    expect(node.requests).toHaveLength(1)
  })

  it.each<[string, Respond]>([
    ...[
      'UNAVAILABLE_SHARD',
      'NO_SYNCED_BLOCKS',
      'UNKNOWN_BLOCK',
      'GARBAGE_COLLECTED_BLOCK',
      'INTERNAL_ERROR',
      'TIMEOUT_ERROR',
      'SOMETHING_NEW',
    ].flatMap((cause): [string, Respond][] =>
      [200, 408, 422, 500].map((status) => [
        `${cause} with HTTP ${status}`,
        answering(handlerError(cause), status),
      ]),
    ),
    [
      'REQUEST_VALIDATION_ERROR',
      answering(
        {
          error: { name: 'REQUEST_VALIDATION_ERROR', cause: { name: 'PARSE_ERROR', info: {} }, code: -32700 },
        },
        400,
      ),
    ],
    [
      'an unknown account in another kind of error',
      answering({ error: { name: 'INTERNAL_ERROR', cause: { name: 'UNKNOWN_ACCOUNT' } } }),
    ],
    ['an error that is only a string', answering({ error: `access key ${K} does not exist while viewing` })],
    [
      'an error about another failure',
      answering({ error: { code: -32000, data: 'disk full', message: 'Server error' } }),
    ],
    ['a no with HTTP 500', answering(handlerError('UNKNOWN_ACCESS_KEY'), 500)],
    ['a yes with HTTP 500', answering({ result: { permission: 'FullAccess' } }, 500)],
    ['a yes with HTTP 400', answering({ result: { permission: 'FullAccess' } }, 400)],
    ['a yes with HTTP 302', answering({ result: { permission: 'FullAccess' } }, 302)],
    [
      'both a result and an error',
      answering({ result: { permission: 'FullAccess' }, ...handlerError('UNKNOWN_ACCESS_KEY') }),
    ],
    ['neither a result nor an error', answering({})],
    ['a result of null', answering({ result: null })],
    ['a result that is an array', answering({ result: ['FullAccess'] })],
    [
      'a yes and a no in one result',
      answering({
        result: { permission: 'FullAccess', error: `access key ${K} does not exist while viewing` },
      }),
    ],
    ['a result with another error', answering({ result: { error: 'wasm execution failed' } })],
    [
      'a result about another missing object',
      answering({ result: { error: 'contract app.near does not exist while viewing' } }),
    ],
    [
      'an error about another missing object',
      answering({
        error: { code: -32000, data: 'contract app.near does not exist', message: 'Server error' },
      }),
    ],
    [
      'an array as the details of a permission',
      answering({ result: { permission: { GasKeyFullAccess: [] } } }),
    ],
    ['an unknown permission', answering({ result: { permission: 'fullaccess' } })],
    ['an object with an unknown permission', answering({ result: { permission: { Multisig: {} } } })],
    [
      'two permissions',
      answering({ result: { permission: { GasKeyFullAccess: {}, FunctionCall: functionCall } } }),
    ],
    ['a permission without its details', answering({ result: { permission: { GasKeyFullAccess: null } } })],
    ['an empty permission', answering({ result: { permission: {} } })],
    ['true as the permission', answering({ result: { permission: true } })],
    ['another id', answering({ result: { permission: 'FullAccess' }, id: 'other' })],
    ['no id', answering({ result: { permission: 'FullAccess' }, id: undefined })],
    [
      'an array of responses',
      ({ id }, response) => response.end(JSON.stringify([{ id, result: { permission: 'FullAccess' } }])),
    ],
    [
      'a truncated body',
      ({ id }, response) =>
        response.end(JSON.stringify({ id, result: { permission: 'FullAccess' } }).slice(0, -1)),
    ],
  ])('%s is neither a yes nor a no: 503, never 401', async (_, respond) => {
    const node = await startNode(cleanup, respond)
    expect((await login({ rpc: node.url })).outcome).toMatchObject(cannotTell)
  })
})

describe('a node that fails', () => {
  const failures: Failure[] = [
    ...([
      'hang',
      'stall',
      'endless',
      'reset',
      'redirect',
      'html',
      'null',
      'garbage',
      'empty',
      'wrong-id',
      'syncing',
    ] as const),
    ...(['http-401', 'http-403', 'http-404', 'http-429', 'http-500', 'http-502', 'http-503'] as const),
  ]

  it.each(failures)('by %s: 503 within rpcTimeout, never 401', async (how) => {
    network.fail(how)
    const { outcome, ms } = await login({ rpc: network.rpcUrl, rpcTimeout: 300 })
    expect(outcome).toMatchObject(cannotTell)
    expect(ms).toBeLessThan(300 + SLACK)
  })

  it.each(failures)('by %s leaves time for the next endpoint, which decides', async (how) => {
    const dead = await TestNetwork.start()
    cleanup.add(() => dead.stop())
    dead.fail(how)
    const rpc = [dead.rpcUrl, network.rpcUrl]
    expect((await login({ rpc, rpcTimeout: 2000 })).outcome).toMatchObject(yes)
    alice.deleteKey(alice.publicKey)
    expect((await login({ rpc, rpcTimeout: 2000 })).outcome).toMatchObject(noKey)
    alice.addKey({ publicKey: alice.publicKey })
  })

  it('by refusing connections: the next endpoint gets the request', async () => {
    const gone = await TestNetwork.start()
    await gone.stop()
    expect((await login({ rpc: gone.rpcUrl })).outcome).toMatchObject(cannotTell)
    expect((await login({ rpc: [gone.rpcUrl, network.rpcUrl] })).outcome).toMatchObject(yes)
  })

  it('by using another protocol than HTTP, or than TLS: 503', async () => {
    const server = createTcpServer((socket) =>
      socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2\r\n'),
    ).listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanup.add(() => server.close())
    const { port } = server.address() as AddressInfo
    for (const rpc of [`http://127.0.0.1:${port}`, `https://127.0.0.1:${port}`]) {
      expect((await login({ rpc, rpcTimeout: 1000 })).outcome).toMatchObject(cannotTell)
    }
  })

  it('by switching protocols: 503 before the timeout, and the next endpoint gets the request', async () => {
    const node = await startNode(cleanup, (_, response) => {
      response.socket?.end(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n',
      )
    })
    const { outcome, ms } = await login({ rpc: [node.url, network.rpcUrl], rpcTimeout: 20_000 })
    expect(outcome).toMatchObject(yes)
    expect(ms).toBeLessThan(8000)
  })

  it('by sending an endless body is read up to 64 kB', async () => {
    let sent = 0
    const node = await startNode(cleanup, (_, response) => {
      const chunk = ' '.repeat(4096)
      const timer = setInterval(() => {
        response.write(chunk)
        sent += chunk.length
      }, 2)
      response.on('close', () => clearInterval(timer))
    })
    const { outcome, ms } = await login({ rpc: node.url, rpcTimeout: 5000 })
    expect(outcome).toMatchObject(cannotTell)
    expect(sent).toBeLessThan(128 * 1024)
    expect(ms).toBeLessThan(4000)
  })

  it('does not get the request or its headers to the target of a redirect', async () => {
    const elsewhere = await startNode(cleanup, answering({ result: { permission: 'FullAccess' } }))
    const node = await startNode(cleanup, (_, response) =>
      response.writeHead(307, { location: elsewhere.url }).end(),
    )
    const { outcome } = await login({ rpc: { url: node.url, headers: { authorization: 'Bearer secret' } } })
    expect(outcome).toMatchObject(cannotTell)
    expect(elsewhere.requests).toEqual([])
  })
})

describe('an early decision', () => {
  it('a failure status is a failure before the body has arrived', async () => {
    const node = await startNode(cleanup, (_, response) =>
      response.writeHead(429, { 'content-length': 9 }).write('x'),
    )
    const { outcome, ms } = await login({ rpc: [node.url, network.rpcUrl], rpcTimeout: 20_000 })
    expect(outcome).toMatchObject(yes)
    expect(ms).toBeLessThan(900)
  })

  it('endless interim responses count as no response, and the connection is closed', async () => {
    let isClosed = false
    const node = await startNode(cleanup, (_, response) => {
      response.on('close', () => (isClosed = true))
      const flood = (): void => {
        if (response.destroyed) return
        response.writeEarlyHints({ link: '</style.css>; rel=preload' })
        setImmediate(flood)
      }
      flood()
    })
    const { outcome } = await login({ rpc: [node.url, network.rpcUrl], rpcTimeout: 2000 })
    expect(outcome).toMatchObject(yes)
    await expect.poll(() => isClosed).toBe(true)
  })
})

describe('several endpoints', () => {
  it('get requests in their order, and the first definite yes ends the query', async () => {
    const second = await startNode(cleanup, answering({ result: { permission: 'FullAccess' } }))
    expect((await login({ rpc: [network.rpcUrl, second.url] })).outcome).toMatchObject(yes)
    expect(second.requests).toEqual([])
  })

  it('do not override each other: a definite no stays a no whatever another endpoint responds', async () => {
    const stale = await startNode(cleanup, answering({ result: { permission: 'FullAccess' } }))
    alice.deleteKey(alice.publicKey)
    expect((await login({ rpc: [network.rpcUrl, stale.url] })).outcome).toMatchObject(noKey)
    expect(stale.requests).toEqual([])
  })

  it('that are slow may still respond: a dead endpoint behind a slow one blocks no login', async () => {
    const slow = await startNode(cleanup, (request, response, message) => {
      setTimeout(() => answering({ result: { permission: 'FullAccess' } })(request, response, message), 1300)
    })
    const gone = await TestNetwork.start()
    await gone.stop()
    expect((await login({ rpc: [slow.url, gone.rpcUrl], rpcTimeout: 3000 })).outcome).toMatchObject(yes)
    expect((await login({ rpc: [slow.url, slow.url], rpcTimeout: 3000 })).outcome).toMatchObject(yes)
  })

  it('that fail late do not shorten the hedge delay of the endpoint with the latest request', async () => {
    const after =
      (ms: number, respond: Respond): Respond =>
      (...args) =>
        void setTimeout(() => respond(...args), ms)
    const failing = await startNode(cleanup, after(900, answering(handlerError('INTERNAL_ERROR'), 500)))
    const slow = await startNode(cleanup, after(600, answering({ result: { permission: 'FullAccess' } })))
    const last = await startNode(cleanup, answering({ result: { permission: 'FullAccess' } }))
    // Each has a delay of 800 ms: the second gets its request at 800, the first fails at 900, the second
    // responds at 1400.
    expect((await login({ rpc: [failing.url, slow.url, last.url], rpcTimeout: 2400 })).outcome).toMatchObject(
      yes,
    )
    expect(last.requests).toEqual([])
  })

  it('that have not responded yet are aborted when one has responded', async () => {
    const { url, server } = await listen(() => undefined, cleanup)
    const open = openConnections(server)
    expect((await login({ rpc: [url, network.rpcUrl], rpcTimeout: 1000 })).outcome).toMatchObject(yes)
    await expect.poll(() => open.size).toBe(0)
  })

  it('get no request after one has responded', async () => {
    const hanging = await startNode(cleanup, () => undefined)
    const last = await startNode(cleanup, answering({ result: { permission: 'FullAccess' } }))
    const slow = await startNode(cleanup, (request, response, message) => {
      setTimeout(() => answering({ result: { permission: 'FullAccess' } })(request, response, message), 1300)
    })
    expect((await login({ rpc: [slow.url, hanging.url, last.url], rpcTimeout: 3000 })).outcome).toMatchObject(
      yes,
    )
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(last.requests).toEqual([])
  })

  it('that all hang end in a 503 within rpcTimeout', async () => {
    network.fail('hang')
    const { outcome, ms } = await login({ rpc: Array<string>(5).fill(network.rpcUrl), rpcTimeout: 400 })
    expect(outcome).toMatchObject(cannotTell)
    expect(ms).toBeLessThan(400 + SLACK)
  })
})

describe('connections', () => {
  it('are kept between logins, and one that the node has closed is no outage', async () => {
    const sockets = new Set<Socket>()
    const { url } = await listen((message, response) => {
      sockets.add(message.socket)
      message.on('data', (chunk: Buffer) => {
        answering({ result: { permission: 'FullAccess' } })(
          JSON.parse(chunk.toString()) as { id: string },
          response,
          message,
        )
      })
    }, cleanup)
    for (let round = 0; round < 3; round++) expect((await login({ rpc: url })).outcome).toMatchObject(yes)
    expect(sockets.size).toBe(1)

    // The node closes the kept connection when the next request arrives on it.
    for (const socket of sockets) {
      socket.removeAllListeners('data')
      socket.on('data', () => socket.resetAndDestroy())
    }
    expect((await login({ rpc: url })).outcome).toMatchObject(yes)
    expect(sockets.size).toBe(2)
  })

  it('that are one response behind, because one response came twice, are not reused', async () => {
    const answerTo = (request: string): string => {
      const { id } = JSON.parse(request) as { id: string }
      const body = JSON.stringify({ jsonrpc: '2.0', id, result: { permission: 'FullAccess' } })
      return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    }
    let connections = 0
    const server = createTcpServer((socket) => {
      connections++
      let earlier = ''
      socket.on('error', () => undefined)
      socket.on('data', (data) => {
        const json = data.toString().split('\r\n\r\n')[1]!
        socket.write(earlier) // the previous response again, when the next request arrives
        const answer = answerTo(json)
        setTimeout(() => socket.write(answer), 50)
        earlier = connections === 1 ? answer : ''
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanup.add(() => void server.close())
    const rpc = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect((await login({ rpc })).outcome).toMatchObject(yes)
    expect((await login({ rpc })).outcome).toMatchObject(cannotTell)
    for (let round = 0; round < 3; round++) expect((await login({ rpc })).outcome).toMatchObject(yes)
    expect(connections).toBe(2)
  })

  it('of an aborted request are closed', async () => {
    const { url, server } = await listen(() => undefined, cleanup)
    const open = openConnections(server)
    await login({ rpc: url, rpcTimeout: 100 })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(open.size).toBe(0)
  })
})

describe('errors', () => {
  it('name the endpoint and its failure, and contain neither its URL nor its headers', async () => {
    network.fail('http-429')
    const secrets = ['k3y-in-the-path', 'k3y-in-the-query', 'k3y-in-a-header']
    const withSecrets = (url: string): object => ({
      url: `${url}/${secrets[0]!}?apiKey=${secrets[1]!}`,
      headers: { authorization: `Bearer ${secrets[2]!}` },
    })
    const rpc = [
      withSecrets(network.rpcUrl),
      withSecrets('http://127.0.0.1:1'),
      withSecrets('https://k3y-in-the-host.invalid'),
    ]
    const { outcome } = await login({ rpc: rpc as NearStrategyOptions['rpc'] & object })
    expect(outcome).toMatchObject(cannotTell)
    const shown =
      inspect(outcome, { depth: 10, showHidden: true }) +
      String((outcome as { error: { stack?: string } }).error.stack)
    expect(shown).not.toMatch(/k3y|127\.0\.0\.1/)
    expect(shown).toContain('Endpoint 1 of 3: HTTP status 429')
    expect(shown).toContain('Endpoint 2 of 3: no response (ECONNREFUSED)')
    expect(shown).toMatch(/Endpoint 3 of 3: no response \((ENOTFOUND|EAI_AGAIN)\)/)
  })
})

describe('errors of endpoints that are slow or send too much', () => {
  it('name the failure', async () => {
    const causes = []
    for (const how of ['stall', 'endless'] as const) {
      network.fail(how)
      const { outcome } = await login({
        rpc: [network.rpcUrl, network.rpcUrl],
        rpcTimeout: how === 'stall' ? 300 : 5000,
      })
      causes.push(inspect(outcome, { depth: 10 }))
    }
    expect(causes[0]).toContain('Endpoint 1 of 2: no response in time')
    expect(causes[1]).toContain('Endpoint 1 of 2: a response of more than 65536 bytes')
  })
})

describe('a custom key source', () => {
  it.each<[string, object, unknown]>([
    ['FullAccess', yes, 'FullAccess'],
    ['a full-access gas key', yes, { GasKeyFullAccess: { balance: '0', num_nonces: 1 } }],
    ['a function-call key', limited, { FunctionCall: functionCall }],
    ['undefined, which is a definite no', noKey, undefined],
    ['null', cannotTell, null],
    ['true', cannotTell, true],
    ['an empty object', cannotTell, {}],
    ['a whole access key view', cannotTell, { nonce: 1, permission: 'FullAccess' }],
    ['another spelling', cannotTell, 'full_access'],
  ])('that returns %s', async (_, expected, permission) => {
    const accessKeys = { permission: async () => permission as never }
    expect((await login({ accessKeys })).outcome).toMatchObject(expected)
  })

  it('that throws, rejects or never responds is a 503', async () => {
    const raise = (): never => {
      throw new Error('no')
    }
    for (const permission of [
      raise,
      () => Promise.reject(new Error('no')),
      () => new Promise<never>(() => undefined),
    ]) {
      const { outcome, ms } = await login({ accessKeys: { permission }, rpcTimeout: 200 })
      expect(outcome).toMatchObject(cannotTell)
      expect(ms).toBeLessThan(200 + SLACK)
    }
  })

  it('is called instead of the endpoints', async () => {
    const accessKeys = { permission: async () => 'FullAccess' as const }
    expect((await login({ accessKeys })).outcome).toMatchObject(yes)
    expect(network.requestCount).toBe(0)
  })

  it('is called once, with a signal that aborts when the login no longer waits for the result', async () => {
    const calls: [string, string, AbortSignal][] = []
    const accessKeys = {
      permission(accountId: string, publicKey: string, { signal }: { signal: AbortSignal }) {
        calls.push([accountId, publicKey, signal])
        return new Promise<never>(() => undefined)
      },
    }
    await login({ accessKeys, rpcTimeout: 100 })
    expect(calls).toHaveLength(1)
    expect(calls[0]!.slice(0, 2)).toEqual(['alice.test', alice.publicKey])
    expect(calls[0]![2].aborted).toBe(true)
  })
})
