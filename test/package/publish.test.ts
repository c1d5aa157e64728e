import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
// The testing kit with its development wallet is a quarter of the size, and has copies of functions of the package (rolldown.config.mjs).
const LIMIT = 98_000
const MAX_PACKAGES = 8
const OLDEST_NODE = [20, 19, 0]

interface Manifest {
  main: string
  types: string
  type: string
  sideEffects: unknown
  engines: Record<string, string>
  peerDependencies: Record<string, string>
  files: string[]
  keywords: string[]
  license: string
  exports: Record<string, unknown>
  dependencies: Record<string, string>
  scripts: Record<string, string>
}
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest

let directory: string
let tarball: string
let packed: string[]

beforeAll(async () => {
  if (!existsSync('dist/index.js')) throw new Error('The package is not built: run npm run build first')
  directory = await mkdtemp(join(tmpdir(), 'passport-near-publish-'))
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', directory])
  const [pack] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
  tarball = join(directory, pack.filename)
  packed = pack.files.map(({ path }) => path)
})
afterAll(() => rm(directory, { recursive: true, force: true }))

/** The whole output of a tool, and whether the tool found a problem. */
async function check(tool: string, args: string[]): Promise<{ faults: boolean; said: string }> {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' }
  return run(join('node_modules/.bin', tool), args, { env }).then(
    ({ stdout }) => ({ faults: false, said: stdout }),
    (error: unknown) => {
      const { stdout, stderr } = error as { stdout: string; stderr: string }
      return { faults: true, said: stdout + stderr }
    },
  )
}

/**
 * Whether a range of the form `>=1.2.3` includes a version. Other forms are false, so that the failed test
 * shows the range.
 */
function accepts(range: string | undefined, version: number[]): boolean {
  if (range === undefined) return true
  const minimum = /^>=\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(range)?.slice(1)
  if (!minimum) return false
  const [difference = 0] = minimum
    .map((part, index) => version[index]! - Number((part as string | undefined) ?? 0))
    .filter((each) => each !== 0)
  return difference >= 0
}

