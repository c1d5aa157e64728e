import type { ServerResponse } from 'node:http'

/**
 * What a node can do instead of answering: `hang` accepts and says nothing, `stall` stops in the middle of the body,
 * `reset` cuts the connection, `endless` never stops sending, `redirect` points elsewhere, `html`, `null`, `garbage`
 * and `empty` are bodies with status 200, `wrong-id` is an answer to another question, `syncing` is a node without
 * blocks, and `http-<status>` is a status of 300 to 599 with the body that nodes and their proxies send with it.
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
  | `http-${number}`

type Named = Exclude<Failure, `http-${number}`>

type Fail = (response: ServerResponse, answer: string) => void

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
    response.end(
      JSON.stringify({
        jsonrpc: '2.0',
        error: {
          name: 'HANDLER_ERROR',
          cause: { name: 'NO_SYNCED_BLOCKS', info: {} },
          code: -32000,
          message: 'Server error',
          data: 'There are no fully synchronized blocks on the node yet',
        },
        id: (JSON.parse(answer) as { id: unknown }).id,
      }),
    ),
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
