import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { blockUnder } from './support/blocks'
import { createProject, runProgram, startProgram } from './support/project'
import { Visitor } from './support/visitor'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount
beforeAll(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.near')
})
afterAll(() => cleanup.run())

/** Runs a program of a page unchanged. */
async function visit(
  name: string,
  code: string,
  files: Readonly<Record<string, string>> = {},
): Promise<Visitor> {
  const directory = createProject(cleanup, { ...files, [name]: code })
  return new Visitor(await startProgram(directory, name, network.rpcUrl, cleanup))
}

const toJavaScript = (code: string): string =>
  ts.transpileModule(code, {
    compilerOptions: {
      module: ts.ModuleKind.ES2022,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  }).outputText

describe('llms.txt', () => {
  it('shows a program that signs in', async () => {
    const visitor = await visit('server.mjs', blockUnder('llms.txt', 'passport-near'))
    expect(await visitor.signIn(alice)).toEqual({ status: 200, body: { user: 'alice.near' } })
  })
})

describe('the page for coding agents', () => {
  const app = blockUnder('docs/agents-skill.md', 'Server')

  it('has a server that signs in, returns the user, and signs out', async () => {
    const start = blockUnder('docs/agents-skill.md', 'Server', 1)
    const visitor = await visit('server.js', start, { 'app.js': app })
    expect(await visitor.signIn(alice)).toEqual({ status: 200, body: { user: 'alice.near' } })
    expect((await visitor.get('/me')).body).toMatchObject({ name: 'alice.near' })
    expect((await visitor.post('/logout')).status).toBe(204)
    expect((await visitor.get('/me')).body).toBeNull()
    expect(await visitor.post('/login/near')).toMatchObject({
      status: 400,
      body: { code: 'ERR_NEAR_CREDENTIALS_MISSING' },
    })
  })

  it('has a test that passes in node:test', async () => {
    const test = blockUnder('docs/agents-skill.md', 'Test it')
    const directory = createProject(cleanup, { 'app.js': app, 'login.test.js': test })
    const stdout = await runProgram(directory, ['--test', '--test-reporter=tap', 'login.test.js'])
    expect(stdout).toMatch(/^# pass 5$/m)
    expect(stdout).toMatch(/^# fail 0$/m)
  })
})

describe('the page about TypeScript', () => {
  it('has a server that signs in', async () => {
    const visitor = await visit(
      'server.mjs',
      toJavaScript(blockUnder('docs/typescript.md', 'A whole server')),
    )
    expect(await visitor.signIn(alice)).toEqual({ status: 200, body: { user: 'alice.near' } })
    expect((await visitor.get('/me')).body).toEqual({ id: 1, name: 'alice.near' })
  })

  it('has a text for a known code, and for an unknown code', async () => {
    const directory = createProject(cleanup, {
      'texts.mjs': `${toJavaScript(blockUnder('docs/typescript.md', 'Error codes'))}
console.log(JSON.stringify([textOf('ERR_NEAR_SIGN_IN_REQUIRED'), textOf('toString')]))`,
    })
    expect(JSON.parse(await runProgram(directory, ['texts.mjs']))).toEqual([
      'Please sign in first.',
      'Something went wrong. Please try again.',
    ])
  })
})

describe('the page about frameworks', () => {
  it('has an Express application for Next.js that signs in when Node calls it, behind a proxy with https', async () => {
    const server = `import { createServer } from 'node:http'
import app, { config } from './route.mjs'
if (config.api.bodyParser) throw new Error('Next.js would read the body')
createServer(app).listen(3000)`
    const route = blockUnder('docs/frameworks.md', 'Next.js')
    const directory = createProject(cleanup, { 'server.mjs': server, 'route.mjs': route })
    const env = { NODE_ENV: 'production' }
    const url = await startProgram(directory, 'server.mjs', network.rpcUrl, cleanup, env)
    const visitor = new Visitor(url, { 'x-forwarded-proto': 'https' })
    expect(await visitor.signIn(alice, '/api/auth/near')).toEqual({
      status: 200,
      body: { user: 'alice.near' },
    })
    expect(visitor.cookie).toMatch(/^__Host-session=/)
    expect((await visitor.get('/api/auth/me')).body).toMatchObject({ name: 'alice.near' })
  })

  it('has a program in which Hono recognizes the user', async () => {
    const visitor = await visit('server.mjs', blockUnder('docs/frameworks.md', 'Hono'))
    expect((await visitor.get('/me')).body).toBeNull()
    await visitor.signIn(alice)
    expect((await visitor.get('/me')).body).toMatchObject({ name: 'alice.near' })
    expect((await visitor.get('/elsewhere')).status).toBe(404)
  })

  it('has a guard for NestJS that signs in and responds with the code', async () => {
    const [firstLine, ...imports] = blockUnder('docs/frameworks.md', 'NestJS').split('\n')
    const program = `import 'reflect-metadata'
${firstLine}
${imports.join('\n')}
import { Controller, Get, Module, Post, Req, UseGuards } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { PassportModule, PassportSerializer } from '@nestjs/passport'
import session from 'express-session'
import passport from 'passport'
@Injectable() class Serializer extends PassportSerializer {
  serializeUser(user: any, done: any) { done(null, user.id) }
  deserializeUser(id: any, done: any) { users.findById(id).then((user) => done(null, user ?? false), done) }
}
@Controller() class Login {
  constructor(private readonly near: NearLogin) {}
  @Get('login/near/challenge') challenge(@Req() req: any) { return this.near.challenge(req) }
  @Post('login/near') @UseGuards(NearLoginGuard) login(@Req() req: any) { return req.user }
  @Get('me') me(@Req() req: any) { return JSON.stringify(req.user ?? null) }
}
@Module({ imports: [PassportModule], controllers: [Login], providers: [NearLogin, Serializer] }) class AppModule {}
const app = await NestFactory.create(AppModule)
app.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false }))
app.use(passport.session())
await app.listen(3000)`
    const visitor = await visit('server.mjs', toJavaScript(program))
    expect(await visitor.signIn(alice)).toMatchObject({ status: 201, body: { name: 'alice.near' } })
    expect((await visitor.get('/me')).body).toMatchObject({ name: 'alice.near' })
    expect(await visitor.post('/login/near')).toMatchObject({
      status: 400,
      body: { code: 'ERR_NEAR_CREDENTIALS_MISSING' },
    })
  })

  it('has routes for Fastify, with the session in a cookie', async () => {
    const routes = blockUnder('docs/frameworks.md', 'Fastify')
    const [imports, registration] = blockUnder('docs/frameworks.md', 'Fastify', 1).split('\n\n') as [
      string,
      string,
    ]
    const visitor = await visit(
      'server.mjs',
      `import { Authenticator } from '@fastify/passport'
import Fastify from 'fastify'
import { NearAuthError, NearStrategy } from 'passport-near'
import * as users from './users.cjs'
${imports}
const near = new NearStrategy({ recipient: 'app.example.com' }, async ({ accountId }, done) => done(null, await users.findOrCreate(accountId)))
const passport = new Authenticator()
passport.use(near)
passport.registerUserSerializer(async (user) => user.id)
passport.registerUserDeserializer(async (id) => (await users.findById(id)) ?? false)
const fastify = Fastify()
${registration}
await fastify.register(passport.initialize())
await fastify.register(passport.secureSession())
${routes}
fastify.post('/login/near', { preValidation: passport.authenticate('near') }, (request) => request.user)
await fastify.listen({ port: 3000 })`,
    )
    expect(await visitor.signIn(alice)).toMatchObject({ status: 200, body: { name: 'alice.near' } })
    expect(await (await visitor.request('/login/near/callback')).text()).toContain('<script>')
    network.fail('http-500')
    const outage = await visitor.signIn(alice)
    network.recover()
    expect(outage).toMatchObject({ status: 503, body: { code: 'ERR_NEAR_RPC_UNAVAILABLE' } })
  })

  it('has routes for Koa', async () => {
    const visitor = await visit(
      'server.mjs',
      `import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import Koa from 'koa'
import passport from 'koa-passport'
import session from 'koa-session'
import NearStrategy from 'passport-near'
import * as users from './users.cjs'
const near = new NearStrategy({ recipient: 'app.example.com' }, async ({ accountId }, done) => done(null, await users.findOrCreate(accountId)))
passport.use(near)
passport.serializeUser((user, done) => done(null, user.id))
passport.deserializeUser((id, done) => users.findById(id).then((user) => done(null, user ?? false), done))
const app = new Koa()
app.keys = ['a secret of the tests']
app.use(session(app)).use(bodyParser()).use(passport.initialize()).use(passport.session())
const router = new Router()
${blockUnder('docs/frameworks.md', 'Koa')}
app.use(router.routes())
app.listen(3000)`,
    )
    expect(await visitor.post('/login/near')).toMatchObject({
      status: 400,
      body: { code: 'ERR_NEAR_CREDENTIALS_MISSING' },
    })
    expect(await visitor.signIn(alice)).toMatchObject({ status: 200, body: { name: 'alice.near' } })
  })
})

describe('the page for hand-written logins', () => {
  it('Before: accepts a signature any number of times', async () => {
    const directory = mkdtempSync(join(resolve('test/docs'), '.by-hand-'))
    cleanup.add(() => rmSync(directory, { recursive: true, force: true }))
    const file = join(directory, 'before.mjs')
    const before = blockUnder('docs/migrating.md', 'Before')
    writeFileSync(file, before.replace('https://rpc.mainnet.fastnear.com', network.rpcUrl))
    const { authenticate } = (await import(file)) as { authenticate: (login: object) => Promise<boolean> }
    const nonce = Buffer.alloc(32, 'the same challenge for all')
    const message = { message: 'Sign in to app.example.com', recipient: 'app.example.com', nonce }
    const signed = await alice.signMessage(message)
    expect(await authenticate(signed)).toBe(true)
    expect(await authenticate(signed)).toBe(true)
    expect(await authenticate({ ...signed, signature: Buffer.alloc(64, 1).toString('base64') })).toBe(false)
  })

  it('After: accepts a signature once', async () => {
    const visitor = await visit('server.mjs', blockUnder('docs/migrating.md', 'After'))
    const signed = await visitor.sign(alice)
    expect(await visitor.post('/login/near', signed)).toEqual({ status: 200, body: { id: 'alice.near' } })
    expect((await visitor.post('/login/near', signed)).status).toBe(401)
  })
})
