import type { Express, Request } from 'express'
import { RECIPIENT, startApp, type Browser, type Cleanup, type TestAppOptions } from '../support/app'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import type { Challenge, Confirmation, NearStrategy, RevalidateOptions } from 'passport-near'
import { vi } from 'vitest'

/** Lets time pass for `Date` alone: timers and sockets keep the real clock. */
export function passTime(ms: number): void {
  if (!vi.isFakeTimers()) vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  vi.setSystemTime(Date.now() + ms)
}

export interface Site {
  url: string
  near: NearStrategy
  network: TestNetwork
  alice: TestAccount
  bob: TestAccount
  transfer: Confirmation
  /** What was sent. */
  transfers: object[]
}

export interface SiteOptions extends Omit<TestAppOptions, 'before' | 'routes'> {
  revalidate?: RevalidateOptions
  /** The text of a transfer. */
  message?: (req: Request) => string
  accounts?: (req: Request) => string | string[]
  maxAge?: number
  confirmationMaxAge?: number
  more?: (app: Express, near: NearStrategy) => void
}

export const transferText = (req: Request): string => {
  const { amount, to } = req.body as Record<string, unknown>
  return `Send ${String(amount)} NEAR to ${String(to)}`
}

/** A site with all three guards, on Express. */
export async function startSite(cleanup: Cleanup, options: SiteOptions = {}): Promise<Site> {
  const { revalidate, message = transferText, accounts, maxAge = 900_000, confirmationMaxAge, more } = options
  const network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  const transfers: object[] = []
  let transfer!: Confirmation
  const nearOptions = options.near?.accessKeys ? options.near : { rpc: network.rpcUrl, ...options.near }
  const { url, near } = await startApp(cleanup, {
    ...options,
    near: nearOptions,
    routes: (app, _authenticator, near) => {
      const signedIn = (req: Request): string => (req.user as { id: string }).id
      transfer = near.confirmation({
        name: 'transfer',
        message: message as never,
        account: (accounts ?? signedIn) as never,
        maxAge: confirmationMaxAge,
      })
      app.use(near.revalidate(revalidate))
      app.get(
        '/user',
        (req, res) => void res.json({ user: req.user ?? null, login: near.login(req) ?? null }),
      )
      app.post('/logout', (req, res, next) => req.logOut((error) => (error ? next(error) : res.json({}))))
      app.post('/password', (req, res, next) => {
        const { user, keepSessionInfo = false } = req.body as { user: string; keepSessionInfo?: boolean }
        req.logIn({ id: user }, { session: true, keepSessionInfo }, (error) =>
          error ? next(error) : res.json({}),
        )
      })
      app.post('/keys', near.requireRecentLogin({ maxAge }), (_req, res) => void res.json({ done: true }))
      app.post('/transfer/challenge', transfer.challengeHandler())
      app.post('/transfer', transfer.handler(), (req, res) => {
        transfers.push(req.body as object)
        res.json(transfer.confirmed(req))
      })
      more?.(app, near)
    },
  })
  const [alice, bob] = await Promise.all([
    network.createAccount('alice.test'),
    network.createAccount('bob.test'),
  ])
  return { url, near, network, alice, bob, transfer, transfers }
}

export interface Reply {
  status: number
  body: Record<string, unknown>
}

export async function postJson(browser: Browser, path: string, body: unknown = {}): Promise<Reply> {
  const response = await browser.post(path, body)
  return { status: response.status, body: (await response.json()) as Reply['body'] }
}

export async function getJson(browser: Browser, path: string): Promise<Reply> {
  const response = await browser.request(path)
  return { status: response.status, body: (await response.json()) as Reply['body'] }
}

export async function signIn(browser: Browser, account: TestAccount): Promise<void> {
  const { status } = await browser.login(await account.signMessage(await browser.challenge()))
  if (status !== 200) throw new Error(`signed in with ${status}`)
}

/** Draws a challenge for a body, and has an account sign it. */
export async function confirm(
  browser: Browser,
  account: Pick<TestAccount, 'signMessage'>,
  body: object,
  path = '/transfer',
) {
  const { status, body: challenge } = await postJson(browser, `${path}/challenge`, body)
  if (status !== 200) throw new Error(`drew a challenge with ${status}`)
  const { accountId, publicKey, signature } = await account.signMessage(challenge as unknown as Challenge)
  return { accountId, publicKey, signature, state: challenge.state as string }
}

export { RECIPIENT }
