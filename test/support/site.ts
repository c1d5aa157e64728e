import { build } from 'esbuild'
import { developmentWallet, TestNetwork, type TestAccount } from 'passport-near/testing'
import type { Page } from 'playwright-core'
import { listen, startApp, type Cleanup, type TestAppOptions } from './app'

/** Bundles a page's script with the built package, as an application's build would. */
export async function bundle(page: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`test/browser/pages/${page}.ts`],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    tsconfigRaw: {}, // Without the tests' own paths, which lead to the sources.
    define: { global: 'globalThis', 'process.env.NODE_ENV': '"production"' },
    // Like a build's polyfill for Node.js's globals: each module gets a Buffer, the page does not.
    inject: ['test/browser/pages/buffer.ts'],
  })
  return outputFiles[0]!.text
}

export interface Site {
  url: string
  walletUrl: string
  network: TestNetwork
  alice: TestAccount
}

/** The result of a sign-in, or its error, as the page shows it. */
export const result = async (page: Page): Promise<unknown> =>
  JSON.parse(await page.locator('#result').innerText()) as unknown

/**
 * A site with one page and the development wallet on another site: 127.0.0.1 and localhost are different
 * sites to a browser, so that `SameSite` matters between them.
 */
export async function startSite(
  cleanup: Cleanup,
  script: string,
  { near, callbackUrl = '/', ...options }: TestAppOptions & { callbackUrl?: string } = {},
): Promise<Site> {
  const network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  const alice = await network.createAccount('alice.test')
  await network.createAccount('bob.test')
  const { url: walletAddress } = await listen(developmentWallet(network), cleanup)
  const walletUrl = walletAddress.replace('127.0.0.1', 'localhost')
  // The site must know its own URL before it is created.
  const { url, server } = await listen(undefined, cleanup)
  await startApp(cleanup, {
    ...options,
    near: { rpc: network.rpcUrl, callbackUrl: new URL(callbackUrl, url).href, walletUrl, ...near },
    routes(express, authenticator, strategy) {
      express.get(['/', '/elsewhere'], (_req, res) => {
        res.type('html').send(`<!doctype html><title>Site</title><body data-wallet="${walletUrl}">
<button>Sign in</button> <output id="result"></output> <script type="module" src="/page.js"></script>`)
      })
      express.get('/page.js', (_req, res) => void res.type('js').send(script))
      options.routes?.(express, authenticator, strategy)
      server.on('request', express)
    },
  })
  return { url, walletUrl, network, alice }
}

export async function approve(wallet: Page, accountId = 'alice.test'): Promise<void> {
  await wallet.getByLabel(accountId).check()
  await wallet.getByRole('button', { name: 'Approve' }).click()
}
