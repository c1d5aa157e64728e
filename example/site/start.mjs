// Starts the example: the site, and beside it, unless NEAR_NETWORK names a real one, the embedded chain with its wallet.
import { fileURLToPath } from 'node:url'
import { createApp } from './app.mjs'
import { startChain } from './chain.mjs'
import { openDatabase, openPostgres } from './database.mjs'
import { bundleFrontEnd } from './front-end.mjs'
import { listen } from './listen.mjs'
import { openRedis } from './redis.mjs'
import { Users } from './users.mjs'

const port = Number(process.env.PORT ?? 3000)
const walletPort = Number(process.env.WALLET_PORT ?? (port && port + 1))
const dataDirectory = process.env.DATA_DIR ?? fileURLToPath(new URL('./data', import.meta.url))

const challengeMaxAge = process.env.CHALLENGE_MAX_AGE ? Number(process.env.CHALLENGE_MAX_AGE) : undefined
const { DATABASE_URL, REDIS_URL, SESSION_SECRET, SITE_URL, NEAR_RPC_URL, WALLET_URL } = process.env
/** Requests a minute from one address. */
const rateLimit = Number(process.env.RATE_LIMIT ?? 300)
/** Whose X-Forwarded-For is believed: such as loopback, or how many proxies there are. */
const trustProxy = /^\d+$/.test(process.env.TRUST_PROXY ?? '')
  ? Number(process.env.TRUST_PROXY)
  : process.env.TRUST_PROXY

const opened = []
let closing = false

/** Closes what was opened, in reverse order, once. */
async function close(exitCode) {
  if (closing) return
  closing = true
  for (const step of opened.reverse()) await step()
  process.exit(exitCode)
}

function misconfigured(explanation) {
  throw Object.assign(new Error('The example cannot start'), { explanation })
}

process.on('SIGINT', () => close(0))
process.on('SIGTERM', () => close(0))

try {
  if (REDIS_URL && !SESSION_SECRET) {
    misconfigured(
      'Several processes can read each other’s sessions only with one secret. Give all of them the same: SESSION_SECRET=$(openssl rand -hex 32)',
    )
  }
  if (SITE_URL && !URL.canParse(SITE_URL))
    misconfigured('SITE_URL must be an address such as https://app.example.com')
  if (!(rateLimit >= 1)) misconfigured('RATE_LIMIT must be a number of requests a minute, such as 300')
  const database = DATABASE_URL ? await openPostgres(DATABASE_URL) : await openDatabase(dataDirectory)
  opened.push(() => database.close())
  const users = new Users(database)
  await users.prepare()

  const redis = REDIS_URL ? await openRedis(REDIS_URL) : undefined
  opened.push(() => redis?.close())

  const chain = await startChain({
    network: process.env.NEAR_NETWORK,
    rpc: NEAR_RPC_URL,
    walletUrl: WALLET_URL,
    walletPort,
  })
  opened.push(() => chain.stop())

  const frontEnd = await bundleFrontEnd(chain.isEmbedded ? 'development-wallet' : 'real-wallets')
  const check = () => Promise.all([database.query('SELECT 1'), redis?.check()])
  const site = await listen(port, 'PORT', (url) =>
    createApp({
      url: SITE_URL ?? url,
      users,
      chain,
      frontEnd,
      redis,
      check,
      rateLimit,
      trustProxy,
      challengeMaxAge,
    }),
  )
  opened.push(() => site.stop())
  console.log(`The example is ready: ${site.url}`)
  if (chain.accountIds.length > 0) {
    console.log(`Its development wallet: ${chain.walletUrl} (${chain.accountIds.join(', ')})`)
    console.log(`Its test network: ${chain.rpc}`)
  } else if (!chain.isEmbedded) {
    console.log(`It asks NEAR's ${chain.network}; sign in with a wallet of your own.`)
  }
} catch (error) {
  console.error(error.explanation ?? error)
  await close(1)
}
