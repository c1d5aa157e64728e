import { execFile } from 'node:child_process'
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { NearAuthError } from 'passport-near'
import { NearLoginRejected, NearServiceError, type NearAuthErrorCode } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { measure, ROWS } from './bench/comparison.mjs'
import { linkedProject, startProject } from './frameworks/project'
import { Visitor } from './frameworks/visitor'
import { Cleanup } from './support/app'
import { codeBlocks, codeUnder } from './support/readme'

const readme = readFileSync('README.md', 'utf8')
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  name: string
  scripts: Record<string, string>
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  peerDependencies: Record<string, string>
}

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount

beforeAll(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.near')
})
afterAll(() => cleanup.run())

const [use, page] = codeUnder('Use') as [string, string]
const listening = 'app.listen(3000)\n'

/** A project with the packages that the README's code names. */
function project(files: Record<string, string>): string {
  const names = ['express', 'express-session', 'passport', 'passport-local']
  const packages = Object.fromEntries(names.map((name) => [name, '*']))
  const described = { packages, files: () => files }
  return linkedProject(described, cleanup)
}

/** Runs an application of the README in a separate process. */
async function startApplication(code: string): Promise<Visitor> {
  const directory = project({ 'app.cjs': code })
  return new Visitor(await startProject(directory, network.rpcUrl, cleanup, { entry: 'app.cjs' }))
}

/** Replaces a part of a text. The part must be in the text. */
function replace(text: string, part: string | RegExp, replacement: string): string {
  if (typeof part === 'string') expect(text).toContain(part)
  else expect(text).toMatch(part)
  return text.replace(part, () => replacement)
}

const useWith = (block: string): string => replace(use, listening, `${block}\n${listening}`)

/** The cells of a table's rows, by the table's heading. */
function tableUnder(heading: string): string[][] {
  const start = readme.indexOf(`\n## ${heading}\n`)
  expect(start).toBeGreaterThan(-1)
  const table = /\n\n((?:\|.*\n)+)/.exec(readme.slice(start))![1]!
  const rows = table.trim().split('\n').slice(2)
  return rows.map((row) => row.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim())) // prettier-ignore
}

/** The names in backticks in a table's first column. */
const namesUnder = (heading: string): string[] =>
  tableUnder(heading).flatMap(([cell]) => [...cell!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!))