describe('the published package', () => {
  it(`is at most ${LIMIT / 1000} kB to download`, () => {
    expect(statSync(tarball).size).toBeLessThanOrEqual(LIMIT)
  })

  it('contains every file that another of its files refers to', () => {
    const missing = packed.flatMap((path) => {
      const extensions = /\.d\.m?ts$/.test(path) ? ['.d.ts', '.d.mts'] : ['.js', '.mjs']
      if (!path.startsWith('dist/')) return []
      const named = readFileSync(path, 'utf8').matchAll(/(?:from |import\(|require\()['"](\.[^'"]+)['"]/g)
      return [...named]
        .map(([, relative]) => join(dirname(path), relative!.replace(/\.m?js$/, '')))
        .filter((target) => !extensions.some((extension) => packed.includes(target + extension)))
        .map((target) => `${path} refers to ${target}`)
    })
    expect(missing).toEqual([])
    expect(packed.filter((path) => path.startsWith('dist/')).length).toBeGreaterThan(30)
  })

  it('passes publint', async () => {
    expect(await check('publint', ['--strict', tarball])).toMatchObject({
      faults: false,
      said: expect.stringContaining('All good!') as string,
    })
  })

  it('has types that are right in every module resolution, according to are-the-types-wrong', async () => {
    const common = [tarball, '--no-definitely-typed', '--no-emoji', '--format', 'ascii']
    const server = await check('attw', [...common, '--exclude-entrypoints', 'client'])
    expect(server).toMatchObject({
      faults: false,
      said: expect.stringContaining('No problems found') as string,
    })
    // The browser's entry is only an ES module. CommonJS uses `await import`, on any Node.js.
    const esModule = ['--entrypoints', 'client', '--ignore-rules', 'cjs-resolves-to-esm']
    expect(await check('attw', [...common, ...esModule])).toMatchObject({ faults: false })
  }, 120_000)

  it('names its files, its entries and its requirements correctly', () => {
    const targets = (value: unknown): string[] =>
      typeof value === 'string' ? [value] : Object.values(value as object).flatMap(targets)
    for (const path of [manifest.main, manifest.types, ...targets(manifest.exports)]) {
      expect(existsSync(path), path).toBe(true)
    }
    expect(manifest.engines).toEqual({ node: '>=20.19' })
    expect(manifest.sideEffects).toBe(false)
    expect(manifest.keywords).toEqual(expect.arrayContaining(['passport', 'strategy', 'near', 'nep-413']))
    // No script of the package runs on installation.
    expect(
      Object.keys(manifest.scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name)),
    ).toEqual([])
  })

  it("explains each runtime dependency in the README's table", () => {
    const table = /^## Dependencies$[^]*?^## /m.exec(readFileSync('README.md', 'utf8'))![0]
    const explained = [...table.matchAll(/^\| (`[^|]+)\|/gm)].flatMap(([, names]) =>
      [...names!.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
    )
    const { dependencies, peerDependencies } = manifest
    expect(explained.sort()).toEqual(Object.keys({ ...dependencies, ...peerDependencies }).sort())
  })

  it(`adds at most ${MAX_PACKAGES} packages to a fresh project, without a warning`, async () => {
    const project = mkdtempSync(join(directory, 'fresh-'))
    writeFileSync(join(project, 'package.json'), '{ "private": true }')
    const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--prefer-offline', '--loglevel=warn']
    const { stderr } = await run('npm', ['install', ...quiet, tarball], { cwd: project })
    expect(stderr).not.toMatch(/EBADENGINE/)
    expect(stderr).not.toMatch(/^npm warn/im)
    const { packages } = JSON.parse(
      readFileSync(join(project, 'node_modules/.package-lock.json'), 'utf8'),
    ) as { packages: Record<string, { engines?: { node?: string } }> }
    expect(packages).toHaveProperty(['node_modules/passport-near'])
    expect(Object.keys(packages).length).toBeLessThanOrEqual(MAX_PACKAGES)
    // npm compares `engines` with the Node.js that runs this test. The oldest supported version must be
    // accepted too.
    const rejecting = Object.entries(packages).filter(
      ([, { engines }]) => !accepts(engines?.node, OLDEST_NODE),
    )
    expect(rejecting).toEqual([])
  }, 60_000)

  it.each([
    ['>=20.19', true],
    ['>= 20.19.0', true],
    ['>= 0.4.0', true],
    [undefined, true],
    ['>=20.19.1', false],
    ['>=20.20', false],
    ['>=22', false],
    ['^20.19.0 || >=22.12.0', false],
  ])('reads engines %s: accepts Node 20.19.0 for certain: %s', (range, expected) => {
    expect(accepts(range, OLDEST_NODE)).toBe(expected)
  })

  it('has only permissive licences', async () => {
    const { stdout } = await run('npm', ['ls', '--omit=dev', '--all', '--parseable'])
    const shipped = stdout.trim().split('\n').slice(1)
    expect(shipped.length).toBeGreaterThanOrEqual(Object.keys(manifest.dependencies).length)
    const licences = shipped.map((path) => {
      const { name, license, licenses } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as {
        name: string
        license?: string
        licenses?: { type: string }[] // the form of packages from before 2015
      }
      return { name, license: license ?? licenses?.[0]?.type ?? 'none' }
    })
    const permissive = [
      'MIT',
      'ISC',
      '0BSD',
      'Unlicense',
      'BSD-2-Clause',
      'BSD-3-Clause',
      'Apache-2.0',
      'CC0-1.0',
    ]
    const isPermissive = (license: string): boolean =>
      license.replace(/[()]/g, '').split(/ AND | OR /).every((part) => permissive.includes(part)) // prettier-ignore
    expect(licences.filter(({ license }) => !isPermissive(license))).toEqual([])
    expect(manifest.license).toBe('MIT')
    expect(existsSync('LICENSE')).toBe(true)
  }, 60_000)
})
