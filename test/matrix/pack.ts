import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { install, NODE_VERSIONS } from './consumer'

const run = promisify(execFile)

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of the packed package. */
    tarball: string
    /** The path of each Node.js, by its version in `NODE_VERSIONS`. */
    nodes: Record<string, string>
  }
}

/** Packs the package once, and downloads the Node.js versions of the test. */
export default async function pack(project: TestProject): Promise<() => Promise<void>> {
  if (!existsSync('dist/index.js')) throw new Error('The package is not built: run npm run build first')
  const directory = await mkdtemp(join(tmpdir(), 'passport-near-matrix-'))
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', directory])
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  await writeFile(join(directory, 'package.json'), '{ "private": true }')
  const aliases = NODE_VERSIONS.map((version) => [version, `node-${version.replaceAll('.', '-')}`] as const)
  await install(directory, aliases.map(([version, alias]) => `${alias}@npm:node@${version}`)) // prettier-ignore
  project.provide('tarball', join(directory, filename))
  project.provide(
    'nodes',
    Object.fromEntries(
      aliases.map(([version, alias]) => [version, join(directory, 'node_modules', alias, 'bin/node')]),
    ),
  )
  return () => rm(directory, { recursive: true, force: true })
}
