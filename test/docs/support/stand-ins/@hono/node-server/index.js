/* global Request */
// Stands in for `@hono/node-server`: a web handler as a listener of Node's, with `incoming` and `outgoing` as its env.
export const getRequestListener = (fetchCallback) => async (incoming, outgoing) => {
  const url = `http://${incoming.headers.host}${incoming.originalUrl ?? incoming.url}`
  const response = await fetchCallback(new Request(url, { method: incoming.method }), { incoming, outgoing })
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.end(await response.text())
}
