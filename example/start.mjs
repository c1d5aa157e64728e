// Starts the example: the site, and beside it the embedded chain with its development wallet.
import { fileURLToPath } from 'node:url'
import { createApp } from './app.mjs'
import { openDatabase, openPostgres } from './database.mjs'
import { startEmbeddedChain } from './embedded-chain.mjs'
import { listen } from './listen.mjs'
import { openRedis } from './redis.mjs'
import { Users } from './users.mjs'

const port = Number(process.env.PORT ?? 3000)
const walletPort = Number(process.env.WALLET_PORT ?? (port && port + 1))
const dataDirectory = process.env.DATA_DIR ?? fileURLToPath(new URL('./data', import.meta.url))

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

  const chain = NEAR_RPC_URL ? undefined : await startEmbeddedChain({ port: walletPort })
  opened.push(() => chain?.stop())
  const rpc = NEAR_RPC_URL ?? chain?.rpcUrl
  const walletUrl = WALLET_URL ?? chain?.walletUrl

  const check = () => Promise.all([database.query('SELECT 1'), redis?.check()])
  const site = await listen(port, 'PORT', (url) =>
    createApp({ url: SITE_URL ?? url, users, rpc, walletUrl, redis, check, rateLimit, trustProxy }),
  )
  opened.push(() => site.stop())
  console.log(`The example is ready: ${site.url}`)
  if (chain) {
    console.log(`Its development wallet: ${chain.walletUrl} (${chain.accountIds.join(', ')})`)
    console.log(`Its test network: ${chain.rpcUrl}`)
  }
} catch (error) {
  console.error(error.explanation ?? error)
  await close(1)
}
