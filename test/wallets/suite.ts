import { readFileSync } from 'node:fs'
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { openPage, outcome, startHarness, type Harness } from './harness'
import type { Choice, StandIn, WalletRequest } from './stand-ins/wallet'
import { callbackUrlOf, expectRow, nonceForms, reading } from './table'

export const signedIn = { outcome: 'signed-in', reply: { id: 'alice.testnet' } }

/** Each of the two with and without. */
export const cases = [true, false].flatMap((buffer) =>
  [true, false].map((callbackUrl) => ({ buffer, callbackUrl })),
)
export type Options = Partial<(typeof cases)[number]>

export function versionOf(name: string): string {
  const text = readFileSync(`test/wallets/node_modules/${name}/package.json`, 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** A harness for all tests of a file, and a browser window for each test, which `open` opens. */
export function useHarness(): {
  harness: () => Harness
  open: (options?: BrowserContextOptions) => Promise<BrowserContext>
} {
  const cleanup = new Cleanup()
  let harness: Harness
  let context: BrowserContext | undefined
  beforeAll(async () => {
    harness = await startHarness(cleanup)
  })
  afterAll(() => cleanup.run())
  beforeEach(() => harness.wallet.reset())
  afterEach(async () => {
    await context?.close()
    context = undefined
  })
  return { harness: () => harness, open: async (options) => (context = await harness.open(options)) }
}

/** The tests of one module of wallet-selector, whose wallet is stood in for. */
export function describeModule(standIn: StandIn, { harness, open }: ReturnType<typeof useHarness>): void {
  describe(`wallet-selector's module ${standIn.id}`, () => {
    const seen: WalletRequest[] = []
    const refusals: Partial<Record<Choice, string>> = {}

    async function openLogin({ buffer = false, callbackUrl = true }: Options = {}): Promise<Page> {
      const context = await open()
      await standIn.install({ context, ...harness() })
      const query = { wallet: standIn.id, ...(buffer && { buffer: '' }) }
      return openPage(context, harness().address('wallet-selector', { callbackUrl, query }))
    }

    async function signIn(options?: Options): Promise<Record<string, unknown>> {
      const page = await openLogin(options)
      if (standIn.connectFirst) {
        await page.getByRole('button', { name: 'Connect' }).click()
        expect(await outcome(page)).toMatchObject({ connected: [{ accountId: 'alice.testnet' }] })
      }
      await page.getByRole('button', { name: 'Sign in' }).click()
      await standIn.afterClick?.(page, harness().wallet)
      return outcome(page)
    }

    it.each(cases)(
      'signs in, with a global Buffer: $buffer, with a callback URL: $callbackUrl',
      async (options) => {
        expect(await signIn(options)).toMatchObject(signedIn)
        expect(harness().wallet.requests).toHaveLength(1)
        seen.push(...harness().wallet.requests)
      },
    )

    if (standIn.signsUnknown)
      it('signs in with a wallet that does not sign the callback URL', async () => {
        harness().wallet.signsCallbackUrl = false
        expect(await signIn()).toMatchObject(signedIn)
      })

    it.each<Choice>(standIn.closes ? ['decline', 'close'] : ['decline'])(
      'is refused, and the page posts nothing, if the person chooses to %s',
      async (choice) => {
        harness().wallet.choice = choice
        const before = harness().loginCount()
        const result = await signIn()
        expect(result).toMatchObject({ outcome: 'refused' })
        expect(result).not.toHaveProperty('reason')
        expect(harness().loginCount()).toBe(before)
        refusals[choice] = reading(result)
      },
    )

    if (standIn.connectFirst)
      it('asks nobody before the site has connected it, and is told apart from a refusal', async () => {
        const page = await openLogin()
        await page.getByRole('button', { name: 'Sign in' }).click()
        expect(await outcome(page)).toMatchObject({ outcome: 'refused', reason: 'connect-first' })
        expect(harness().wallet.requests).toEqual([])
      })

    it('has a row in docs/wallets.md that says what was seen', () => {
      expectRow({
        wallet: standIn.name,
        connector: `wallet-selector ${versionOf(`@near-wallet-selector/${standIn.id}`)}${standIn.connectFirst ? ', connected first' : ''}`,
        'what is not published code': `the ${standIn.standsInFor}`,
        'nonce arrives as': nonceForms(seen),
        'callback URL': standIn.signsUnknown ? 'handed on; signed or not' : callbackUrlOf(seen),
        'who declines reads': refusals.decline!,
        'who closes the window reads': refusals.close ?? '',
      })
    })
  })
}
