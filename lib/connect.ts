/** A request as Node's own HTTP server, Connect and Express have it; the part of it that is used. */
export interface ConnectRequest {
  readonly method?: string | undefined
}

/** A response as Node's own HTTP server, Connect and Express have it. */
export interface ConnectResponse {
  readonly headersSent: boolean
  setHeader(name: string, value: string | number): unknown
  end(body: string): unknown
}
