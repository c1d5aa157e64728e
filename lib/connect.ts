import { toError } from './errors'

/** A request as Node's HTTP server, Connect and Express have it; the part that is used. */
export interface ConnectRequest {
  readonly method?: string | undefined
}

/** A response as Node's HTTP server, Connect and Express have it; the part that is used. */
export interface ConnectResponse {
  readonly headersSent: boolean
  statusCode: number
  setHeader(name: string, value: string | number): unknown
  end(body: string): unknown
}

/** Middleware as Connect and Express take it. */
export type ConnectMiddleware<Request extends object, Response extends ConnectResponse = ConnectResponse> = (
  req: Request,
  res: Response,
  next: (error?: unknown) => void,
) => void

/** Sends JSON that must not be cached, unless the application has already responded, such as after its own time limit. */
export function sendJson(res: ConnectResponse, body: object, next: (error: unknown) => void): void {
  try {
    if (res.headersSent) return
    const json = JSON.stringify(body)
    res.setHeader('Content-Type', 'application/json; charset=utf-8')
    res.setHeader('Content-Length', Buffer.byteLength(json))
    res.setHeader('Cache-Control', 'no-store')
    res.end(json)
  } catch (error) {
    next(toError(error, 'the response'))
  }
}
