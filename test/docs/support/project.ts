import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Cleanup } from '../../support/app'

const SUPPORT = 'test/docs/support'

const packages = new WeakMap<Cleanup, string>()

/** A `node_modules` with links to each package of this repository and to the built package. */
function linkPackages(cleanup: Cleanup): string {
  const linked = packages.get(cleanup)
  if (linked) return linked
  if (!existsSync('dist/index.js')) throw new Error('The package is not built: run npm run build first')
  const directory = mkdtempSync(join(tmpdir(), 'passport-near-packages-'))
  packages.set(cleanup, directory)
  cleanup.add(() => {
    packages.delete(cleanup)
    rmSync(directory, { recursive: true, force: true })
  })
  for (const name of readdirSync('node_modules').filter((each) => !each.startsWith('.'))) {
    symlinkSync(resolve('node_modules', name), join(directory, name))
  }
  symlinkSync(resolve('.'), join(directory, 'passport-near'))
  return directory
}

/** A project with each package of this repository, and with the built package as `passport-near`. */
export function createProject(cleanup: Cleanup, files: Readonly<Record<string, string>> = {}): string {
  const modules = linkPackages(cleanup)
  const directory = mkdtempSync(join(tmpdir(), 'passport-near-docs-'))
  cleanup.add(() => rmSync(directory, { recursive: true, force: true }))
  symlinkSync(modules, join(directory, 'node_modules'))
  for (const name of ['users.cjs', 'users.d.cts']) cpSync(join(SUPPORT, name), join(directory, name))
  writeFileSync(join(directory, 'package.json'), '{ "private": true, "type": "module" }')
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), content)
  }
  return directory
}

/**
 * Runs a program that listens on port 3000. The preloaded file maps port 3000 to a free port, and public RPC
 * endpoints to the test network.
 *
 * @returns the application's URL
 */
export async function startProgram(
  directory: string,
  entry: string,
  rpcUrl: string,
  cleanup: Cleanup,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn(process.execPath, ['--require', resolve(SUPPORT, 'preload.cjs'), entry], {
    cwd: directory,
    env: { ...process.env, NODE_ENV: 'test', NODE_OPTIONS: '', VITEST: '', NEAR_TEST_RPC: rpcUrl, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let stderr = ''
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const exited = once(child, 'exit').then(() => {
    throw new Error(`The program ended before it listened:\n${stderr}`)
  })
  cleanup.add(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const listening = once(child, 'message').then(([message]) => message as { port: number })
  const { port } = await Promise.race([listening, exited])
  exited.catch(() => undefined)
  return `http://127.0.0.1:${port}`
}

/** Runs a program to its end. */
export async function runProgram(
  directory: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: directory,
    timeout: 40_000,
    env: { ...process.env, NODE_ENV: 'test', NODE_OPTIONS: '', VITEST: '', ...env },
  }).catch((error: unknown) => error as { stdout: string })
  return stdout
}

const LISTEN = 'app.listen(3000)\n'

const STRATEGY = `const near = new NearStrategy({ recipient: 'app.example.com' }, async (profile, done) => {
  done(null, await users.findOrCreate(profile.accountId))
})
`

const ROUTES = `app.get('/login/near/challenge', near.challengeHandler())
app.post('/login/near', near.loginHandler())
app.get('/me', (req, res) => res.json(req.user ?? null))
`

const SERIALIZERS = `passport.serializeUser((user, done) => done(null, user.id))
passport.deserializeUser((id, done) => users.findById(id).then((user) => done(null, user ?? false), done))
`

export interface Parts {
  /** Code before the application is created. */
  readonly start?: string
  /** Replaces the strategy `near`. */
  readonly strategy?: string
  /** Replaces `app.use(session(…))`. */
  readonly session?: string
  /** Replaces the functions that put the user into the session. Passport uses the first one. */
  readonly serializers?: string
  /** Replaces the login's routes. */
  readonly login?: string
  /** Code after the login's routes. */
  readonly routes?: string
  /** Replaces `app.listen(3000)`. */
  readonly listen?: string
}

/** A whole Express application, with parts of a page in the given places. */
export function application(parts: Parts = {}): string {
  return `const express = require('express')
const session = require('express-session')
const passport = require('passport')
const NearStrategy = require('passport-near')
const users = require('./users.cjs')
const verify = async (profile, done) => done(null, await users.findOrCreate(profile.accountId))
${parts.start ?? ''}
const app = express()
app.use(express.json())
${parts.session ?? "app.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false }))"}
app.use(passport.session())
${parts.strategy ?? STRATEGY}
passport.use(near)
${parts.serializers ?? SERIALIZERS}
${parts.login ?? ROUTES}
${parts.routes ?? ''}
${parts.listen ?? LISTEN}`
}

/** Starts {@link application}. */
export function startApplication(
  parts: Parts,
  rpcUrl: string,
  cleanup: Cleanup,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const directory = createProject(cleanup, { 'app.cjs': application(parts) })
  return startProgram(directory, 'app.cjs', rpcUrl, cleanup, env)
}
