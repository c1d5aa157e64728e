import {
  existsSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { hashPayload } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { linkedProject, startProject } from './frameworks/project'
import { examples } from './frameworks/examples'
import { Visitor } from './frameworks/visitor'
import { Cleanup } from './support/app'
import { codeBlocks, codeUnder, PAGES, type CodeBlock } from './support/readme'

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

/** An application of the README's in a process of its own, on the packages of the Express example. */
async function startApplication(code: string): Promise<Visitor> {
  const express = { ...examples[0]!, files: () => ({ 'app.cjs': code }) }
  const directory = linkedProject(express, cleanup)
  return new Visitor(await startProject(directory, network.rpcUrl, cleanup, { entry: 'app.cjs' }))
}

/** "Use", with another block of the README where it belongs. */
function useWith(block: string, instead?: RegExp): string {
  if (instead) {
    expect(use).toMatch(instead)
    return use.replace(instead, block)
  }
  expect(use).toContain(listening)
  return use.replace(listening, `${block}\n${listening}`)
}

/** Code that awaits, as a function of the names that it takes for granted, which gives back those that are asked for. */
function asFunction(
  code: string,
  given: string[],
  made: string[],
): (...values: unknown[]) => Promise<Record<string, unknown>> {
  const AsyncFunction = (async () => {}).constructor as new (
    ...args: string[]
  ) => () => Promise<Record<string, unknown>>
  return new AsyncFunction('require', ...given, `${code}\nreturn { ${made.join(', ')} }`)
}
const required = createRequire(resolve('package.json'))

describe("the README's code, run", () => {
  it('Use: signs in as it stands, and shows who is signed in', async () => {
    const visitor = await startApplication(use)
    expect((await visitor.get('/me')).body).toBeNull()
    const reply = await visitor.post('/login/near', await visitor.sign(alice))
    expect(reply).toEqual({ status: 200, body: { id: 'alice.near' } })
    expect((await visitor.get('/me')).body).toEqual({ id: 'alice.near' })
  })

  it('Use: is 20 lines long or less', () => {
    expect(
      use.split('\n').filter((line) => line.trim() && !line.startsWith('import')).length,
    ).toBeLessThanOrEqual(20)
  })

  it('Errors: answers a refusal and an outage with the code as JSON', async () => {
    const visitor = await startApplication(
      useWith(codeUnder('Errors')[0]!, /^app\.post\('\/login\/near'.*\n/m),
    )
    expect(await visitor.post('/login/near', {})).toMatchObject({
      status: 400,
      body: { code: 'ERR_NEAR_CREDENTIALS_MISSING', message: expect.any(String) as string },
    })
    network.fail('http-500')
    const signed = await visitor.sign(alice)
    const outage = await visitor.post('/login/near', signed)
    network.recover()
    expect(outage).toMatchObject({
      status: 503,
      body: { code: 'ERR_NEAR_RPC_UNAVAILABLE', message: expect.any(String) as string },
    })
    expect((await visitor.post('/login/near', await visitor.sign(alice))).status).toBe(200)
  })

  it('Linking an account: links to who is signed in, and to nobody else', async () => {
    const visitor = await startApplication(useWith(codeUnder('Linking an account')[0]!))
    expect((await visitor.post('/link/near', {})).status).toBe(401)
    await visitor.post('/login/near', await visitor.sign(alice))
    const second = await network.createAccount('second.near')
    const reply = await visitor.post('/link/near', await visitor.sign(second, '/link/near/challenge'))
    expect(reply).toEqual({ status: 200, body: { user: 'alice.near', linked: 'second.near' } })
  })

  it('Without front-end code: redirects to the wallet and takes its answer as a form', async () => {
    const routes = codeUnder('Without front-end code')[0]!
    const start = /^const near = [^]*?^passport\.use\(near\)\n/m
    const [strategy] = start.exec(routes)!
    const application = useWith(
      `const verify = (profile, done) => done(null, { id: profile.accountId })\n${strategy}`,
      start,
    )
    const visitor = await startApplication(
      application.replace(listening, routes.replace(start, '') + listening),
    )
    const away = new URL((await visitor.request('/login/near')).headers.get('location')!)
    expect(away.origin + away.pathname).toBe('https://app.mynearwallet.com/sign-message')
    const query = Object.fromEntries(away.searchParams) as Record<
      'message' | 'recipient' | 'nonce' | 'state',
      string
    >
    const signed = await alice.signMessage({ ...query, nonce: query.nonce })
    expect(await (await visitor.request('/login/near/callback')).text()).toContain('<script>')
    const { accountId, publicKey, signature } = signed
    const body = new URLSearchParams({ accountId, publicKey, signature, state: query.state })
    const back = await visitor.request('/login/near/callback', { method: 'POST', body })
    expect([back.status, back.headers.get('location')]).toEqual([302, '/'])
    expect((await visitor.get('/me')).body).toEqual({ id: 'alice.near' })
  })

  it('Where keys are looked up: both strategies are made of options that are right', async () => {
    const { default: NearStrategy } = await import('passport-near')
    const [endpoints] = codeUnder('Where keys are looked up') as [string]
    const [provider] = codeUnder('A provider of near-api-js', 'docs/access-keys.md') as [string]
    const verify = (): void => undefined
    const made = await asFunction(endpoints, ['NearStrategy', 'verify'], ['near'])(
      require,
      NearStrategy,
      verify,
    )
    expect(made.near).toBeInstanceOf(NearStrategy)
    const other = await asFunction(provider, ['NearStrategy', 'verify'], ['near'])(
      require,
      NearStrategy,
      verify,
    )
    expect(other.near).toBeInstanceOf(NearStrategy)
  })

  it('Being seen: counts a login by its outcome and code', async () => {
    const counting = `${codeUnder('Being seen')[0]!}\napp.get('/metrics', (req, res) => res.json(logins))`
    const visitor = await startApplication(useWith(counting))
    await visitor.post('/login/near', {})
    await visitor.post('/login/near', await visitor.sign(alice))
    expect((await visitor.get('/metrics')).body).toEqual({
      'near rejected ERR_NEAR_CREDENTIALS_MISSING': 1,
      'near success': 1,
    })
  })

  it('Testing your own login: signs in from start to stop', async () => {
    const directory = linkedProject(examples[0]!, cleanup)
    cpSync('test/frameworks/app.js', join(directory, 'app.js'))
    writeFileSync(join(directory, 'login.js'), codeUnder('Testing your own login')[0]!)
    const { stdout } = await promisify(execFile)(process.execPath, ['login.js'], {
      cwd: directory,
      timeout: 30_000,
    })
    expect(stdout).toBe("200 { id: 'alice.test' }\n")
  })

  it('Without Passport: verifies a signature', async () => {
    const nonce = Buffer.alloc(32, 1)
    const { signature, publicKey } = await alice.signMessage({ message: 'm', recipient: 'r', nonce })
    const names = ['message', 'nonce', 'recipient', 'callbackUrl', 'signature', 'publicKey']
    const code = codeUnder('Without Passport')[0]!
      .replace(/^import (.*) from (.*)$/m, 'const $1 = require($2)')
      .replace('await verifySignature', 'const good = await verifySignature')
    const run = asFunction(code, names, ['good', 'hash'])
    const { good, hash } = await run(required, 'm', nonce, 'r', undefined, signature, publicKey)
    expect(good).toBe(true)
    expect(hash).toEqual(hashPayload({ message: 'm', nonce, recipient: 'r' }))
    expect((await run(required, 'other', nonce, 'r', undefined, signature, publicKey)).good).toBe(false)
  })
})

describe('the page for those who come from a hand-written login', () => {
  const [before, after] = codeBlocks('docs/from-hand-written-login.md').map(({ code }) => code) as [
    string,
    string,
  ]

  it('Before: lets the right one in, as often as the signature is sent', async () => {
    const directory = mkdtempSync(join(resolve('test'), '.by-hand-'))
    cleanup.add(() => rmSync(directory, { recursive: true, force: true }))
    const file = join(directory, 'before.mjs')
    writeFileSync(file, before.replace('https://rpc.mainnet.fastnear.com', network.rpcUrl))
    const { authenticate } = (await import(file)) as { authenticate: (login: object) => Promise<boolean> }
    const nonce = Buffer.alloc(32, 'a challenge that everybody gets')
    const message = { message: 'Sign in to app.example.com', recipient: 'app.example.com', nonce }
    const signed = await alice.signMessage(message)
    expect(await authenticate(signed)).toBe(true)
    expect(await authenticate(signed)).toBe(true)
    expect(await authenticate({ ...signed, signature: Buffer.alloc(64, 1).toString('base64') })).toBe(false)
  })

  it('After: lets the right one in, once', async () => {
    const express = { ...examples[0]!, files: () => ({ 'app.mjs': after }) }
    const directory = linkedProject(express, cleanup)
    const visitor = new Visitor(await startProject(directory, network.rpcUrl, cleanup, { entry: 'app.mjs' }))
    const signed = await visitor.sign(alice)
    expect(await visitor.post('/login/near', signed)).toEqual({ status: 200, body: { id: 'alice.near' } })
    expect((await visitor.post('/login/near', signed)).status).toBe(401)
  })
})

/** The blocks as files of a project that has every package, each by its page and line. */
function writeBlocks(directory: string, blocks: CodeBlock[]): string[] {
  return blocks.map(({ code, language, file, line }) => {
    const isModule = /^(import|export) /m.test(code)
    const name = `${basename(file, '.md')}-${line}.${isModule ? 'm' : 'c'}${language === 'ts' ? 'ts' : 'js'}`
    // A script may await, as in a test or a REPL, and must not share its names with the other blocks.
    const text = isModule ? code : `async function block() {\n${code}\n}\n`
    writeFileSync(join(directory, name), text)
    return join(directory, name)
  })
}

function typeErrors(files: string[], options: ts.CompilerOptions): string[] {
  const program = ts.createProgram(files, {
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    esModuleInterop: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    skipLibCheck: true,
    allowJs: true,
    checkJs: true,
    types: ['node'],
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    ...options,
  })
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const place = file
      ? `${file.fileName.split('/').at(-1)!}:${file.getLineAndCharacterOfPosition(start!).line + 1}`
      : ''
    return `${place} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
}

describe('the code of the README and its pages, every block of it', () => {
  const blocks = PAGES.flatMap((page) => codeBlocks(page))
  /** The recipes in JavaScript are run as they stand, whole, by the tests of the frameworks. */
  const isRun = ({ headings, language }: CodeBlock): boolean =>
    headings.includes('Recipes') && language === 'js'
  const typed = blocks.filter((block) => ['js', 'ts'].includes(block.language) && !isRun(block))

  it('is in a language that is tried', () => {
    expect([...new Set(blocks.map(({ language }) => language))].sort()).toEqual(['js', 'sh', 'text', 'ts'])
  })

  it('type-checks with the packages that it names', () => {
    const directory = mkdtempSync(join(tmpdir(), 'passport-near-readme-'))
    cleanup.add(() => rmSync(directory, { recursive: true, force: true }))
    mkdirSync(join(directory, 'node_modules'))
    for (const name of readdirSync('node_modules').filter((each) => !each.startsWith('.'))) {
      symlinkSync(resolve('node_modules', name), join(directory, 'node_modules', name))
    }
    symlinkSync(resolve('.'), join(directory, 'node_modules/passport-near'))
    for (const name of ['app.d.ts', 'app.js', 'users.js', 'users.d.ts', 'sessions.js']) {
      cpSync(join('test/frameworks', name), join(directory, name))
    }
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
    cpSync('test/support/readme-names.d.cts', join(directory, 'readme-names.d.cts'))
    const files = writeBlocks(directory, typed)
    const names = join(directory, 'readme-names.d.cts')
    const strict = files.filter((file) => /\.[mc]ts$/.test(file))
    expect(typeErrors([names, ...files.filter((file) => !strict.includes(file))], { strict: false })).toEqual(
      [],
    )
    expect(typeErrors([names, ...strict], { strict: true, noImplicitOverride: true })).toEqual([])
  }, 120_000)

  it('names the commands and scripts that there are', () => {
    const { scripts, name, devDependencies, peerDependencies } = JSON.parse(
      readFileSync('package.json', 'utf8'),
    ) as {
      scripts: Record<string, string>
      name: string
      devDependencies: Record<string, string>
      peerDependencies?: object
    }
    expect(peerDependencies).toBeUndefined()
    const commands = blocks
      .filter(({ language }) => language === 'sh')
      .flatMap(({ code }) => code.trim().split(/\n| && /))
    for (const command of commands) {
      // Without the variables that are set for it, and without what is said of it.
      const [npm, verb, ...rest] = command
        .replace(/\s+#.*/, '')
        .split(' ')
        .filter((word) => !/^[A-Z_]+=/.test(word))
      if (npm === 'export') continue
      if (npm === 'node') {
        expect(existsSync(verb!)).toBe(true)
        continue
      }
      expect(npm).toBe('npm')
      if (verb === 'install')
        expect([name, ...Object.keys(devDependencies)]).toEqual(expect.arrayContaining(rest))
      else if (verb !== 'ci') expect(Object.keys(scripts)).toContain(verb === 'run' ? rest[0] : verb)
    }
  })

  it('shows the interface of a store as it is', () => {
    const [shown] = codeUnder('A store of your own', 'docs/stores.md') as [string]
    const directory = mkdtempSync(join(resolve('test'), '.readme-'))
    cleanup.add(() => rmSync(directory, { recursive: true, force: true }))
    const file = join(directory, 'store.ts')
    const assignable = `
import type { ChallengeStore as Real, StoredChallenge } from 'passport-near'
${shown}
export const there = (store: Real): ChallengeStore => store
export const back = (store: ChallengeStore): Real => store
`
    writeFileSync(file, assignable)
    expect(typeErrors([file], { strict: true })).toEqual([])
  }, 60_000)
})

it("the README's page is a module that a browser's build can bundle", async () => {
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
