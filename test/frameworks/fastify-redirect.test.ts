import fastifyCookie from '@fastify/cookie'
import fastifyFormbody from '@fastify/formbody'
import { Authenticator } from '@fastify/passport'
import fastifySession from '@fastify/session'
import Fastify from 'fastify'
import { NearStrategy } from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Cleanup } from '../support/app'

const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount
let site: string

beforeAll(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.near')
  const near = new NearStrategy(
    {
      recipient: 'app.example.com',
      rpc: network.rpcUrl,
      walletUrl: 'https://wallet.example.com',
      callbackUrl: 'https://app.example.com/login/near/callback',
    },
    ({ accountId }, done) => done(null, { accountId }),
  )
  const passport = new Authenticator()
  passport.use('near', near)
  passport.registerUserSerializer(async (user: object) => user)
  passport.registerUserDeserializer(async (user: object) => user)

  const app = Fastify()
  await app.register(fastifyCookie)
  await app.register(fastifyFormbody)
  await app.register(fastifySession, {
    secret: 'a secret of at least 32 characters',
    cookie: { secure: false },
  })
  await app.register(passport.initialize())
  await app.register(passport.secureSession())
  const page = near.callbackPage()
  app.get('/login/near', { preValidation: passport.authenticate('near') }, () => undefined)
  app.get('/login/near/callback', (request, reply) => {
    reply.hijack()
    page(request.raw, reply.raw, () => {})
  })
  app.post(
    '/login/near/callback',
    { preValidation: passport.authenticate('near') },
    (request) => request.user,
  )
  site = await app.listen({ port: 0, host: '127.0.0.1' })
  cleanup.add(() => app.close())
})
afterAll(() => cleanup.run())

it('Fastify redirects visitors to a web wallet, and reads the form with which they return', async () => {
  const away = await fetch(`${site}/login/near`, { redirect: 'manual' })
  expect(away.status).toBe(302)
  const wallet = new URL(away.headers.get('location')!)
  expect(wallet.href).toMatch(/^https:\/\/wallet\.example\.com\/sign-message\?/)
  const cookie = away.headers.get('set-cookie')!.split(';')[0]!

  const page = await fetch(`${site}/login/near/callback`)
  expect([page.status, page.headers.get('set-cookie')]).toEqual([200, null])
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(await page.text()).toContain('<form')

  const asked = Object.fromEntries(wallet.searchParams) as Record<
    'message' | 'recipient' | 'nonce' | 'state',
    string
  >
  const { accountId, publicKey, signature } = await alice.signMessage(asked)
  const send = (): Promise<Response> => {
    const body = new URLSearchParams({ accountId, publicKey, signature, state: asked.state })
    return fetch(`${site}/login/near/callback`, { method: 'POST', headers: { cookie }, body })
  }
  const login = await send()
  expect([login.status, await login.json()]).toEqual([200, { accountId: 'alice.near' }])
  expect((await send()).status).toBe(401)
})
