import type { Express } from 'express'
import {
  NearLoginRejected,
  NearServiceError,
  type NearProfile,
  type RejectionCode,
  type ServiceErrorCode,
} from 'passport-near'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { Browser, startApp, type Cleanup, type TestAppOptions } from '../support/app'

/** The place of an attack: a running application, its chain, and two people with accounts. */
export interface Stage {
  url: string
  network: TestNetwork
  /** The honest user. */
  alice: TestAccount
  /** The attacker. */
  mallory: TestAccount
  /** The profiles that the application's `verify` received. */
  verified: NearProfile[]
  open: () => Browser
}

/** A login request. */
export interface Attempt {
  browser: Browser
  init: { method: string; headers: Record<string, string>; body: string | Uint8Array<ArrayBuffer> }
  path?: string
}

export const json = (browser: Browser, body: unknown): Attempt =>
  raw(browser, 'application/json', JSON.stringify(body))

export const form = (browser: Browser, body: string | object): Attempt =>
  raw(
    browser,
    'application/x-www-form-urlencoded',
    typeof body === 'string' ? body : new URLSearchParams(body as Record<string, string>).toString(),
  )

export const raw = (browser: Browser, type: string, body: string | Uint8Array<ArrayBuffer>): Attempt => ({
  browser,
  init: { method: 'POST', headers: { 'content-type': type }, body },
})

export type StageOptions = Pick<TestAppOptions, 'near' | 'keepSessionInfo' | 'routes'>

/** An application with a logout route, and a route that ages the challenges of a session. */
export async function setStage(cleanup: Cleanup, options: StageOptions = {}): Promise<Stage> {
  const network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  const verified: NearProfile[] = []
  const { url } = await startApp(cleanup, {
    ...options,
    near: options.near?.accessKeys ? options.near : { rpc: network.rpcUrl, ...options.near },
    verify: (profile, done) => {
      verified.push(profile)
      done(null, { id: profile.accountId })
    },
    routes: (app, authenticator, near) => {
      logoutRoute(app, options.keepSessionInfo ?? false)
      ageRoute(app)
      options.routes?.(app, authenticator, near)
    },
  })
  return {
    url,
    network,
    alice: await network.createAccount('alice.test'),
    mallory: await network.createAccount('mallory.test'),
    verified,
    open: () => new Browser(url),
  }
}

function logoutRoute(app: Express, keepSessionInfo: boolean): void {
  app.post('/logout', (req, res, next) => {
    req.logOut({ keepSessionInfo }, (error) => (error ? next(error) : res.sendStatus(204)))
  })
}

function ageRoute(app: Express): void {
  app.post('/age', (req, res) => {
    const session = req.session as unknown as Record<string, { issuedAt: number }[]>
    for (const challenge of session['near:challenges']!) challenge.issuedAt -= (req.body as { ms: number }).ms
    res.sendStatus(204)
  })
}

export const whoIs = async (browser: Browser): Promise<unknown> => (await browser.request('/me')).json()

const SERVICE_ERRORS: readonly string[] = [
  'ERR_NEAR_SESSION_UNAVAILABLE',
  'ERR_NEAR_STORE_FAILED',
  'ERR_NEAR_RPC_UNAVAILABLE',
] satisfies ServiceErrorCode[]

/** The fixed text of a code, or undefined for a code that is not the strategy's. */
export function fixedMessage(code: string | undefined): string | undefined {
  if (!code?.startsWith('ERR_NEAR_')) return undefined
  return SERVICE_ERRORS.includes(code)
    ? new NearServiceError(code as ServiceErrorCode).message
    : new NearLoginRejected(code as RejectionCode).message
}
