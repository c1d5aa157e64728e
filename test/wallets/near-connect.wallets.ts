import { devices, type BrowserContextOptions, type Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { chooseWallet, openHotApp, openPage, outcome } from './harness'
import {
  connectors,
  executors,
  ownCode,
  serveExecutors,
  testedExecutors,
  type Executor,
} from './stand-ins/executors'
import type { Choice, WalletRequest } from './stand-ins/wallet'
import { cases, signedIn, useHarness, type Options } from './suite'
import { callbackUrlOf, expectRow, nonceForms, reading } from './table'

const { harness, open } = useHarness()

describe.each(connectors)(
  `$name $version, ${ownCode ? "the wallets' own code" : 'stand-ins for their code'}`,
  ({ name, version }) => {
    async function openLogin(
      executor: Executor,
      { callbackUrl = true, buffer = false }: Options = {},
      device: BrowserContextOptions = {},
    ): Promise<Page> {
      const context = await open(device)
      await executor.install({ context, ...harness() })
      serveExecutors(harness().internet, ownCode)
      const query = { connector: name, wallet: executor.id, ...(buffer && { buffer: '' }) }
      return openPage(context, harness().address('near-connect', { callbackUrl, query }))
    }

    async function signIn(executor: Executor, options?: Options): Promise<Record<string, unknown>> {
      const page = await openLogin(executor, options)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await chooseWallet(page, executor.id)
      await executor.afterClick?.(page, harness().wallet)
      return outcome(page)
    }

    describe.each(testedExecutors)('the wallet $name', (executor) => {
      const seen: WalletRequest[] = []
      const refusals: Partial<Record<Choice, string>> = {}

      it.each(cases)(
        'signs in, with a global Buffer: $buffer, with a callback URL: $callbackUrl',
        async (options) => {
          expect(await signIn(executor, options)).toMatchObject(signedIn)
          expect(harness().wallet.requests).toHaveLength(1)
          seen.push(...harness().wallet.requests)
        },
      )

      it.each<Choice>(executor.closes ? ['decline', 'close'] : ['decline'])(
        'is refused, and the page posts nothing, if the person chooses to %s',
        async (choice) => {
          harness().wallet.choice = choice
          const before = harness().loginCount()
          const result = await signIn(executor)
          expect(result).toMatchObject({ outcome: 'refused' })
          expect(harness().loginCount()).toBe(before)
          refusals[choice] = reading(result)
        },
      )

      it('has a row in docs/wallets.md that says what was seen', () => {
        expectRow({
          wallet: executor.name,
          connector: `${name} ${version}${executor.isOneStep ? ', one step' : ''}`,
          'what is not published code': 'the wallet’s code in near-connect’s frame',
          'nonce arrives as': nonceForms(seen),
          'callback URL': callbackUrlOf(seen),
          'who declines reads': refusals.decline!,
          'who closes the window reads': refusals.close ?? '',
        })
      })
    })

    it('is refused if the person closes the dialogue with the wallets', async () => {
      const page = await openLogin(executors[1]!)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.locator('.connect-item').first().waitFor()
      await page.keyboard.press('Escape')
      await page.mouse.click(5, 5)
      expect(await outcome(page)).toMatchObject({ outcome: 'refused' })
    })

    it.skipIf(ownCode)(
      "lets the buttons in a wallet's frame work on a phone, under the example's policy",
      async () => {
        const hot = executors[0]!
        harness().wallet.isAppOpen = false
        const page = await openLogin(hot, {}, devices['Pixel 7'])
        await page.getByRole('button', { name: 'Sign in' }).click()
        await chooseWallet(page, hot.id)
        await openHotApp(page)
        await hot.afterClick!(page, harness().wallet)
        expect(await outcome(page)).toMatchObject(signedIn)
      },
    )
  },
)
