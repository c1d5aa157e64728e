import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NODE_VERSIONS } from '../matrix/consumer'

const DIRECTORY = '.github/workflows'

interface Job {
  text: string
  uses: string[]
  permissions: string[]
}
interface Workflow {
  name: string
  /** Removes comment lines. */
  text: string
  jobs: Record<string, Job>
}

/** The indented lines below a key: `depth` is the key's own indentation. */
function block(text: string, key: string, depth: number): string | undefined {
  const indent = ' '.repeat(depth)
  return new RegExp(`^${indent}${key}:\\n((?:${indent} +.*\\n|\\n)+)`, 'm').exec(text)?.[1]
}

function readWorkflow(name: string): Workflow {
  const text = readFileSync(join(DIRECTORY, name), 'utf8').replace(/^ *#.*\n/gm, '')
  const jobs = block(text, 'jobs', 0)!
  const names = [...jobs.matchAll(/^ {2}(\S+):$/gm)].map(([, job]) => job!)
  return {
    name,
    text,
    jobs: Object.fromEntries(
      names.map((job): [string, Job] => {
        const own = block(jobs, job, 2)!
        return [
          job,
          {
            text: own,
            uses: [...own.matchAll(/\buses:\s*(\S+)/g)].map(([, action]) => action!),
            permissions: (block(own, 'permissions', 4) ?? 'none named').trim().split(/\n\s*/),
          },
        ]
      }),
    ),
  }
}

const workflows = readdirSync(DIRECTORY).map(readWorkflow)
const jobs = workflows.flatMap((workflow) =>
  Object.entries(workflow.jobs).map(([job, rest]) => ({ id: `${workflow.name} ${job}`, ...rest })),
)
const [ci, release] = ['ci.yml', 'release.yml'].map((name) => workflows.find((each) => each.name === name)!)

describe('the workflows', () => {
  it('are all read, with all jobs', () => {
    expect(jobs.map(({ id }) => id).sort()).toEqual([
      'ci.yml checks',
      'ci.yml coverage',
      'ci.yml tests',
      'ci.yml wallets',
      'release.yml build',
      'release.yml publish',
    ])
  })

  it('pin every action to a full commit, with its version in a comment', () => {
    const lines = workflows.flatMap(({ text }) => text.split('\n').filter((line) => /\buses:/.test(line)))
    const pinned = /^ +- uses: [\w-]+\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/
    expect(lines.filter((line) => !pinned.test(line))).toEqual([])
    expect(lines.length).toBeGreaterThanOrEqual(8)
  })

  it('grant no permission by default, and each job its own: only publish may have an identity token', () => {
    for (const { name, text } of workflows) expect(text, name).toMatch(/^permissions: \{\}$/m)
    expect(Object.fromEntries(jobs.map(({ id, permissions }) => [id, permissions]))).toEqual({
      'ci.yml checks': ['contents: read'],
      'ci.yml coverage': ['contents: read'],
      'ci.yml tests': ['contents: read'],
      'ci.yml wallets': ['contents: read'],
      'release.yml build': ['contents: read'],
      'release.yml publish': ['id-token: write'],
    })
    const writes = workflows.flatMap(({ text }) => text.split('\n').filter((line) => /\bwrite\b/.test(line)))
    expect(writes.map((line) => line.trim())).toEqual(['id-token: write'])
  })

  it('publish without a checkout, an installation or a script of the project', () => {
    const { text, uses } = release!.jobs['publish']!
    const actions = uses.map((action) => action.replace(/@.*/, ''))
    expect(actions.sort()).toEqual(['actions/download-artifact', 'actions/setup-node'])
    const npm = [...text.matchAll(/\bnpm (?!11)(\S+)/g)].map(([, command]) => command)
    expect(npm).toEqual(['--version)"', 'publish'])
    expect(text).not.toMatch(/\b(npx|yarn|pnpm|corepack|node -|node \S+\.m?js|git|curl|\.ci\/run)\b/)
    expect(text).toMatch(/^ {4}environment: npm$/m)
  })

  it('publish the tarball that build packed, after a comparison of its digest', () => {
    expect(release!.jobs['build']!.text).toContain('sha256: ${{ steps.pack.outputs.sha256 }}')
    const { text } = release!.jobs['publish']!
    expect(text).toMatch(/^ {4}needs: build$/m)
    expect(text).toContain('SHA256: ${{ needs.build.outputs.sha256 }}')
    expect(text).toMatch(
      /^ +echo "\$SHA256 {2}\$tarball" \| sha256sum --check --strict\n +npm publish "\.\/\$tarball" --provenance --access public/m,
    )
  })

  it("keep caches, credentials and runs of a fork's pull request out of a release", () => {
    expect(release!.text).not.toMatch(/^ +cache:/m)
    expect(release!.text.match(/package-manager-cache: false/g)).toHaveLength(2)
    for (const { name, text } of workflows) {
      expect(text, name).not.toMatch(/pull_request_target|workflow_run|secrets\./)
      expect(text.match(/persist-credentials: false/g), name).toHaveLength(
        text.match(/actions\/checkout@/g)!.length,
      )
    }
  })

  it('run no code of wallets where the package is built', () => {
    expect(release!.text).not.toMatch(/wallets$|run: bash \.ci\/run$/m)
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>
    }
    expect(scripts['wallets:install']).toContain('--ignore-scripts')
  })

  it('use no tag or branch name in a command', () => {
    // Commands read such values from the environment: `${{ }}` in a command is replaced before the shell
    // parses it.
    const commands = workflows.flatMap(({ text }) => [
      ...text.matchAll(/^( +)(?:- )?run: (?:\|\n((?:\1 +.*\n)+)|.*\n)/gm),
    ])
    expect(commands.length).toBeGreaterThanOrEqual(8)
    expect(commands.map(([command]) => command).filter((command) => command.includes('${{'))).toEqual([])
  })

  it('test on every supported Node.js, check once, and cancel superseded runs', () => {
    const { tests, checks, coverage, wallets } = ci!.jobs
    const versions = /^ {8}node: \[(.*)\]$/m.exec(tests!.text)![1]!.split(', ')
    expect(versions.map((version) => version.replaceAll("'", ''))).toEqual(NODE_VERSIONS)
    expect(tests!.text).toMatch(/run: bash \.ci\/run tests$/m)
    expect(checks!.text).toMatch(/run: bash \.ci\/run checks$/m)
    expect(coverage!.text).toMatch(/run: bash \.ci\/run coverage$/m)
    expect(wallets!.text).toMatch(/run: bash \.ci\/run wallets$/m)
    for (const { text } of [checks!, coverage!, wallets!]) expect(text).not.toContain('matrix:')
    expect(ci!.text).toMatch(/^concurrency:\n {2}group: .*github\.ref.*\n {2}cancel-in-progress: true$/m)
    expect(release!.text).toMatch(/^ {2}cancel-in-progress: false$/m)
    for (const { id, text } of jobs) expect(text, id).toMatch(/^ {4}timeout-minutes: \d+$/m)
  })
})

