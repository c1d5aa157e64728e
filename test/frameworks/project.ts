import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Cleanup } from '../support/app'
import type { Example } from './examples'

const stands = resolve('test/frameworks/as-it-stands.cjs')

export function writeFiles(directory: string, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
}

/** A project with links to the packages of this repository and to the built passport-near. */
export function linkedProject(example: Pick<Example, 'packages' | 'files'>, cleanup: Cleanup): string {
  if (!existsSync('dist/index.js')) throw new Error('The package is not built: run npm run build first')
  const directory = mkdtempSync(join(tmpdir(), 'passport-near-example-'))
  cleanup.add(() => rmSync(directory, { recursive: true, force: true }))
  writeFiles(directory, example.files())
  const link = (name: string, target: string): void => {
    const path = join(directory, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(resolve(target), path)
  }
  link('passport-near', '.')
  for (const [name, version] of Object.entries(example.packages)) {
    link(name, `node_modules/${version === 'npm:express@4' ? 'express4' : name}`)
  }
  return directory
}

/** Type-checks and compiles a project by its own tsconfig.json, as its `npm start` does. */
export async function compile(directory: string): Promise<void> {
  const tsc = join(directory, 'node_modules/typescript/bin/tsc')
  await promisify(execFile)(process.execPath, [tsc], { cwd: directory }).catch((error: unknown) => {
    throw new Error(`tsc failed:\n${(error as { stdout: string }).stdout}`, { cause: error })
  })
}

interface RunOptions {
  /** The path of Node.js. */
  node?: string
  /** The file that runs. */
  entry?: string
  /** Environment variables of the application. */
  env?: NodeJS.ProcessEnv
}

/**
 * Runs a file of a project unchanged, with the test's network in place of the public NEAR endpoints.
 * @returns the application's URL
 */
export async function startProject(
  directory: string,
  rpcUrl: string,
  cleanup: Cleanup,
  { node = process.execPath, entry = 'app.js', env = {} }: RunOptions = {},
): Promise<string> {
  const child = spawn(node, ['--require', stands, entry], {
    cwd: directory,
    env: { ...process.env, NEAR_TEST_RPC: rpcUrl, NODE_ENV: 'test', NODE_OPTIONS: '', VITEST: '', ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let complaints = ''
  child.stderr!.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  const ended = once(child, 'exit').then(() => {
    throw new Error(`The application ended before it listened:\n${complaints}`)
  })
  cleanup.add(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const listening = once(child, 'message').then(([message]) => message as { port: number })
  const { port } = await Promise.race([listening, ended])
  ended.catch(() => undefined)
  return `http://127.0.0.1:${port}`
}
