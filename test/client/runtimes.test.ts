import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import express from 'express'
import { Passport } from 'passport'
import { NearStrategy, SealedChallengeStore, type NearStrategyOptions } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cleanup, listen, RECIPIENT } from '../support/app'
import { describeInChromium, openBrowser } from '../support/chromium'
import { describeWith, findProgram } from '../support/programs'
import { SECRET } from '../support/token-site'
import { EXPECTED } from './outcomes.mjs'

const client = 'dist/client/index.mjs'
const cleanup = new Cleanup()
let site: string

/** A site without cookies, and what stands for the wallet of each client. */
beforeAll(async () => {
  if (!existsSync(client)) throw new Error('The package is not built: run npm run build first')
  const network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  const alice = await network.createAccount('alice.test')
  const app = express()
  app.use((_req, res, next) => {
    res.set({ 'access-control-allow-origin': '*', 'access-control-allow-headers': 'content-type' })
    next()
  })
  app.use(express.json())
  addLogins(app, network.rpcUrl)
  addWallet(app, network, alice)
  app.get('/', (_req, res) => void res.type('html').send('<!doctype html><title>A page</title>'))
  for (const file of [client, 'test/client/outcomes.mjs']) {
    app.get(`/${file}`, (_req, res) => void res.type('js').send(readFileSync(file, 'utf8')))
  }
  site = (await listen(app, cleanup)).url
})
afterAll(() => cleanup.run())

function addLogins(app: express.Express, rpc: string): void {
  const passport = new Passport()
  const store = new SealedChallengeStore({ secret: SECRET })
  const callbackUrl = 'com.example.app://signed-in'
  const strategies: Record<string, Partial<NearStrategyOptions>> = {
    near: {},
    phone: { callbackUrl },
    short: { challengeMaxAge: 1 },
    'short-phone': { callbackUrl, challengeMaxAge: 1 },
  }
  for (const [name, options] of Object.entries(strategies)) {
    const near = new NearStrategy({ recipient: RECIPIENT, store, rpc, name, ...options }, (profile, done) =>
      done(null, { id: profile.accountId }),
    )
    passport.use(near)
    app.get(`/auth/${name}/challenge`, near.challengeHandler())
    app.post(`/auth/${name}`, (req, res, next) => {
      const respond = (error: unknown, user: unknown, info: object, status: number): void => {
        if (error) next(error)
        else res.status(user ? 200 : status).json(user || info)
      }
      ;(passport.authenticate(name, { session: false }, respond) as express.RequestHandler)(req, res, next)
    })
  }
}

function addWallet(app: express.Express, network: TestNetwork, alice: TestAccount): void {
  type Asked = { message: string; recipient: string; nonce: number[]; callbackUrl?: string; state?: string }
  const sign = ({ nonce, ...message }: Asked) =>
    alice.signMessage({ ...message, nonce: Uint8Array.from(nonce) })
  app.post('/control/sign', async (req, res) => void res.json(await sign(req.body as Asked)))
  app.post('/control/redirect', async (req, res) => {
    const { callbackUrl } = req.body as Asked
    const answer = new URLSearchParams({ ...(await sign(req.body as Asked)) }).toString()
    res.json({ url: `${callbackUrl}#${answer}` })
  })
  app.post('/control/fail', (req, res) => {
    network.fail((req.body as { how?: 'http-500' }).how)
    res.json({})
  })
  app.use(((error, _req, res, _next) => {
    const { status = 500, code, message } = error as { status?: number; code?: string; message: string }
    res.status(status).json({ code, message })
  }) as express.ErrorRequestHandler)
}

/** Runs the table in a separate runtime. */
async function run(program: string, args: string[], wallet: string): Promise<unknown> {
  const module = pathToFileURL(resolve(client)).href
  const { stdout } = await promisify(execFile)(program, [
    ...args,
    'test/client/outcomes.mjs',
    module,
    site,
    wallet,
  ])
  return JSON.parse(stdout)
}

describe('a client without cookies sees each outcome', () => {
  it('in Node', async () => {
    expect(await run(process.execPath, [], 'function')).toEqual(EXPECTED)
  })

  it("in an app whose wallet answers by a URL of the app's own scheme", async () => {
    expect(await run(process.execPath, [], 'redirect')).toEqual(EXPECTED)
  })

  const bun = { path: findProgram(process.env.BUN, 'bun'), howToGetIt: 'Name it in BUN.', optional: true }
  describeWith(bun, 'in Bun', () => {
    it('as in Node', async () => expect(await run(bun.path!, [], 'function')).toEqual(EXPECTED))
  })
  const deno = { path: findProgram(process.env.DENO, 'deno'), howToGetIt: 'Name it in DENO.', optional: true }
  describeWith(deno, 'in Deno', () => {
    it('as in Node', async () => {
      expect(await run(deno.path!, ['run', '--allow-net', '--allow-read'], 'function')).toEqual(EXPECTED)
    })
  })
})

describeInChromium('a page without cookies sees each outcome', () => {
  it.each(['its own origin', 'another origin'])('at %s', async (where) => {
    const { context, close } = await openBrowser()
    cleanup.add(close)
    const page: Page = await context.newPage()
    const other = await listen((_req, res) => {
      res.setHeader('content-type', 'text/html')
      res.end('<!doctype html><title>Another origin</title>')
    }, cleanup)
    await page.goto(where === 'another origin' ? other.url : site)
    const seen = await page.evaluate(
      `Promise.all(['${client}', 'test/client/outcomes.mjs'].map((file) => import('${site}/' + file)))
        .then(([{ signIn }, { outcomes }]) => outcomes(signIn, ${where === 'another origin' ? `'${site}'` : "''"}))`,
    )
    expect(seen).toEqual(EXPECTED)
    expect(await context.cookies()).toEqual([])
  })
})
