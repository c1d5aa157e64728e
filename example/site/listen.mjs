import { once } from 'node:events'
import { createServer } from 'node:http'
import { StartupError } from './startup-error.mjs'

/** How long pending requests may take to finish when the server stops, in milliseconds. */
const SHUTDOWN_TIMEOUT = 10_000

/**
 * Serves an app on 127.0.0.1, under the name localhost.
 *
 * @param {number} port - 0 for any free port
 * @param {'PORT' | 'WALLET_PORT'} variable - the environment variable that sets the port, for the error message
 * @param {(url: string) => import('node:http').RequestListener} createHandler - gets the URL once it is known
 */
export async function listen(port, variable, createHandler) {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new StartupError(
      `${variable} must be a port that this process can open; got ${port} (${error.code}). Choose another one: ${variable}=4000 npm start`,
      { cause: error },
    )
  }
  const { port: actualPort } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const url = `http://localhost:${actualPort}`

  const pending = new Set()
  let onIdle = () => {}
  server.on('request', (request, response) => {
    pending.add(response)
    response.once('close', () => {
      pending.delete(response)
      if (pending.size === 0) onIdle()
    })
  })
  server.on('request', createHandler(url))
  return {
    url,

    /** Accepts no more connections, lets pending requests finish, then closes the remaining connections. */
    async stop() {
      server.close()
      for (const response of pending) if (!response.headersSent) response.setHeader('Connection', 'close')
      if (pending.size > 0) {
        await new Promise((resolve) => {
          onIdle = () => resolve(undefined)
          setTimeout(resolve, SHUTDOWN_TIMEOUT).unref()
        })
      }
      server.closeAllConnections()
    },
  }
}