describe("the README's code, run", () => {
  it('Use: signs in unchanged, and returns the signed-in user', async () => {
    const visitor = await startApplication(use)
    expect((await visitor.get('/me')).body).toBeNull()
    const reply = await visitor.post('/login/near', await visitor.sign(alice))
    expect(reply).toEqual({ status: 200, body: { id: 'alice.near' } })
    expect((await visitor.get('/me')).body).toEqual({ id: 'alice.near' })
  })

  it('Use: is 20 lines long or less', () => {
    expect(use.split('\n').filter((line) => line.trim()).length).toBeLessThanOrEqual(20)
  })

  it('Use: sets an httpOnly, same-site cookie, in production also a secure __Host- cookie', async () => {
    const local = await startApplication(use)
    expect((await local.request('/login/near/challenge')).headers.get('set-cookie')).toMatch(
      /^session=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/,
    )
    const production = replace(use, "process.env.NODE_ENV === 'production'", 'true')
    const site = await startApplication(replace(production, 'app.use(', "app.set('trust proxy', 1).use("))
    const headers = { 'x-forwarded-proto': 'https' }
    expect((await site.request('/login/near/challenge', { headers })).headers.get('set-cookie')).toMatch(
      /^__Host-session=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
  })

  it('Errors: loginHandler responds to a login and a rejection with JSON', async () => {
    const handler = replace(use, /passport\.authenticate\('near'\), .*res\.json\(req\.user\)/, 'near.loginHandler()') // prettier-ignore
    const visitor = await startApplication(handler)
    expect(await visitor.post('/login/near', {})).toMatchObject({
      status: 400,
      body: { code: 'ERR_NEAR_CREDENTIALS_MISSING', message: expect.any(String) as string },
    })
    expect(await visitor.post('/login/near', await visitor.sign(alice))).toEqual({
      status: 200,
      body: { user: 'alice.near' },
    })
  })

  describe('Errors: the error handler, with the callback for several strategies', () => {
    const local = `
const { Strategy: LocalStrategy } = require('passport-local')
passport.use(new LocalStrategy((username, password, done) => done(null, password === 'right' && { id: username })))
`
    const start = (): Promise<Visitor> =>
      startApplication(
        useWith(
          local + codeUnder('Several ways to sign in', 'docs/frameworks.md')[0]! + codeUnder('Errors')[0]!,
        ),
      )
    let visitor: Visitor
    beforeAll(async () => {
      visitor = await start()
    })

    it('signs in with either strategy', async () => {
      const reply = { status: 200, body: { id: 'alice.near' } }
      expect(await visitor.post('/login', await visitor.sign(alice))).toEqual(reply)
      const password = { username: 'alice.near', password: 'right' }
      expect(await visitor.post('/login', password)).toEqual(reply)
    })

    it('responds to a body without credentials with 400 and continues to serve', async () => {
      expect(await visitor.post('/login', {})).toMatchObject({
        status: 400,
        body: { code: 'ERR_NEAR_CREDENTIALS_MISSING' },
      })
      expect((await visitor.get('/me')).status).toBe(200)
    })

    it('responds to a wrong password and a wrong signature with 401', async () => {
      const password = { username: 'alice.near', password: 'wrong' }
      expect(await visitor.post('/login', password)).toEqual({ status: 401, body: { code: 'UNAUTHORIZED' } })
      const forged = { ...(await visitor.sign(alice)), signature: Buffer.alloc(64, 1).toString('base64') }
      expect(await visitor.post('/login', forged)).toMatchObject({
        status: 401,
        body: { code: 'ERR_NEAR_SIGNATURE_INVALID' },
      })
    })

    it('responds to an outage with 503 and its code', async () => {
      const signed = await visitor.sign(alice)
      network.fail('http-500')
      const outage = await visitor.post('/login', signed)
      network.recover()
      expect(outage).toMatchObject({
        status: 503,
        body: { code: 'ERR_NEAR_RPC_UNAVAILABLE', message: expect.any(String) as string },
      })
    })
  })

  it('Testing your login: signs in from start to stop', async () => {
    const directory = project({
      'package.json': '{ "type": "module" }',
      'login.js': codeUnder('Testing your login')[0]!,
    })
    cpSync('test/frameworks/app.js', join(directory, 'app.js'))
    const { stdout } = await promisify(execFile)(process.execPath, ['login.js'], {
      cwd: directory,
      timeout: 30_000,
    })
    expect(stdout).toBe("200 { id: 'alice.test' }\n")
  })

  it('Testing your login: serves the development wallet in one line', async () => {
    const [line] = /`(express\(\)\.use\(developmentWallet[^`]*)`/.exec(readme)!.slice(1) as [string]
    const directory = project({
      'package.json': '{ "type": "module" }',
      'wallet.js': `
import express from 'express'
import { developmentWallet, TestNetwork } from 'passport-near/testing'
const network = await TestNetwork.start()
await network.createAccount('alice.test')
const server = ${replace(line, '3001', '0')}
const response = await fetch(\`http://localhost:\${server.address().port}/\`)
console.log(response.status)
process.exit()
`,
    })
    const { stdout } = await promisify(execFile)(process.execPath, ['wallet.js'], {
      cwd: directory,
      timeout: 30_000,
    })
    expect(stdout).toBe('200\n')
  })

  it('Use: the page is a module that a browser build can bundle', async () => {
    const { build } = await import('esbuild')
    const { outputFiles } = await build({
      stdin: { contents: page, resolveDir: resolve('.') },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
    })
    expect(outputFiles[0]!.text).toContain('challengeUrl')
  })
})

