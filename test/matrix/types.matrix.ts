import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const COMPILERS = ['typescript5.4', 'typescript5.9', 'typescript', 'typescript7'] as const
type Compiler = (typeof COMPILERS)[number]
/** The version is the first thing that a release may break. */
const versionOf = (compiler: Compiler): string => {
  const { version } = JSON.parse(readFileSync(`node_modules/${compiler}/package.json`, 'utf8')) as {
    version: string
  }
  return version.split('.').slice(0, 2).join('.')
}

const TYPES = 'test/types'
const FIXTURES = 'test/matrix/fixtures/types'
const every = readdirSync(TYPES).map((name) => join(TYPES, name))
const some = (...names: string[]): string[] => names.map((name) => join(TYPES, `${name}.ts`))
const fixtures = (...names: string[]): string[] => names.map((name) => join(FIXTURES, name))

interface Project {
  /** The type packages that the project has, besides those of Node.js. */
  readonly packages: 'all' | 'express 4' | 'none'
  readonly files: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  /** Compilers that support the resolution. */
  readonly compilers?: readonly Compiler[]
}

const STRICT = {
  noEmit: true,
  target: 'es2022',
  lib: ['es2023'],
  module: 'nodenext',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipDefaultLibCheck: true,
  // TypeScript looks for packages in the project, not where the links point.
  preserveSymlinks: true,
  types: ['node'],
}
/**
 * Third-party declarations do not compile with every compiler. Our declarations are checked where Node.js's
 * types are the only others.
 */
const skipLibCheck = true

const node10 = {
  module: 'commonjs',
  moduleResolution: 'node10',
  esModuleInterop: true,
  verbatimModuleSyntax: false,
  skipLibCheck,
}

const projects: Record<string, Project> = {
  'every framework, with Express 5, and wrong uses in one error each, at the line': {
    packages: 'all',
    files: [...every, ...fixtures('wrong.ts')],
    options: { skipLibCheck, experimentalDecorators: true, emitDecoratorMetadata: true },
  },
  'Express 4': {
    packages: 'express 4',
    files: some('express', 'options'),
    options: { skipLibCheck },
  },
  'no types but those of Node.js, into declarations': {
    packages: 'none',
    files: [...some('options', 'errors', 'stores', 'entries'), ...fixtures('bare.ts')],
    options: { declaration: true },
  },
  ...Object.fromEntries(
    ['node16', 'nodenext'].map((module): [string, Project] => [
      `the resolution ${module}`,
      {
        packages: 'none',
        files: fixtures('imported.ts', 'required.cts', 'required.cjs'),
        options: { module, skipLibCheck, allowJs: true, checkJs: true },
      },
    ]),
  ),
  'the resolution bundler': {
    packages: 'none',
    files: fixtures('imported.ts'),
    options: { module: 'esnext', moduleResolution: 'bundler', skipLibCheck },
  },
  'the resolution node10': {
    packages: 'none',
    files: fixtures('imported.ts'),
    options: node10,
    compilers: ['typescript5.4', 'typescript5.9'],
  },
  'the resolution node10, deprecated': {
    packages: 'none',
    files: fixtures('imported.ts'),
    options: { ...node10, ignoreDeprecations: '6.0' },
    compilers: ['typescript'],
  },
}

let packed: string
let directory: string

beforeAll(async () => {
  if (!existsSync('dist/index.js')) throw new Error('The package is not built: run npm run build first')
  directory = await mkdtemp(join(tmpdir(), 'passport-near-types-'))
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory])
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  await run('tar', ['-xzf', filename], { cwd: directory })
  packed = join(directory, 'package')
})

afterAll(() => rm(directory, { recursive: true, force: true }))

/** Node.js's own types, and their dependencies. */
const NODE_TYPES = ['@types/node', 'undici-types']

function packagesOf(packages: Project['packages']): [name: string, from: string][] {
  if (packages === 'none') return NODE_TYPES.map((name) => [name, name])
  const all = readdirSync('node_modules').flatMap((name) =>
    name.startsWith('@') ? readdirSync(`node_modules/${name}`).map((part) => `${name}/${part}`) : name,
  )
  const linked = all.filter((name) => name !== 'passport-near' && !name.startsWith('.'))
  return linked.map((name) => [
    name,
    packages === 'express 4' && name === '@types/express' ? '@types/express4' : name,
  ])
}

