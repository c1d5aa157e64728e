import { readdirSync, readFileSync } from 'node:fs'
import { transpileModule, ModuleKind, ScriptTarget } from 'typescript'

/** One example as a project: its files, and the packages that it needs. */
export interface Example {
  name: string
  /** The packages beside passport-near, with the version to install. */
  packages: Record<string, string>
  /** The files by name. */
  files: () => Record<string, string>
  /** The file that runs. */
  entry: string
  /** Whether `tsc` compiles the project before it runs. */
  compiled?: boolean
  /** Whether the session is in the cookie alone. An old cookie then restores an old session. */
  cookieOnly?: boolean
  /**
   * Whether this repository cannot install the packages beside those of the other examples. Only the matrix
   * runs it.
   */
  matrixOnly?: boolean
}

export const FOLDERS = ['express', 'fastify', 'koa', 'connect', 'nest'] as const
/** The examples without cookies. They are no servers of web pages, so that they share nothing with the others but their form. */
export const TOKEN_FOLDERS = ['api', 'agent'] as const
type Folder = (typeof FOLDERS)[number] | (typeof TOKEN_FOLDERS)[number]

export const readExample = (folder: Folder, file: string): string =>
  readFileSync(`example/${folder}/${file}`, 'utf8')

/** The files of an example, without the output of a build or an install. */
export function filesOf(folder: Folder): Record<string, string> {
  const names = readdirSync(`example/${folder}`, { withFileTypes: true }).filter((entry) => entry.isFile())
  return Object.fromEntries(names.map(({ name }) => [name, readExample(folder, name)]))
}

function packagesOf(folder: Folder): Record<string, string> {
  const { dependencies, devDependencies } = JSON.parse(readExample(folder, 'package.json')) as {
    dependencies: Record<string, string>
    devDependencies?: Record<string, string>
  }
  const { 'passport-near': _, ...packages } = { ...dependencies, ...devDependencies }
  return packages
}

export const asItStands = (name: string, folder: Folder): Example => ({
  name,
  packages: packagesOf(folder),
  files: () => filesOf(folder),
  entry: 'server.js',
})

/** Replaces parts of a file. Each part must be in the file exactly once, so that no edit is lost silently. */
export function edit(code: string, replacements: [part: string, replacement: string][]): string {
  for (const [part, replacement] of replacements) {
    if (code.split(part).length !== 2) throw new Error(`The example does not contain exactly once:\n${part}`)
    code = code.replace(part, () => replacement)
  }
  return code
}

const edited = (example: Example, replacements: [string, string][]): Pick<Example, 'files'> => ({
  files: () => {
    const files = example.files()
    return { ...files, [example.entry]: edit(files[example.entry]!, replacements) }
  },
})

/** Nest's server in JavaScript, for projects without `tsc`. */
function transpiledNest(module: ModuleKind.ES2022 | ModuleKind.CommonJS): Record<string, string> {
  const compile = (code: string): string =>
    transpileModule(code, {
      compilerOptions: {
        module,
        target: ScriptTarget.ES2022,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
        esModuleInterop: true,
      },
    }).outputText
  const { 'server.ts': server, 'users.js': users, 'index.html': page } = filesOf('nest')
  const isCommonJs = module === ModuleKind.CommonJS
  const client = "new URL(import.meta.resolve('passport-near/client'))"
  return {
    'package.json': JSON.stringify({ private: true, type: isCommonJs ? 'commonjs' : 'module' }),
    'server.js': compile(
      isCommonJs ? edit(server!, [[client, "require.resolve('passport-near/client')"]]) : server!,
    ),
    'users.js': compile(users!),
    'index.html': page!,
  }
}

const express = asItStands('Express 5', 'express')
const fastify = asItStands('Fastify 5 on @fastify/session', 'fastify')
const koa = asItStands('Koa on a store', 'koa')
const connect = asItStands('Connect', 'connect')
const nest: Example = {
  ...asItStands('NestJS 12', 'nest'),
  entry: 'dist/server.js',
  compiled: true,
}
const nestInJavaScript: Example = {
  ...nest,
  name: 'NestJS 12 (transpiled)',
  files: () => transpiledNest(ModuleKind.ES2022),
  entry: 'server.js',
  compiled: false,
}

