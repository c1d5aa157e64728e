import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'

export interface Example {
  url: string
  walletUrl: string
  /** Ends it as a terminal or a process manager does, or as a power cut does. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<number | null>
}

/** Starts the example as `npm start` does after its build, on ports of its own. */
export async function startExample(
  dataDirectory: string,
  environment: Record<string, string> = {},
): Promise<Example> {
  if (!existsSync('dist/index.js'))
    throw new Error('The example needs the built package: run npm run build first')
  const child = spawn(process.execPath, ['example/start.mjs'], {
    env: { ...process.env, PORT: '0', WALLET_PORT: '0', DATA_DIR: dataDirectory, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (lines.push(line) === 2) break
  }
  // On a real network the second line names no wallet.
  const [url, walletUrl = ''] = lines.map((line) => /http:\/\/localhost:\d+/.exec(line)?.[0])
  if (!url) throw new Error(`The example did not start: ${errors}`)
  child.stdout.resume()
  return {
    url,
    walletUrl,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      const [code] = (await exited) as [number | null]
      return code
    },
  }
}
