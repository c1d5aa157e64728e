import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Cleanup } from '../support/app'
import { writeFiles } from '../frameworks/project'

const run = promisify(execFile)

/** The Node.js versions of `engines`: the oldest, and the newest of each line since. */
export const NODE_VERSIONS = ['20.19', '22', '24', '26']

/** A normal installation from the registry, in which the scripts of packages run. */
export async function install(directory: string, packages: string[]): Promise<void> {
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  await run('npm', ['install', ...quiet, ...packages], { cwd: directory })
}

/** A project of a user, with passport-near from its tarball. */
export async function consumer(
  tarball: string,
  packages: string[],
  files: Record<string, string>,
  cleanup: Cleanup,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'passport-near-consumer-'))
  cleanup.add(() => rm(directory, { recursive: true, force: true }))
  writeFiles(directory, { 'package.json': '{ "private": true }', ...files })
  await install(directory, [tarball, ...packages])
  return directory
}

/** Runs one program of a project on one Node.js. */
export async function runIn(
  directory: string,
  node: string,
  args: string[],
): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, NODE_OPTIONS: '', VITEST: '', NODE_ENV: '' }
  return run(node, args, { cwd: directory, env, timeout: 110_000 }).catch((error: unknown) => {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${args.join(' ')} failed:\n${stdout}\n${stderr}`, { cause: error })
  })
}

/** The version of a package in this repository's development. */
export async function versioned(names: string[]): Promise<string[]> {
  const { devDependencies } = JSON.parse(await readFile('package.json', 'utf8')) as {
    devDependencies: Record<string, string>
  }
  return names.map((name) => (devDependencies[name] ? `${name}@${devDependencies[name]}` : name))
}