/** Creates a project with the packed package installed. */
function createProject(name: string, { packages, files, options }: Project): string {
  const project = join(directory, name.replaceAll(/\W+/g, '-'))
  if (existsSync(project)) return project
  for (const [target, from] of packagesOf(packages)) {
    const link = join(project, 'node_modules', target)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(resolve('node_modules', from), link)
  }
  cpSync(packed, join(project, 'node_modules/passport-near'), { recursive: true })
  for (const file of files) cpSync(file, join(project, basename(file)))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: { ...STRICT, ...options },
      files: files.map((file) => basename(file)),
    }),
  )
  return project
}

/** The results of the two compilations that run at a time. */
const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()]

function runTsc(compiler: Compiler, project: string): Promise<{ stdout: string }> {
  const tsc = resolve('node_modules', compiler, 'bin/tsc')
  const previous = lanes.shift()!
  const result = previous.then(() =>
    run(process.execPath, [tsc, '--pretty', 'false'], { cwd: project, timeout: 120_000 }).catch(
      (error: unknown) => error as { stdout: string },
    ),
  )
  lanes.push(result)
  return result
}

/** Compiles a project. Returns the place and the code of each error, and the text of an unexpected error. */
async function compile(
  compiler: Compiler,
  project: string,
  expected: readonly string[] = [],
): Promise<string[]> {
  const { stdout } = await runTsc(compiler, project)
  const errors = stdout.split('\n').filter((line) => /^\S.*error TS/.test(line))
  return errors.map((line) => {
    const place = line.replace(/^(.*?)\((\d+),\d+\): error (TS\d+).*$/, '$1:$2 $3')
    return expected.includes(place) ? place : line
  })
}

/**
 * The expected errors from a file's comments. If releases differ in the code of an error, both codes are
 * accepted.
 */
function expectedErrors(file: string, compiler: Compiler): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      const [, code, since7] = /\/\/ (TS\d+)(?: \((TS\d+) in 7\))?$/.exec(line) ?? []
      if (!code) return []
      return [`${basename(file)}:${index + 1} ${compiler === 'typescript7' ? (since7 ?? code) : code}`]
    })
}

describe.concurrent.each(COMPILERS.map((compiler) => [versionOf(compiler), compiler] as const))(
  'the packed types with TypeScript %s',
  (_, compiler) => {
    const compiled = Object.entries(projects).filter(([, { compilers }]) =>
      (compilers ?? COMPILERS).includes(compiler),
    )
    it.each(compiled)(
      'compile: %s',
      async (name, project) => {
        const expected = project.files.flatMap((file) => expectedErrors(file, compiler))
        expect(await compile(compiler, createProject(name, project), expected)).toEqual(expected)
      },
      240_000,
    )
  },
)

describe('the declarations', () => {
  /** Each exported name with its type parameters. */
  function namesOf(program: ts.Program, file: string): string[] {
    const checker = program.getTypeChecker()
    const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!
    const target = (symbol: ts.Symbol): ts.Symbol =>
      symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    return checker
      .getExportsOfModule(module)
      .filter(({ name }) => name !== 'prototype' && name !== 'default')
      .filter((symbol) => target(symbol).flags & ts.SymbolFlags.Type)
      .map((symbol) => {
        const [declaration] = (target(symbol).declarations ?? []).filter(
          (each) =>
            ts.isClassDeclaration(each) || ts.isInterfaceDeclaration(each) || ts.isTypeAliasDeclaration(each),
        )
        const texts = (declaration?.typeParameters ?? []).map((each) =>
          each.getText().replaceAll('types.', ''),
        )
        return `${symbol.name}<${texts.join(', ')}>`
      })
      .sort()
  }

  it('name the same types for require and import, with the same type parameters', () => {
    const files = ['dist/index.d.ts', 'dist/index.d.mts'].map((file) => join(packed, file))
    const options = {
      module: ts.ModuleKind.NodeNext,
      strict: true,
      types: ['node'],
      typeRoots: [resolve('node_modules/@types')],
    }
    const program = ts.createProgram(files, options)
    const [required, imported] = files.map((file) => namesOf(program, file))
    expect(required).toEqual(imported)
    expect(imported).toContain('Challenge<>')
    expect(imported).toContain(
      'Strategy<Request extends object = DefaultRequest, PassRequest extends boolean = false, WalletContracts extends boolean | WalletContractsOptions = false>',
    )
  })

  it('do not use internal types', async () => {
    const project = createProject('alone', { packages: 'none', files: [], options: {} })
    const include = ['node_modules/passport-near/dist/**/*']
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: STRICT, include, exclude: [] }),
    )
    expect(await compile('typescript', project)).toEqual([])
  })
})
