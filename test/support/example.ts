import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { PGlite } from '@electric-sql/pglite'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import type { Cleanup } from './app'
import type { Visitor } from './visitor'

export interface Example {
  url: string
  walletUrl: string
  pid: number
  /** The last 100,000 characters of its standard output, after the start-up lines. */
  output(): string
  /** The last 10,000 characters of its standard error. */
  errors(): string
  /** Stops the process like a terminal or a process manager, or like a power cut. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<number | null>
}

/** Starts the site of `example/site` like `npm start` after its build, on free ports. */
export async function startExample(
  dataDirectory: string,
  settings: NodeJS.ProcessEnv = {},
): Promise<Example> {
  if (!existsSync('dist/index.js'))
    throw new Error('The example needs the built package: run npm run build first')
  if (!settings.DATABASE_URL) await copyEmptyDatabase(dataDirectory)
  const child = spawn(process.execPath, ['example/site/start.mjs'], {
    env: { ...process.env, PORT: '0', WALLET_PORT: '0', DATA_DIR: dataDirectory, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-10_000)))
  // A process that shares a test network has no wallet. A process on a real network prints that in its
  // second line.
  const expectedLines = settings.NEAR_RPC_URL ? 1 : settings.NEAR_NETWORK ? 2 : 3
  const ready: string[] = []
  let output = ''
  await new Promise<void>((resolve) => {
    child.once('close', resolve)
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (ready.length === expectedLines) output = `${output}${line}\n`.slice(-100_000)
      else if (ready.push(line) === expectedLines) resolve()
    })
  })
  const [url, walletUrl = ''] = ready.map((line) => /http:\/\/localhost:\d+/.exec(line)?.[0])
  if (!url || ready.length < expectedLines) {
    child.kill('SIGKILL')
    await closed
    throw new Error(`The example did not start: ${errors}`)
  }
  return {
    url,
    walletUrl,
    pid: child.pid!,
    output: () => output,
    errors: () => errors,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      const [code] = (await closed) as [number | null]
      return code
    },
  }
}

const { version } = JSON.parse(readFileSync('node_modules/@electric-sql/pglite/package.json', 'utf8')) as {
  version: string
}
/**
 * An empty database, created once: PGlite needs six seconds of CPU for that, and less than one to open a
 * copy.
 */
const EMPTY_DATABASE = `node_modules/.cache/passport-near/pglite-${version}`

/** Prepares the folder of a site, unless it has a database. */
export async function copyEmptyDatabase(dataDirectory: string): Promise<void> {
  const target = join(dataDirectory, 'postgres')
  if (existsSync(target)) return
  if (!existsSync(EMPTY_DATABASE)) await createEmptyDatabase()
  await cp(EMPTY_DATABASE, target, { recursive: true })
}

async function createEmptyDatabase(): Promise<void> {
  await mkdir(dirname(EMPTY_DATABASE), { recursive: true })
  const directory = await mkdtemp(`${EMPTY_DATABASE}-`)
  await (await PGlite.create(directory)).close()
  // If another worker was faster, the folder exists and this one is not needed.
  await rename(directory, EMPTY_DATABASE).catch(() => rm(directory, { recursive: true, force: true }))
}

/** A test network whose accounts sign without a wallet, and a folder, for processes of the example. */
export interface ExampleWorld {
  network: TestNetwork
  /** Starts a process that trusts the client addresses of its load balancer. */
  start(settings?: NodeJS.ProcessEnv): Promise<Example>
}

/**
 * @param everything - ends the shared resources of all tests of a file
 * @param cleanup - ends each process of {@link ExampleWorld.start}
 */
export async function createExampleWorld(everything: Cleanup, cleanup: Cleanup): Promise<ExampleWorld> {
  const network = await TestNetwork.start({ chainId: 'testnet' })
  everything.add(() => network.stop())
  const directory = await mkdtemp(join(tmpdir(), 'passport-near-example-'))
  everything.add(() => rm(directory, { recursive: true, force: true }))
  return {
    network,
    async start(settings) {
      const example = await startExample(directory, {
        NEAR_RPC_URL: network.rpcUrl,
        // Never requested: the visitors of these tests sign without the network.
        WALLET_URL: 'http://localhost:3001',
        SITE_URL: 'http://localhost:3000',
        SESSION_SECRET: 'a secret of the tests',
        TRUST_PROXY: 'loopback',
        ...settings,
      })
      cleanup.add(() => example.stop())
      return example
    },
  }
}

/** @returns the status of the first request that fails, or of the login */
export async function signInTo(visitor: Visitor, account: TestAccount): Promise<number> {
  const response = await visitor.request('/login/near/challenge')
  if (response.status !== 200) return response.status
  const challenge = (await response.json()) as Parameters<TestAccount['signMessage']>[0]
  return (await visitor.post('/login/near', await account.signMessage(challenge))).status
}

/** Requests a challenge to link an account and responds to it. */
export async function linkAt(visitor: Visitor, account: TestAccount): Promise<Response> {
  const response = await visitor.request('/link/near/challenge')
  const challenge = (await response.json()) as Parameters<TestAccount['signMessage']>[0]
  return visitor.post('/link/near', await account.signMessage(challenge))
}

export const accountPage = async (visitor: Visitor): Promise<string> =>
  (await visitor.request('/account', { headers: { accept: 'text/html' } })).text()
