import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { devices } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { openPage, outcome, startHarness, type Harness } from './harness'
import { connectors, serveExecutors } from './stand-ins/executors'
import { extensions } from './stand-ins/extensions'

const cleanup = new Cleanup()
let harness: Harness
let context: BrowserContext
beforeAll(async () => {
  harness = await startHarness(cleanup)
})
afterAll(() => cleanup.run())
beforeEach(() => harness.wallet.reset())
afterEach(() => context.close())

describe.each(connectors)('$name $version', ({ name }) => {
  async function open(options: BrowserContextOptions = {}, { callbackUrl = true, buffer = false } = {}): Promise<Page> {
    context = await harness.open(options)
    await serveExecutors(context, harness.wallet, { isPhone: !!options.isMobile })
    await extensions.find(({ id }) => id === 'nightly')!.install(context, harness.wallet)
    const query = { connector: name, ...(buffer && { buffer: '' }) }
    return openPage(context, harness.address('near-connect', { callbackUrl, query }))
  }

  async function choose(page: Page, wallet: string): Promise<void> {
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText(`Wallet ${wallet}`).click()
  }

  describe.each(['hot', 'nightly', 'one-step'])('a wallet whose code is as that of %s', (wallet) => {
    const cases = [true, false].flatMap((buffer) => [true, false].map((callbackUrl) => ({ buffer, callbackUrl })))
    it.each(cases)('signs in, with a global Buffer: $buffer, with a callback URL: $callbackUrl', async (options) => {
      const page = await open({}, options)
      await choose(page, wallet)
      expect(await outcome(page)).toMatchObject({ outcome: 'signed-in', reply: { id: 'alice.testnet' } })
    })

    it('tells a refusal', async () => {
      harness.wallet.choice = 'decline'
      const page = await open()
      await choose(page, wallet)
      expect(await outcome(page)).toMatchObject({ outcome: 'refused' })
      console.log(wallet, await outcome(page))
    })
  })

  it("lets the buttons in a wallet's frame work on a phone, under the example's policy", async () => {
    const page = await open(devices['Pixel 7'])
    await choose(page, 'hot')
    const opened = context.waitForEvent('page')
    await page.frameLocator('iframe').getByRole('button', { name: 'Open HOT Wallet' }).click()
    await (await opened).close()
    expect(await outcome(page)).toMatchObject({ outcome: 'signed-in', reply: { id: 'alice.testnet' } })
  })
})
