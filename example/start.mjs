// Starts the example: the site, and beside it, unless NEAR_NETWORK names a real one, the embedded chain with its wallet.
import { fileURLToPath } from 'node:url'
import { createApp } from './app.mjs'
import { startChain } from './chain.mjs'
import { openDatabase } from './database.mjs'
import { bundleFrontEnd } from './front-end.mjs'
import { listen } from './listen.mjs'
import { Users } from './users.mjs'

const port = Number(process.env.PORT ?? 3000)
const walletPort = Number(process.env.WALLET_PORT ?? (port && port + 1))
const challengeMaxAge = process.env.CHALLENGE_MAX_AGE ? Number(process.env.CHALLENGE_MAX_AGE) : undefined
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

  const chain = await startChain({ network: process.env.NEAR_NETWORK, walletPort })
  opened.push(() => chain.stop())

  const frontEnd = await bundleFrontEnd(chain.isEmbedded ? 'development-wallet' : 'real-wallets')
  const site = await listen(port, 'PORT', (url) =>
    createApp({ url, users, chain, frontEnd, challengeMaxAge }),
  )
  opened.push(() => site.stop())
  console.log(`The example is ready: ${site.url}`)
  if (chain.isEmbedded) {
    console.log(`Its development wallet: ${chain.walletUrl} (${chain.accountIds.join(', ')})`)
  } else {
    console.log(`It asks NEAR's ${chain.network}; sign in with a wallet of your own.`)
  }
} catch (error) {
  console.error(error.explanation ?? error)
  await close(1)
}
