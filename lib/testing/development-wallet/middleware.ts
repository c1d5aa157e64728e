import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TestAccount } from '../account'
import type { TestNetwork } from '../network'
import { readJsonBody } from './json-body'
import { EXECUTOR, manifest } from './near-connect'
import { approvePage, authorizePage, connectPage, homePage, PAGE_HEADERS, unreadablePage } from './pages'
import { Passkeys } from './passkeys'
import { readConnectRequest, readResolveAuthRequest, readSignMessageRequest } from './requests'
import { isSameOrigin } from './same-origin'

/** Options of {@link developmentWallet}. */
export interface DevelopmentWalletOptions {
  /**
   * Origin at which browsers reach the wallet, such as `https://wallet.example.test`, for a wallet behind a proxy.
   *
   * @defaultValue `http://` and the request's `Host`, which must be `localhost`, `127.0.0.1` or `[::1]`
   */
  url?: string | undefined
}

/** Connect middleware, and a request listener for `http.createServer`. */
export type DevelopmentWallet = (req: IncomingMessage, res: ServerResponse, next?: () => void) => void

interface Answer {
  readonly status?: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type Route = (req: IncomingMessage, url: URL, origin: string) => Answer | Promise<Answer>

/**
 * A wallet for development: it signs with the accounts of a {@link TestNetwork}, so that a login can be tried without a NEAR
 * account. It shows what it is to sign, and the person approves or declines. An account can be created on its pages.
 *
 * It speaks MyNearWallet's protocol (`/login` and `/sign-message`, by pop-up or by redirect): its address is a `walletUrl` for
 * `NearStrategy` and for wallet-selector's `setupMyNearWallet`. near-connect finds its manifest at
 * `/near-connect/manifest.json`. Accounts without keys (NEP-641) authorize a text at `/resolve-auth?payload&chainId&callbackUrl`, by pop-up: those
 * of the network, and passkey and shared accounts that are created on the wallet's pages. It needs a separate origin, as any wallet does; a request under another name than
 * `localhost`, `127.0.0.1`, `[::1]` or {@link DevelopmentWalletOptions.url | url} is rejected with status 403. A path that it
 * does not know goes to `next`; without `next` the response is 404.
 *
 * @throws {TypeError} if `url` is not an http(s) URL
 * @example
 * const network = await TestNetwork.start()
 * express().use(developmentWallet(network)).listen(3001)
 * // new NearStrategy({ rpc: network.rpcUrl, walletUrl: 'http://localhost:3001', … }, verify)
 * @see {@link https://github.com/near/NEPs/blob/master/neps/nep-0413.md NEP-413}
 */
export function developmentWallet(
  network: TestNetwork,
  { url }: DevelopmentWalletOptions = {},
): DevelopmentWallet {
  const own = url === undefined ? undefined : parseUrl(url)
  if (url !== undefined && !own) {
    throw new TypeError('developmentWallet: option "url" must be an http(s) URL')
  }
  const routes = routesOf(network)
  return (req, res, next) => {
    const origin = own?.origin ?? `http://${req.headers.host ?? ''}`
    const target = parseUrl(req.url, origin)
    if (!target || !isSameOrigin(req, own?.host)) {
      send(req, res, json(403, { message: 'The wallet accepts requests from its own pages only.' }))
      return
    }
    const method = req.method === 'HEAD' ? 'GET' : req.method
    const route = routes.get(`${method} ${target.pathname.replace(/(?<=.)\/$/, '')}`)
    if (route) {
      void handle(route, req, target, origin).then((answer) => send(req, res, answer))
    } else if (next) {
      next()
    } else {
      send(req, res, json(404, { message: 'The wallet has no such page.' }))
    }
  }
}

/** The page shows what went wrong, such as that the account's private key is held elsewhere. */
async function handle(route: Route, req: IncomingMessage, target: URL, origin: string): Promise<Answer> {
  try {
    return await route(req, target, origin)
  } catch (error) {
    return json(400, { message: error instanceof Error ? error.message : 'The wallet failed.' })
  }
}

function routesOf(network: TestNetwork): ReadonlyMap<string, Route> {
  const accountIds = (): string[] => network.accounts.map(({ accountId }) => accountId)
  const find = (accountId: unknown): TestAccount | undefined =>
    network.accounts.find((account) => account.accountId === accountId)
  /** The accounts whose key was removed. */
  const withoutKey = new Set<string>()

  const passkeys = new Passkeys(network)

  return new Map<string, Route>([
    ['GET /', () => page(homePage(passkeys.accountIds, accountIds(), withoutKey))],
    [
      'GET /resolve-auth',
      (_req, { searchParams }) => {
        const request = readResolveAuthRequest(Object.fromEntries(searchParams))
        return request ? page(authorizePage(request, passkeys.accountIds)) : page(unreadablePage(), 400)
      },
    ],
    [
      'POST /resolve-auth',
      async (req) => {
        const fields = await readJsonBody(req)
        const request = readResolveAuthRequest(fields)
        if (!request) return json(400, { message: 'The request is invalid.' })
        return json(200, passkeys.authorize(String(fields.accountId), request, fields))
      },
    ],
    [
      'GET /login',
      (_req, { searchParams }) => {
        const request = readConnectRequest(searchParams)
        return request ? page(connectPage(request, accountIds())) : page(unreadablePage(), 400)
      },
    ],
    [
      'GET /sign-message',
      (_req, { searchParams }) => {
        const request = readSignMessageRequest(Object.fromEntries(searchParams))
        return request ? page(approvePage(request, accountIds())) : page(unreadablePage(), 400)
      },
    ],
    [
      'POST /login',
      async (req) => {
        const account = find((await readJsonBody(req)).accountId)
        return account ? json(200, { publicKey: account.publicKey }) : NO_ACCOUNT
      },
    ],
    [
      'POST /sign-message',
      async (req) => {
        const fields = await readJsonBody(req)
        const request = readSignMessageRequest(fields)
        if (!request) return json(400, { message: 'The request is invalid.' })
        const account = find(fields.accountId)
        if (!account) return NO_ACCOUNT
        // MyNearWallet signs the callback URL only if it redirects, not in a pop-up.
        const signed = await account.signMessage(request, { signCallbackUrl: fields.returnBy === 'redirect' })
        const { accountId, publicKey, signature } = signed
        return json(200, { accountId, signature, publicKey })
      },
    ],
    [
      'POST /accounts',
      async (req) => {
        const { kind, ...fields } = await readJsonBody(req)
        const { accountId } =
          kind === 'passkey'
            ? await passkeys.create(fields)
            : kind === 'shared'
              ? await passkeys.createShared(fields)
              : await network.createAccount(fields.accountId as string)
        return json(201, { accountId })
      },
    ],
    [
      'POST /accounts/key',
      async (req) => {
        const account = find((await readJsonBody(req)).accountId)
        if (!account) return NO_ACCOUNT
        const { accountId, publicKey } = account
        if (withoutKey.delete(accountId)) account.addKey({ publicKey })
        else {
          account.deleteKey(publicKey)
          withoutKey.add(accountId)
        }
        return json(200, { accountId })
      },
    ],
    [
      'GET /near-connect/manifest.json',
      (_req, _url, origin) => ({ ...json(200, manifest(origin)), headers: { ...JSON_HEADERS, ...ANY_SITE } }),
    ],
    [
      'GET /near-connect/executor.js',
      () => ({ headers: { 'Content-Type': 'text/javascript; charset=utf-8', ...ANY_SITE }, body: EXECUTOR }),
    ],
  ])
}

const JSON_HEADERS = { 'Content-Type': 'application/json; charset=utf-8' }
/** near-connect loads these two files from the site's page. */
const ANY_SITE = { 'Access-Control-Allow-Origin': '*' }

const page = (body: string, status = 200): Answer => ({ status, headers: PAGE_HEADERS, body })

const json = (status: number, body: object): Answer => ({
  status,
  headers: JSON_HEADERS,
  body: JSON.stringify(body),
})

const NO_ACCOUNT = json(400, { message: 'The test network has no such account. Reload this page.' })

function send(req: IncomingMessage, res: ServerResponse, { status = 200, headers, body }: Answer): void {
  // The application's own time limit may have sent a response.
  if (res.headersSent) return
  res.writeHead(status, {
    'Cache-Control': 'no-store',
    // With no-referrer browsers hide the origin of the wallet's own requests.
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  })
  res.end(req.method === 'HEAD' ? undefined : body)
}

/** @returns undefined if it is not an http(s) URL */
function parseUrl(url = '/', base?: string): URL | undefined {
  const parsed = URL.canParse(url, base) ? new URL(url, base) : undefined
  return parsed && /^https?:$/.test(parsed.protocol) ? parsed : undefined
}
