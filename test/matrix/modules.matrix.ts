import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TestNetwork } from 'passport-near/testing'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { startProject, writeFiles } from '../frameworks/project'
import { Visitor } from '../frameworks/visitor'
import { Cleanup } from '../support/app'
import { codeUnder } from '../support/readme'
import { consumer, NODE_VERSIONS, runIn, versioned } from './consumer'

const cleanup = new Cleanup()
afterAll(() => cleanup.run())

const text = (path: string): string => readFileSync(path, 'utf8')
const fixture = (name: string): string => text(`test/matrix/fixtures/${name}`)
const tsc = (directory: string, args: string[]): Promise<unknown> =>
  runIn(directory, process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), ...args])

/** TypeScript's module settings, and the file name of the compiled program. */
const RESOLUTIONS = [
  { name: 'node16, ES module', source: 'node16.mts', flags: ['--module', 'node16'] },
  { name: 'node16, CommonJS', source: 'node16.cts', flags: ['--module', 'node16'] },
  { name: 'nodenext, ES module', source: 'nodenext.mts', flags: ['--module', 'nodenext'] },
  { name: 'nodenext, CommonJS', source: 'nodenext.cts', flags: ['--module', 'nodenext'] },
  {
    name: 'bundler, bundled by esbuild',
    source: 'bundler.ts',
    flags: ['--module', 'esnext', '--moduleResolution', 'bundler'],
    bundled: true,
  },
  {
    name: 'classic (node10) with esModuleInterop, CommonJS',
    source: 'node10.ts',
    flags: ['--module', 'commonjs', '--moduleResolution', 'node10', '--ignoreDeprecations', '6.0'],
  },
]
const strictly = ['--strict', '--target', 'es2022', '--esModuleInterop', '--types', 'node']
const output = (source: string): string =>
  join(
    'out',
    source.replace(/\.(m|c|)ts$/, (_, letter: string) => `.${letter}js`),
  )

