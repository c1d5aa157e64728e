import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { BrowserContext, Page } from 'playwright-core'
import { Cleanup } from '../support/app'
import { openPage, outcome, startHarness, type Harness } from './harness'
import { extensions } from './stand-ins/extensions'
import { ledger } from './stand-ins/ledger'
import { phones } from './stand-ins/phones'
import { walletConnect } from './stand-ins/wallet-connect'
import { webWallets } from './stand-ins/web-wallets'

const cleanup = new Cleanup()
let harness: Harness
let context: BrowserContext
beforeAll(async () => {
  harness = await startHarness(cleanup)
})
afterAll(() => cleanup.run())
beforeEach(() => harness.wallet.reset())
afterEach(() => context.close())

describe.each([...extensions, ...webWallets, ...phones, ledger, ...walletConnect])('$id', (standIn) => {
  async function open({ buffer = false, callbackUrl = true } = {}): Promise<Page> {
    context = await harness.open()
    await standIn.install(context, harness.wallet)
    const query = { wallet: standIn.id, ...(buffer && { buffer: '' }) }
    const page = await openPage(context, harness.address('wallet-selector', { callbackUrl, query }))
    if (standIn.connectFirst) {
      await page.getByRole('button', { name: 'Connect' }).click()
      expect(await outcome(page)).toMatchObject({ connected: [{ accountId: 'alice.testnet' }] })
    }
    return page
  }

  const cases = [true, false].flatMap((buffer) => [true, false].map((callbackUrl) => ({ buffer, callbackUrl })))
  it.each(cases)('signs in, with a global Buffer: $buffer, with a callback URL: $callbackUrl', async (options) => {
    const page = await open(options)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await standIn.afterClick?.(page, harness.wallet)
    expect(await outcome(page)).toMatchObject({ outcome: 'signed-in', reply: { id: 'alice.testnet' } })
  })

  it('tells a refusal', async () => {
    harness.wallet.choice = 'decline'
    const page = await open()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await standIn.afterClick?.(page, harness.wallet)
    expect(await outcome(page)).toMatchObject({ outcome: 'refused' })
    console.log(standIn.id, 'decline', await outcome(page))
  })

  if (standIn.closes)
    it('tells a closed window', async () => {
      harness.wallet.choice = 'close'
      const page = await open()
      await page.getByRole('button', { name: 'Sign in' }).click()
      await standIn.afterClick?.(page, harness.wallet)
      expect(await outcome(page)).toMatchObject({ outcome: 'refused' })
      console.log(standIn.id, 'close', await outcome(page))
    })

  if (standIn.connectFirst)
    it('throws before it asks the person, if the site has not connected it', async () => {
      context = await harness.open()
      await standIn.install(context, harness.wallet)
      const page = await openPage(context, harness.address('wallet-selector', { callbackUrl: true, query: { wallet: standIn.id } }))
      await page.getByRole('button', { name: 'Sign in' }).click()
      console.log(standIn.id, 'unconnected', await outcome(page))
      expect(harness.wallet.requests).toEqual([])
    })
})
