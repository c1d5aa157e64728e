// Starts the site: npm start
import { readEnvironment } from './environment.mjs'
import { Shutdown } from './shutdown.mjs'
import { StartupError } from './startup-error.mjs'

const shutdown = new Shutdown()
process.on('SIGINT', () => shutdown.run(0))
process.on('SIGTERM', () => shutdown.run(0))

try {
  const settings = readEnvironment(process.env)
  // Loaded after the check: a wrong setting is reported at once.
  const { startSite } = await import('./site.mjs')
  for (const line of await startSite(settings, shutdown)) console.log(line)
} catch (error) {
  console.error(error instanceof StartupError ? error.message : error)
  await shutdown.run(1)
}
