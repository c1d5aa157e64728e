import { devices, type BrowserContextOptions, type Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { chooseWallet, openHotApp, openPage, outcome } from './harness'
import { connectors, serveExecutors } from './stand-ins/executors'
import { extensions } from './stand-ins/extensions'
import type { WalletRequest } from './stand-ins/wallet'
import { cases, signedIn, useHarness } from './suite'
import { callbackUrlOf, expectRow, nonceForms, reading } from './table'

const { harness, open } = useHarness()

const wallets = [
  { id: 'hot', name: 'HOT' },
  { id: 'nightly', name: 'Nightly' },
  { id: 'one-step', name: 'Meteor, one step' },
]

describe.each(connectors)('$name $version', ({ name, version }) => {
  async function openLogin(
    options: BrowserContextOptions = {},
    { callbackUrl = true, buffer = false } = {},
  ): Promise<Page> {
    const context = await open(options)
    await serveExecutors(context, harness().wallet, { isPhone: !!options.isMobile })
    await extensions.find(({ id }) => id === 'nightly')!.install(context, harness().wallet)
    const query = { connector: name, ...(buffer && { buffer: '' }) }
    return openPage(context, harness().address('near-connect', { callbackUrl, query }))
  }

  async function choose(page: Page, wallet: string): Promise<void> {
    await page.getByRole('button', { name: 'Sign in' }).click()
    await chooseWallet(page, wallet)
  }

  describe.each(wallets)('a wallet whose code is as that of $name', ({ id, name: wallet }) => {
    const seen: WalletRequest[] = []
    let refusal = ''

    it.each(cases)(
      'signs in, with a global Buffer: $buffer, with a callback URL: $callbackUrl',
      async (options) => {
        const page = await openLogin({}, options)
        await choose(page, id)
        expect(await outcome(page)).toMatchObject(signedIn)
        seen.push(...harness().wallet.requests)
      },
    )

    it('is refused, and the page posts nothing, if the person declines', async () => {
      harness().wallet.choice = 'decline'
      const before = harness().loginCount()
      const page = await openLogin()
      await choose(page, id)
      const result = await outcome(page)
      expect(result).toMatchObject({ outcome: 'refused' })
      expect(harness().loginCount()).toBe(before)
      refusal = reading(result)
    })

    it('has a row in docs/wallets.md that says what was seen', () => {
      expectRow({
        wallet,
        connector: `${name} ${version}`,
        'what is not published code': `the wallet’s code in near-connect’s frame`,
        'nonce arrives as': nonceForms(seen),
        'callback URL': callbackUrlOf(seen),
        'who declines reads': refusal,
        'who closes the window reads': '',
      })
    })
  })

  it('is refused if the person closes the dialogue with the wallets', async () => {
    const page = await openLogin()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Wallet hot').waitFor()
    await page.keyboard.press('Escape')
    await page.mouse.click(5, 5)
    expect(await outcome(page)).toMatchObject({ outcome: 'refused' })
  })

  it("lets the buttons in a wallet's frame work on a phone, under the example's policy", async () => {
    const page = await openLogin(devices['Pixel 7'])
    await choose(page, 'hot')
    await openHotApp(page)
    expect(await outcome(page)).toMatchObject(signedIn)
  })
})
