import type { ServerResponse } from 'node:http'
import { hashOf } from './chain'

/**
 * What a node can do instead of answering: `hang` accepts and says nothing, `stall` stops in the middle of the body,
 * `reset` cuts the connection, `endless` never stops sending, `redirect` points elsewhere, `html`, `null`, `garbage`
 * and `empty` are bodies with status 200, `wrong-id` is an answer to another question, `syncing` is a node without
 * blocks, `stale-block` is a latest block of two minutes ago, `other-block` is an answer about another block than was asked for,
 * `unknown-block` is a node that does not have the block yet, and `http-<status>` is a status of 300 to 599 with the body that nodes and their proxies send with it.
 */
export type Failure =
  | 'hang'
  | 'stall'
  | 'reset'
  | 'endless'
  | 'redirect'
  | 'html'
  | 'null'
  | 'garbage'
  | 'empty'
  | 'wrong-id'
  | 'syncing'
  | 'stale-block'
  | 'other-block'
  | 'unknown-block'
  | `http-${number}`

type Named = Exclude<Failure, `http-${number}`>

type Fail = (response: ServerResponse, answer: string, request: string) => void

const FAILURES: Readonly<Record<Named, Fail>> = {
  hang: () => undefined,
  stall: (response, answer) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(answer),
    })
    response.write(answer.slice(0, answer.length / 2))
  },
  reset: (response) => response.socket?.resetAndDestroy(),
  endless: (response) => {
    const chunk = ' '.repeat(16 * 1024)
    const send = (): void => {
      while (!response.destroyed && response.write(chunk));
    }
    response.on('drain', send)
    send()
  },
  redirect: (response) => response.writeHead(307, { location: '/elsewhere' }).end(),
  html: (response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome to nginx!</h1>'),
  null: (response) => response.end('null'),
  garbage: (response) => response.end('\u0000{"jsonrpc":'),
  empty: (response) => response.end(),
  'wrong-id': (response, answer) =>
    response.end(JSON.stringify({ ...(JSON.parse(answer) as object), id: 'another' })),
  syncing: (response, answer) =>
    sendError(response, 200, answer, {
      cause: { name: 'NO_SYNCED_BLOCKS', info: {} },
      data: 'There are no fully synchronized blocks on the node yet',
    }),
  'stale-block': (response, answer) => {
    const body = JSON.parse(answer) as Answer
    const header = body.result?.header
    if (header) {
      header.timestamp -= STALE * 1e6
      header.timestamp_nanosec = `${BigInt(header.timestamp_nanosec) - BigInt(STALE) * 1_000_000n}`
    }
    response.end(JSON.stringify(body))
  },
  'other-block': (response, answer) => {
    const body = JSON.parse(answer) as Answer
    for (const about of [body.result, body.error?.cause.info]) {
      if (about?.block_hash !== undefined) about.block_hash = hashOf('another block')
    }
    response.end(JSON.stringify(body))
  },
  'unknown-block': (response, answer, request) => {
    const { block_id } = (JSON.parse(request) as { params?: { block_id?: unknown } }).params ?? {}
    if (block_id === undefined) return void response.end(answer)
    sendError(response, 422, answer, {
      cause: { name: 'UNKNOWN_BLOCK', info: { block_reference: { block_id } } },
      data: 'DB Not Found Error: the block is not known',
    })
  },
}

/** In milliseconds. */
const STALE = 120_000

interface Answer {
  readonly result?: {
    readonly header?: { timestamp: number; timestamp_nanosec: string }
    block_hash?: string
  }
  readonly error?: { readonly cause: { readonly info: { block_hash?: string } } }
}

function sendError(
  response: ServerResponse,
  status: number,
  answer: string,
  { cause, data }: { cause: object; data: string },
): void {
  const error = { name: 'HANDLER_ERROR', cause, code: -32000, message: 'Server error', data }
  const { id } = JSON.parse(answer) as { id: unknown }
  response.writeHead(status).end(JSON.stringify({ jsonrpc: '2.0', error, id }))
}

/** @internal @throws {TypeError} when there is no such failure */
export function failure(name: Failure): Fail {
  if (Object.hasOwn(FAILURES, name)) return FAILURES[name as Named]
  const status = Number(/^http-([345]\d\d)$/.exec(name)?.[1])
  if (!status) {
    const known = [...Object.keys(FAILURES), 'http-<status>'].join(', ')
    throw new TypeError(`TestNetwork: there is no such failure; expected one of ${known}`)
  }
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify({ jsonrpc: '2.0', error: { code: -status, message: 'Request failed' }, id: null }),
    )
  }
}
