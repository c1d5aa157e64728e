import { describe, expect, it } from 'vitest'
import { openPage } from './harness'
import { extensions } from './stand-ins/extensions'
import { ledger } from './stand-ins/ledger'
import { webWallets } from './stand-ins/web-wallets'
import { describeModule, useHarness } from './suite'

const tools = useHarness()
for (const standIn of [...extensions, ledger, ...webWallets]) describeModule(standIn, tools)

describe('wallet-selector, when the wallet changes its mind', () => {
  it('tells of a switched account and of a disconnected wallet, as docs/wallets.md listens for it', async () => {
    const { harness, open } = tools
    const context = await open()
    await extensions.find(({ id }) => id === 'nightly')!.install({ context, ...harness() })
    const page = await openPage(
      context,
      harness().address('wallet-selector', { callbackUrl: true, query: { wallet: 'nightly' } }),
    )
    await page.evaluate(() => {
      window.told = []
      window.selector.on('accountsChanged', ({ accounts }: any) => window.told.push(accounts[0].accountId))
      window.selector.on('signedOut', () => window.told.push('signed out'))
    })
    await page.getByRole('button', { name: 'Connect' }).click()
    await page.locator('#result').filter({ hasText: 'connected' }).waitFor()
    await page.evaluate(() => {
      window.nightly.near.tell({ accountId: 'bob.testnet', publicKey: 'ed25519:1' })
      window.nightly.near.tell(null)
    })
    await expect
      .poll(() => page.evaluate(() => window.told as string[]))
      .toEqual(['bob.testnet', 'signed out'])
  })
})