/** Replaces lines of the Fastify example with their commented-out alternatives. */
function onSecureSession(code: string): string {
  const [commented] = /^\/\/ await app\.register\(import\('@fastify\/secure-session'\)[^]*?^\/\/ \}\)$/m.exec(
    code,
  ) ?? ['']
  const [registered] = /^await app\.register\(fastifyCookie\)[^]*?fastifySession, .*$/m.exec(code) ?? ['']
  return edit(code, [
    ["import fastifyCookie from '@fastify/cookie'\n", ''],
    ["import fastifySession from '@fastify/session'\n", ''],
    [registered, ''],
    [commented, commented.replaceAll(/^\/\/ /gm, '')],
  ])
}

export const examples: Example[] = [
  express,
  { ...express, name: 'Express 4', packages: { ...express.packages, express: 'npm:express@4' } },
  { ...express, name: 'Express 5 in TypeScript', entry: 'dist/server.js', compiled: true },
  fastify,
  {
    ...fastify,
    name: 'Fastify 5 on @fastify/secure-session',
    packages: { ...fastify.packages, '@fastify/secure-session': '*' },
    files: () => ({ ...fastify.files(), 'server.js': onSecureSession(fastify.files()['server.js']!) }),
    cookieOnly: true,
  },
  koa,
  {
    ...koa,
    name: 'Koa on cookies',
    ...edited(koa, [['session({ store, key,', 'session({ key,']]),
    cookieOnly: true,
  },
  connect,
  nest,
  {
    ...nestInJavaScript,
    name: 'NestJS 11 (CommonJS)',
    packages: {
      ...nest.packages,
      '@nestjs/common': '11',
      '@nestjs/core': '11',
      '@nestjs/passport': '11',
      '@nestjs/platform-express': '11',
    },
    files: () => transpiledNest(ModuleKind.CommonJS),
    matrixOnly: true,
  },
]

const SEVERAL = "['link-near', 'near']"
const pages = '{ successRedirect: "/me", failureRedirect: "/login", failureMessage: true }'

/**
 * The examples with additions of an application: two strategies on the linking route, and, where Passport's
 * redirects work, a login that is posted as a form and gets pages. `/login` returns the messages of the
 * session.
 */
export const extended: (Example & { pages: boolean })[] = [
  {
    ...express,
    pages: true,
    ...edited(express, [
      ["authenticate('link-near', respond)", `authenticate(${SEVERAL}, respond)`],
      [
        "app.get('/me'",
        `app.post('/login/near/form', express.urlencoded({ extended: false }), passport.authenticate('near', ${pages}))
app.get('/login', (req, res) => res.json(req.session.messages ?? []))
app.get('/me'`,
      ],
    ]),
  },
  {
    ...fastify,
    pages: true,
    ...edited(fastify, [
      ["authenticate('link-near', () => {})", `authenticate(${SEVERAL}, () => {})`],
      [
        "app.get('/me'",
        `app.post('/login/near/form', { preValidation: passport.authenticate('near', ${pages}) }, () => {})
app.get('/login', (request) => request.session.get('messages') ?? [])
app.get('/me'`,
      ],
    ]),
  },
  {
    ...koa,
    pages: true,
    ...edited(koa, [
      ["authenticate('link-near', () => {})", `authenticate(${SEVERAL}, () => {})`],
      [
        "router.get('/me'",
        `router.post('/login/near/form', passport.authenticate('near', ${pages}))
router.get('/login', (ctx) => { ctx.body = ctx.session.messages ?? [] })
router.get('/me'`,
      ],
    ]),
  },
  {
    ...connect,
    pages: false,
    ...edited(connect, [["authenticate('link-near', respond)", `authenticate(${SEVERAL}, respond)`]]),
  },
  {
    ...nestInJavaScript,
    pages: false,
    ...edited(nestInJavaScript, [["nearGuard('link-near')", `nearGuard(${SEVERAL})`]]),
  },
]