describe("the README's code blocks", () => {
  const blocks = codeBlocks()

  it('are JavaScript, shell commands or drawings', () => {
    expect([...new Set(blocks.map(({ language }) => language))].sort()).toEqual(['js', 'sh', 'text'])
  })

  it('name commands, scripts and packages that exist', () => {
    const { name: own, scripts, devDependencies } = manifest
    const commands = blocks
      .filter(({ language }) => language === 'sh')
      .flatMap(({ code }) => code.trim().split(/\n| && /))
    expect(commands).toEqual(expect.arrayContaining(['npm ci', 'npm start', 'npm test']))
    for (const command of commands) {
      const [npm, verb, ...rest] = command.split(' ')
      expect(npm).toBe('npm')
      if (verb === 'install')
        expect([own, ...Object.keys(devDependencies)]).toEqual(expect.arrayContaining(rest))
      else if (verb !== 'ci') expect(Object.keys(scripts)).toContain(verb)
    }
    for (const [, script] of readme.matchAll(/`npm run ([\w:-]+)`/g)) expect(scripts).toHaveProperty(script!)
  })
})

describe("the README's tables", () => {
  it('Options: lists every option of the strategy in the order of the types', () => {
    const [, known] = /KNOWN_OPTIONS.* = \{\n([^}]*)\}/.exec(readFileSync('lib/options.ts', 'utf8'))!
    expect(namesUnder('Options')).toEqual([...known!.matchAll(/(\w+): true/g)].map(([, name]) => name))
  })

  it('Errors: lists every code with its status', () => {
    const types = readFileSync('lib/errors.ts', 'utf8')
    const codes = new Set([...types.matchAll(/'(ERR_NEAR_\w+)'/g)].map(([, code]) => code))
    const rows = tableUnder('Errors').map(([code, status]) => [code!.replaceAll('`', ''), Number(status)])
    expect(new Set(rows.map(([code]) => code))).toEqual(codes)
    const statusOf = (code: NearAuthErrorCode): number => {
      const isService = /SESSION_UNAVAILABLE|STORE_FAILED|RPC_UNAVAILABLE/.test(code)
      const ErrorClass = (isService ? NearServiceError : NearLoginRejected) as new (
        code: string,
      ) => NearAuthError
      return new ErrorClass(code).status
    }
    expect(rows).toEqual(rows.map(([code]) => [code, statusOf(code as NearAuthErrorCode)]))
  })

  it('Dependencies: lists every dependency and every optional peer', () => {
    const { dependencies, peerDependencies } = manifest
    const expected = [...Object.keys(dependencies), ...Object.keys(peerDependencies)]
    expect(namesUnder('Dependencies').sort()).toEqual(expected.sort())
  })

  it('Why not write it by hand?: has the rows and the cells that the comparison measures', async () => {
    const shown = tableUnder('Why not write it by hand?')
    expect(shown.map(([title]) => title)).toEqual(ROWS.map(({ title }) => title))
    const quick = ROWS.filter(({ isSlow }) => !isSlow)
    const measured = await measure(quick)
    const titles = quick.map(({ title }) => title)
    const rows = shown.filter(([title]) => titles.includes(title!))
    expect(rows.map((cells) => `| ${cells.join(' | ')} |`)).toEqual(measured)
  })
})

describe('the README', () => {
  it('has at most 260 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(260)
  })

  it('links to files and folders that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!)
    const paths = links.filter((link) => !/^(https:|#)/.test(link)).map((link) => link.split('#')[0]!)
    expect(paths.length).toBeGreaterThan(20)
    expect(paths.filter((path) => !existsSync(path))).toEqual([])
  })

  it('links to headings that exist', () => {
    const anchors = [...readme.matchAll(/^## (.+)$/gm)].map(
      ([, heading]) =>
      heading!.toLowerCase().replace(/[^\w -]/g, '').replaceAll(' ', '-'), // prettier-ignore
    )
    const links = [...readme.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor!)
    expect(links.length).toBeGreaterThan(10)
    expect(anchors).toEqual(expect.arrayContaining(links))
  })
})
