import { existsSync, readFileSync } from 'node:fs'
import type { FrameLocator, Page } from 'playwright-core'
import type { Internet } from '../internet'
import * as code from './executor-code'
import { extensions } from './extensions'
import { ledger, useLedger } from './ledger'
import { serveHotPhone, serveNearMobilePhone, waitForAnswer } from './phones'
import type { Place, Wallet } from './wallet'
import { install as installWalletConnect, scan } from './wallet-connect'
import { serveIntear, serveMeteor, serveMyNearWallet } from './web-wallets'

/** The connectors whose code runs: the second only where it was installed into `test/wallets`, because not every registry has it. */
export const connectors = ['@hot-labs/near-connect', '@fastnear/near-connect'].flatMap((name) => {
  const path = `test/wallets/node_modules/${name}/package.json`
  if (!existsSync(path)) {
    console.warn(`NOT TESTED: ${name}. Install it with npm install --no-save --prefix test/wallets ${name}`)
    return []
  }
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string }
  return [{ name, version }]
})

/** A wallet in near-connect: its code in the frame, and what is behind it. */
export interface Executor {
  /** As near-connect's own list of wallets names it. */
  id: string
  name: string
  /** Whether that list says that the wallet signs in and signs a message in one step. */
  isOneStep: boolean
  permissions?: object
  /** Stands in for the wallet's code. */
  code: () => void
  /** Prepares what is behind the code. */
  install: (place: Place) => void | Promise<void>
  /** What happens in the frame, or outside of the page. */
  afterClick?: ((page: Page, wallet: Wallet) => Promise<unknown>) | undefined
  closes?: true
}

/** The folder with the wallets' own code and near-connect's own list, `manifest.json`; undefined where stand-ins run. */
export const ownCode = process.env.EXECUTORS

/** The frame in which near-connect runs the wallet's code. */
export const frameOf = (page: Page): FrameLocator => page.frameLocator('iframe[srcdoc]')

const extension = (id: string) => extensions.find((standIn) => standIn.id === id)!.install

export const executors: Executor[] = [
  {
    id: 'hot-wallet',
    name: 'HOT',
    isOneStep: false,
    permissions: { allowsOpen: ['https://download.hot-labs.org'] },
    code: code.hot,
    async install({ context, internet, wallet }) {
      await context.clock.install()
      serveHotPhone(internet, wallet)
    },
    afterClick: waitForAnswer,
  },
  {
    id: 'mynearwallet',
    name: 'MyNearWallet, pop-up',
    isOneStep: true,
    permissions: { allowsOpen: ['https://app.mynearwallet.com'] },
    code: code.myNearWallet,
    install: ({ internet }) => serveMyNearWallet(internet, 'app.mynearwallet.com'),
    closes: true,
  },
  {
    id: 'meteor-wallet',
    name: 'Meteor',
    isOneStep: true,
    permissions: { allowsOpen: ['https://wallet.meteorwallet.app'] },
    code: code.meteor,
    install: ({ internet }) => serveMeteor(internet),
    afterClick: ownCode ? (page) => frameOf(page).getByText('Web App').click() : undefined,
    closes: true,
  },
  {
    id: 'intear-wallet',
    name: 'Intear',
    isOneStep: true,
    permissions: { allowsOpen: ['https://wallet.intear.tech'] },
    code: code.intear,
    install: ({ internet }) => serveIntear(internet),
  },
  {
    id: 'okx-wallet',
    name: 'OKX',
    isOneStep: true,
    permissions: { external: ['okxwallet.near'] },
    code: code.okx,
    install: extension('okx-wallet'),
  },
  {
    id: 'nightly-wallet',
    name: 'Nightly',
    isOneStep: true,
    permissions: { external: ['nightly.near'] },
    code: code.nightly,
    install: extension('nightly'),
  },
  {
    id: 'ledger',
    name: 'Ledger',
    isOneStep: true,
    code: code.ledgerDevice,
    install: ledger.install,
    afterClick: ownCode ? (page, wallet) => useLedger(frameOf(page), wallet) : undefined,
  },
  {
    id: 'near-mobile',
    name: 'NearMobileWallet',
    isOneStep: true,
    code: code.nearMobile,
    install: ({ internet, wallet }) => serveNearMobilePhone(internet, wallet),
  },
  {
    id: 'wallet-connect',
    name: 'WalletConnect',
    isOneStep: true,
    permissions: { walletConnect: true },
    code: code.walletConnect,
    install: installWalletConnect,
    afterClick: (page, wallet) => scan(frameOf(page), wallet),
  },
]

interface Entry {
  id: string
  name: string
  executor: string
  features: Record<string, boolean>
  [name: string]: unknown
}

const readList = (folder: string): { wallets: Entry[] } =>
  JSON.parse(readFileSync(`${folder}/manifest.json`, 'utf8')) as { wallets: Entry[] }

const fileOf = (executor: string): string => new URL(executor).pathname.split('/').at(-1)!

/** The wallets that are tried: all, or those whose own code is in the folder. */
export const testedExecutors = executors.filter(({ id, name }) => {
  if (!ownCode) return true
  const entry = readList(ownCode).wallets.find((wallet) => wallet.id === id)
  const isThere = !!entry && existsSync(`${ownCode}/${fileOf(entry.executor)}`)
  if (!isThere) console.warn(`NOT TESTED: the own code of ${name}, which is not in EXECUTORS`)
  return isThere
})

/**
 * Serves near-connect's list of wallets, and the wallets' code at the addresses that it names.
 *
 * @param folder - with the list and the wallets' own code
 */
export function serveExecutors(internet: Internet, folder?: string, standIns = executors): void {
  const list = folder ? readList(folder) : { version: '1.0.0', wallets: standIns.map(entryOf) }
  for (const { executor } of list.wallets) {
    const { host, pathname } = new URL(executor)
    const before = internet.handlerOf(host)
    internet.serve(host, (request) => {
      if (request.url.pathname.endsWith('/manifest.json')) return { json: list }
      if (request.url.pathname !== pathname) return before?.(request)
      if (folder) return { script: readFileSync(`${folder}/${fileOf(executor)}`, 'utf8') }
      return { script: `(${String(standIns.find(({ id }) => pathname.endsWith(`/${id}.js`))!.code)})()` }
    })
  }
}

function entryOf({ id, name, isOneStep, permissions }: Executor): Entry {
  return {
    id,
    name,
    icon: 'data:,',
    description: '',
    website: 'https://wallets.example.com',
    version: '1.0.0',
    type: 'sandbox',
    // near-connect's own list is on this host, too.
    executor: `https://raw.githubusercontent.com/wallets/${id}.js`,
    features: { signMessage: true, mainnet: true, testnet: true, signInAndSignMessage: isOneStep },
    permissions: { storage: true, ...permissions },
  }
}