describe.each(NODE_VERSIONS)('on Node %s', (version) => {
  const node = (): string => inject('nodes')[version]!
  const loginInOneProgram = async (directory: string, program: string): Promise<void> => {
    const { stdout } = await runIn(directory, node(), [program])
    expect(JSON.parse(stdout)).toEqual({
      login: { outcome: 'signed-in', reply: { id: 'alice.test' } },
      oneClass: true,
    })
  }

  it("the README's first lines run unchanged in an empty project", async () => {
    const directory = await newcomer()
    const network = await TestNetwork.start()
    cleanup.add(() => network.stop())
    const url = await startProject(directory, network.rpcUrl, cleanup, { node: node(), entry: 'app.js' })
    const visitor = new Visitor(url)
    const reply = await visitor.post(
      '/login/near',
      await visitor.sign(await network.createAccount('alice.near')),
    )
    expect(reply).toEqual({ status: 200, body: { id: 'alice.near' } })
    expect((await visitor.get('/me')).body).toEqual({ id: 'alice.near' })
  })

  it.each(RESOLUTIONS)('TypeScript, $name: compiles, and signs in', async ({ source, bundled }) => {
    await loginInOneProgram(await typescript(), bundled ? 'out/bundle.cjs' : output(source))
  })

  it.each([
    ['require, the whole and by name', 'a.cjs', `const NearStrategy = require('passport-near'); const { NearStrategy: Named, Strategy, default: byDefault } = NearStrategy`],
    ['import, default and by name', 'a.mjs', `import NearStrategy, { NearStrategy as Named, Strategy } from 'passport-near'; const byDefault = NearStrategy`],
    ['import of everything', 'b.mjs', `import * as all from 'passport-near'; const { default: NearStrategy, NearStrategy: Named, Strategy } = all; const byDefault = NearStrategy`],
    ['require and import in one program', 'c.mjs', `import NearStrategy, { Strategy } from 'passport-near'; import { createRequire } from 'node:module'; const Named = createRequire(import.meta.url)('passport-near'); const byDefault = Named.default`],
  ])('%s: one class', async (_, file, code) => {
    const directory = await newcomer()
    const log = `console.log(JSON.stringify([Named, Strategy, byDefault].map((each) => each === NearStrategy && typeof each === 'function')))`
    writeFiles(directory, { [`${version}-${file}`]: `${code}\n${log}\n` })
    expect(JSON.parse((await runIn(directory, node(), [`${version}-${file}`])).stdout)).toEqual([true, true, true])
  }) // prettier-ignore

  it('jest, CommonJS and default settings', async () => {
    const directory = await testers()
    const { stderr } = await runIn(directory, node(), ['node_modules/jest/bin/jest.js', 'login.test.js'])
    expect(stderr).toMatch(/Tests:\s+3 passed, 3 total/)
  })

  it('vitest', async () => {
    const directory = await testers()
    const args = ['node_modules/vitest/vitest.mjs', 'run', '--no-color', 'login.vitest.test.mjs']
    const { stdout } = await runIn(directory, node(), args)
    expect(stdout).toMatch(/Tests\s+2 passed \(2\)/)
  })

  it('node:test', async () => {
    const directory = await testers()
    const args = ['--test', '--test-reporter=tap', 'login.node-test.mjs']
    const { stdout } = await runIn(directory, node(), args)
    expect(stdout).toMatch(/^# pass 2$/m)
    expect(stdout).toMatch(/^# fail 0$/m)
  })
})

/** The types in every framework, against the published declarations. */
describe('the published types', () => {
  const files = (directory: string): string[] =>
    readdirSync(directory).filter((name) => name.startsWith('types-') && name.endsWith('.mts'))

  it('need no cast in any framework, in any resolution', async () => {
    const directory = await everyFramework()
    const decorators = ['--experimentalDecorators', '--emitDecoratorMetadata']
    for (const { source, flags } of RESOLUTIONS) {
      if (source.endsWith('.cts') || source === 'node10.ts') continue
      await tsc(directory, [
        '--noEmit',
        '--skipLibCheck',
        ...strictly,
        ...decorators,
        ...flags,
        ...files(directory),
      ])
    }
  })

  it('type-check completely, and require no types except those of Node.js', async () => {
    const directory = await newcomer()
    writeFiles(directory, {
      'alone.mts': `import NearStrategy from 'passport-near'\nimport { TestNetwork } from 'passport-near/testing'\nimport { signIn } from 'passport-near/client'\nexport { NearStrategy, TestNetwork, signIn }\n`,
    })
    await tsc(directory, [
      '--noEmit',
      ...strictly,
      '--lib',
      'es2022,dom',
      '--module',
      'nodenext',
      'alone.mts',
    ])
  })

  it('do not pin a major version of Express', async () => {
    const directory = await expressFour()
    const sources = files(directory)
    expect(sources).toEqual([
      'types-errors.mts',
      'types-express.mts',
      'types-options.mts',
      'types-stores.mts',
    ])
    await tsc(directory, ['--noEmit', '--skipLibCheck', ...strictly, '--module', 'nodenext', ...sources])
  })
})

/** Created on first use, once. */
function once(make: () => Promise<string>): () => Promise<string> {
  let made: Promise<string> | undefined
  return () => (made ??= make())
}

const app = ['express', 'express-session', 'passport']
const newcomer = once(async () =>
  consumer(
    inject('tarball'),
    [...app, ...(await versioned(['typescript', '@types/node']))],
    { 'app.js': codeUnder('Use')[0]! },
    cleanup,
  ),
)
const typescript = once(async () => {
  const packages = await versioned(['typescript', 'esbuild', '@types/node', '@types/express', '@types/express-session', '@types/passport']) // prettier-ignore
  const source = fixture('login.ts')
  const files = Object.fromEntries(RESOLUTIONS.map((resolution) => [resolution.source, source]))
  const directory = await consumer(inject('tarball'), [...app, ...packages], files, cleanup)
  for (const { source: name, flags } of RESOLUTIONS) {
    await tsc(directory, ['--outDir', 'out', ...strictly, ...flags, name])
  }
  const bundle = [
    '--bundle',
    '--platform=node',
    '--outfile=out/bundle.cjs',
    '--log-level=error',
    'bundler.ts',
  ]
  await runIn(directory, 'node_modules/.bin/esbuild', bundle)
  return directory
})
const testers = once(() =>
  consumer(
    inject('tarball'),
    [...app, 'jest@30', 'vitest'],
    {
      'login.test.js': text('test/package/fixtures/login.test.js'),
      'login.vitest.test.mjs': fixture('login.vitest.mjs'),
      'login.node-test.mjs': fixture('login.node-test.mjs'),
    },
    cleanup,
  ),
)
const typesFiles = (names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [`types-${name}.mts`, text(`test/types/${name}.ts`)]))
const everyFramework = once(async () => {
  const names = readdirSync('test/types').map((name) => name.replace('.ts', ''))
  const packages = ['typescript', '@types/node', '@types/express', '@types/passport', '@types/connect', '@types/koa', '@types/koa-passport',
    '@fastify/passport', '@koa/router', '@nestjs/common', '@nestjs/core', '@nestjs/passport', 'connect', 'fastify', 'koa', 'koa-passport', 'reflect-metadata', 'rxjs'] // prettier-ignore
  return consumer(inject('tarball'), [...app, ...(await versioned(packages))], typesFiles(names), cleanup)
})
const expressFour = once(async () => {
  const packages = ['express@4', '@types/express@4', ...(await versioned(['typescript', '@types/node', '@types/passport', 'passport']))] // prettier-ignore
  const names = ['errors', 'express', 'options', 'stores']
  return consumer(inject('tarball'), packages, typesFiles(names), cleanup)
})
