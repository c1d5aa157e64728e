// Starts the example: the site, and beside it the embedded chain with its development wallet.
import { fileURLToPath } from 'node:url'
import { createApp } from './app.mjs'
import { openDatabase } from './database.mjs'
import { startEmbeddedChain } from './embedded-chain.mjs'
import { listen } from './listen.mjs'
import { Users } from './users.mjs'

const port = Number(process.env.PORT ?? 3000)
const walletPort = Number(process.env.WALLET_PORT ?? (port && port + 1))
const dataDirectory = process.env.DATA_DIR ?? fileURLToPath(new URL('./data', import.meta.url))

const opened = []
let closing = false

/** Closes what was opened, in reverse order, once. */
async function close(exitCode) {
  if (closing) return
  closing = true
  for (const step of opened.reverse()) await step()
  process.exit(exitCode)
}

process.on('SIGINT', () => close(0))
process.on('SIGTERM', () => close(0))

try {
  const database = await openDatabase(dataDirectory)
  opened.push(() => database.close())
  const users = new Users(database)
  await users.prepare()

  const chain = await startEmbeddedChain({ port: walletPort })
  opened.push(() => chain.stop())

  const site = await listen(port, 'PORT', (url) =>
    createApp({ url, users, rpc: chain.rpcUrl, walletUrl: chain.walletUrl }),
  )
  opened.push(() => site.stop())
  console.log(`The example is ready: ${site.url}`)
  console.log(`Its development wallet: ${chain.walletUrl} (${chain.accountIds.join(', ')})`)
} catch (error) {
  console.error(error.explanation ?? error)
  await close(1)
}
