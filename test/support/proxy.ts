import { request } from 'node:http'
import { listen, type Cleanup } from './app'

/** A reverse proxy that replaces the header `Host`, as nginx does by default, and adds no header. */
export async function startRewritingProxy(cleanup: Cleanup, target: () => string): Promise<{ url: string }> {
  const { url } = await listen((incoming, outgoing) => {
    const { hostname, port } = new URL(target())
    const forwarded = request(
      {
        host: hostname,
        port,
        path: incoming.url,
        method: incoming.method,
        headers: { ...incoming.headers, host: 'site_backend' },
      },
      (response) => {
        outgoing.writeHead(response.statusCode!, response.headers)
        response.pipe(outgoing)
      },
    )
    forwarded.on('error', () => outgoing.destroy())
    incoming.pipe(forwarded)
  }, cleanup)
  return { url: url.replace('127.0.0.1', 'localhost') }
}
