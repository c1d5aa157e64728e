import { createApp } from './app.mjs'
import { startChain } from './chain.mjs'
import { openEmbeddedDatabase } from './database/embedded.mjs'
import { openPostgres } from './database/postgres.mjs'
import { logEndpoints } from './endpoints.mjs'
import { bundleFrontEnd } from './front-end.mjs'
import { listen } from './listen.mjs'
import { logNearLogins } from './log.mjs'
import { openRedis } from './redis.mjs'
import { Users } from './users.mjs'

/**
 * Opens everything that the site needs, and serves it.
 *
 * @param {import('./environment.mjs').Settings} settings
 * @param {import('./shutdown.mjs').Shutdown} shutdown - learns how to close what was opened
 * @returns {Promise<string[]>} the lines to print once the site is ready
 */
export async function startSite(settings, shutdown) {
  const { databaseUrl, dataDirectory, redisUrl, siteUrl } = settings
  const redis = redisUrl ? await openRedis(redisUrl) : undefined
  shutdown.add(() => redis?.close())
  const database = databaseUrl ? await openPostgres(databaseUrl) : await openEmbeddedDatabase(dataDirectory)
  shutdown.add(() => database.close())
  const users = new Users(database)
  await users.createTables()
  // Its password is public, so it must not exist in a database that others reach.
  const hasDemoUser = !databaseUrl
  if (hasDemoUser) await users.createWithPassword('demo', 'near-demo')

  const chain = await startChain(settings)
  shutdown.add(() => chain.stop())

  const frontEnd = await bundleFrontEnd(chain.isEmbedded ? 'development-wallet' : 'real-wallets')
  /** @type {ReturnType<typeof createApp>['endpointReports'] | undefined} */
  let endpointReports
  const server = await listen(settings.port, 'PORT', (url) => {
    const site = createApp({
      ...settings,
      url: siteUrl ?? url,
      users,
      hasDemoUser,
      chain,
      frontEnd,
      redis,
      services: { database: () => database.query('SELECT 1'), redis: redis?.check },
    })
    endpointReports = site.endpointReports
    return site.app
  })
  shutdown.add(() => server.stop())
  logNearLogins()
  void endpointReports?.().then(logEndpoints)
  return describe(server.url, chain)
}

/** @param {import('./chain.mjs').Chain} chain */
function describe(url, chain) {
  const ready = `The site is ready: ${url}`
  if (!chain.isEmbedded) return [ready, `It uses NEAR's ${chain.network}. Sign in with a wallet of your own.`]
  if (chain.accountIds.length === 0) return [ready]
  return [
    ready,
    `Its development wallet: ${chain.walletUrl} (${chain.accountIds.join(', ')})`,
    `Its test network: ${chain.rpc}`,
  ]
}