describe('.ci/run', () => {
  let programs: string
  beforeAll(() => {
    programs = mkdtempSync(join(tmpdir(), 'passport-near-ci-'))
    // Programs that print their command line and come first on the PATH: the test installs no package and
    // runs no check.
    for (const name of ['npm', 'apt-get', 'sudo', 'chromium', 'redis-server', 'initdb']) {
      writeFileSync(join(programs, name), `#!/bin/sh\necho "${name} $*"\n`, { mode: 0o755 })
    }
  })
  afterAll(() => rmSync(programs, { recursive: true, force: true }))

  const commands = async (...args: string[]): Promise<string[]> => {
    const env = { ...process.env, PATH: `${programs}:${process.env['PATH'] ?? ''}` }
    const { stdout } = await promisify(execFile)('bash', ['.ci/run', ...args], { env })
    return stdout.trim().split('\n')
  }
  // npm installs a package without integrity unchecked, so the lock is checked before the installation.
  const install = ['npm run lock:check', 'npm ci']
  const checks = ['typecheck', 'lint', 'format:check', 'docs:check', 'test:matrix'].map(
    (script) => `npm run ${script}`,
  )

  const wallets = ['npm run wallets:install', 'npm run test:wallets']

  it('checks the lock, installs and runs the tests without an argument, and everything with "all"', async () => {
    expect(await commands()).toEqual([...install, 'npm test'])
    expect(await commands('all')).toEqual([...install, 'npm test', ...wallets, ...checks])
  })

  it('runs only the tests, only the wallets, or only the checks, as the workflow requests', async () => {
    expect(await commands('tests')).toEqual([...install, 'npm test'])
    expect(await commands('coverage')).toEqual([...install, 'npm run test:coverage'])
    expect(await commands('wallets')).toEqual([...install, ...wallets])
    expect(await commands('checks')).toEqual([...install, ...checks])
  })

  it('rejects an unknown argument before it runs anything', async () => {
    await expect(commands('test')).rejects.toMatchObject({ code: 2, stdout: '' })
  })

  it('names only scripts of package.json', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>
    }
    const named = [...readFileSync('.ci/run', 'utf8').matchAll(/npm run (\S+)/g)].map(([, name]) => name!)
    expect(named.filter((name) => !(name in scripts))).toEqual([])
  })
})
