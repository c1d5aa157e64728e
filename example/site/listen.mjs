import { once } from 'node:events'
import { createServer } from 'node:http'

/** How long requests that are under way may take to finish when the server stops, in milliseconds. */
const GRACE = 10_000

/**
 * Serves an app on 127.0.0.1, under the name localhost.
 *
 * @param {number} port - 0 for any that is free
 * @param {string} variable - the environment variable that chooses the port, for the error message
 * @param {(url: string) => import('node:http').RequestListener} createHandler - gets the address once it is known
 */
export async function listen(port, variable, createHandler) {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    const explanation = `Port ${port} cannot be used (${error.code}). Choose another one: ${variable}=4000 npm start`
    throw Object.assign(error, { explanation })
  }
  const { port: actualPort } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const url = `http://localhost:${actualPort}`

  const pending = new Set()
  let whenDone = () => {}
  server.on('request', (request, response) => {
    pending.add(response)
    response.once('close', () => {
      pending.delete(response)
      if (pending.size === 0) whenDone()
    })
  })
  server.on('request', createHandler(url))
  return {
    url,

    /** Takes no more connections, lets requests that are under way finish, then closes what is left. */
    async stop() {
      server.close()
      for (const response of pending) if (!response.headersSent) response.setHeader('Connection', 'close')
      if (pending.size > 0) {
        await new Promise((resolve) => {
          whenDone = () => resolve(undefined)
          setTimeout(resolve, GRACE).unref()
        })
      }
      server.closeAllConnections()
    },
  }
}
