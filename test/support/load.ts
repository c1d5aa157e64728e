import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Sends the given number of GET requests over the given number of connections. Returns the number of
 * responses by status.
 */
export async function flood(
  url: string,
  { requests, connections, headers = {} }: { requests: number; connections: number; headers?: object },
): Promise<Record<number, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const statuses: Record<number, number> = {}
  let sent = 0
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      request(url, { agent, headers: { ...headers } }, (response) => {
        statuses[response.statusCode!] = (statuses[response.statusCode!] ?? 0) + 1
        response.resume().on('end', resolve)
      })
        .on('error', reject)
        .end()
    })
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (sent < requests) {
        sent++
        await one()
      }
    }),
  )
  agent.destroy()
  return statuses
}

/** The status of one GET request, with any headers: fetch sets the host itself. */
export function statusOf(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url.replace('//localhost:', '//127.0.0.1:'), { headers, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode!)
    })
      .on('error', reject)
      .end()
  })
}

/** The memory of a process, in megabytes. */
export async function residentMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined)
  const kilobytes = status
    ? /^VmRSS:\s+(\d+)/m.exec(status)![1]
    : (await run('ps', ['-o', 'rss=', '-p', String(pid)])).stdout
  return Number(kilobytes) / 1024
}
