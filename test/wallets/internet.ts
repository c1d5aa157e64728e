import { createServer } from 'node:https'
import { createRequire } from 'node:module'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inject } from 'vitest'
import type { Cleanup } from '../support/app'

const require = createRequire(import.meta.url)

export interface Request {
  method: string
  url: URL
  body: string
}
/** A page, or what is sent as JSON to any origin. */
export type Response = { html: string } | { script: string } | { svg: string } | { json: unknown }
export type Handler = (request: Request) => Response | undefined | Promise<Response | undefined>
/** What a socket is told, and whom it tells. */
export type Connect = (send: (text: string) => void) => {
  onMessage: (text: string) => void
  onClose: () => void
}

const headers = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*',
  'access-control-allow-methods': '*',
}

/**
 * The hosts of wallets, on one HTTPS server: the tests' Chromium resolves every name but localhost to it. So the pages' requests,
 * redirects and sockets are real, and none leaves the machine. A host that no test serves answers 404.
 */
export class Internet {
  readonly #port: number
  #hosts = new Map<string, Handler>()
  #sockets = new Map<string, Connect>()

  private constructor(port: number) {
    this.#port = port
  }

  static async start(cleanup: Cleanup): Promise<Internet> {
    const certificate = inject('certificate')
    const server = createServer({ key: certificate, cert: certificate })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const internet = new Internet((server.address() as AddressInfo).port)
    server.on('request', (req, res) => void internet.#respond(req, res))
    const { Server } = require('ws')
    const sockets = new Server({ noServer: true })
    server.on('upgrade', (req, socket, head) => {
      const connect = internet.#sockets.get(req.headers.host!)
      if (!connect) return void socket.destroy()
      sockets.handleUpgrade(req, socket, head, (webSocket: any) => {
        const { onMessage, onClose } = connect((text) => webSocket.send(text))
        webSocket.on('message', (data: Buffer) => onMessage(String(data)))
        webSocket.on('close', onClose)
      })
    })
    cleanup.add(() => {
      server.closeAllConnections()
      server.close()
    })
    return internet
  }

  /** With these arguments Chromium finds this server under every name. */
  get chromiumArguments(): string[] {
    return [
      `--host-resolver-rules=MAP * 127.0.0.1:${this.#port}, EXCLUDE 127.0.0.1, EXCLUDE localhost`,
      '--ignore-certificate-errors',
    ]
  }

  /** Serves a host until the next `reset`. */
  serve(host: string, handler: Handler): void {
    this.#hosts.set(host, handler)
  }

  handlerOf = (host: string): Handler | undefined => this.#hosts.get(host)

  serveSocket(host: string, connect: Connect): void {
    this.#sockets.set(host, connect)
  }

  reset(): void {
    this.#hosts.clear()
    this.#sockets.clear()
  }

  async #respond(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const response = req.method === 'OPTIONS' ? { json: {} } : await this.#answer(req).catch(String)
    if (typeof response === 'string') console.warn(`in the server of ${req.headers.host}: ${response}`)
    if (!response || typeof response === 'string') {
      res.writeHead(response ? 500 : 404).end()
      return
    }
    const [[kind, content]] = Object.entries(response) as [['html' | 'script' | 'svg' | 'json', unknown]]
    const type = {
      html: 'text/html',
      script: 'text/javascript',
      svg: 'image/svg+xml',
      json: 'application/json',
    }[kind]
    res.writeHead(200, { ...headers, 'content-type': `${type};charset=utf-8` })
    res.end(kind === 'json' ? JSON.stringify(content) : content)
  }

  async #answer(req: IncomingMessage): Promise<Response | undefined> {
    const host = req.headers.host!
    const handler = this.#hosts.get(host) ?? (/\brpc\b/.test(host) ? this.#hosts.get('rpc') : undefined)
    let body = ''
    for await (const chunk of req.setEncoding('utf8')) body += chunk as string
    return handler?.({ method: req.method!, url: new URL(req.url!, `https://${host}`), body })
  }
}
