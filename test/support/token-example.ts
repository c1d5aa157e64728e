import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { asItStands } from '../frameworks/examples'
import { linkedProject } from '../frameworks/project'
import type { Cleanup } from './app'
import { freePort } from './free-port'
import { until } from './until'

export interface Running {
  child: ChildProcess
  /** What it has printed. */
  output: () => string
}

/** Runs a file of an example as it stands, in a copy of its folder. */
export function runExample(
  folder: 'api' | 'agent',
  entry: string,
  env: NodeJS.ProcessEnv,
  cleanup: Cleanup,
): Running {
  const directory = linkedProject(asItStands(folder, folder), cleanup)
  const child = spawn(process.execPath, [entry], {
    cwd: directory,
    env: { ...process.env, NODE_ENV: 'test', NODE_OPTIONS: '', VITEST: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  }
  cleanup.add(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return { child, output: () => output }
}

/** Starts `example/api`. */
export async function startApiExample(cleanup: Cleanup, env: NodeJS.ProcessEnv, entry = 'server.js') {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const { output } = runExample('api', entry, { PORT: String(port), ...env }, cleanup)
  const isUp = () => fetch(`${url}/me`).then(({ status }) => status === 401, () => false) // prettier-ignore
  await until(isUp, { patience: 20_000, saying: () => `example/api did not start: ${output()}` })
  return { url, output }
}
