import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { Cleanup } from './app'

export interface SiteSettings {
  client: 'redis' | 'ioredis'
  /** The URLs of one Redis, or of a cluster's nodes. */
  urls: string[]
  rpc: string
}

export interface SiteUsage {
  /** The number of logins in its `verify`. */
  logins: number
  memory: NodeJS.MemoryUsage
  cpu: NodeJS.CpuUsage
}

/** One of many processes of a site. */
export interface Site {
  url: string
  pid: number
  usage(): Promise<SiteUsage>
  /** Ends the process like a power cut. */
  kill(): Promise<void>
}

/** Starts a process of the site in `test/scale/site.mjs`, with the built package. */
export async function startSite(cleanup: Cleanup, settings: SiteSettings): Promise<Site> {
  if (!existsSync('dist/index.js')) throw new Error('The package is not built: run npm run build first')
  const child = fork('test/scale/site.mjs', { execArgv: ['--expose-gc'] })
  const exited = once(child, 'exit')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  cleanup.add(kill)
  child.send(settings)
  const [{ port }] = (await Promise.race([
    once(child, 'message'),
    exited.then(() => Promise.reject(new Error('The site did not start'))),
  ])) as [{ port: number }]
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid!,
    async usage() {
      const answer = once(child, 'message')
      child.send('usage')
      const [usage] = (await answer) as [SiteUsage]
      return usage
    },
    kill,
  }
}
