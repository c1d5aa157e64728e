import { describe, expect, it } from 'vitest'
import { openPage, outcome } from './harness'
import { phones } from './stand-ins/phones'
import { walletConnect } from './stand-ins/wallet-connect'
import type { WalletRequest } from './stand-ins/wallet'
import { redirectingWallet } from './stand-ins/web-wallets'
import { cases, describeModule, signedIn, useHarness, versionOf, type Options } from './suite'
import { callbackUrlOf, expectRow, nonceForms, reading } from './table'

const tools = useHarness()
const { harness, open } = tools
for (const standIn of [...phones, ...walletConnect]) describeModule(standIn, tools)

describe('MyNearWallet of wallet-selector 8, which replaces the page', () => {
  const seen: WalletRequest[] = []
  let refusal = ''

  async function signIn(options: Options = {}): Promise<Record<string, unknown>> {
    const context = await open()
    redirectingWallet(harness().internet)
    const { buffer = false, callbackUrl = true } = options
    const query = buffer ? { buffer: '' } : {}
    const page = await openPage(context, harness().address('wallet-selector-8', { callbackUrl, query }))
    await page.getByRole('button', { name: 'Sign in' }).click()
    const result = await outcome(page)
    expect(page.url()).not.toContain('#')
    return result
  }

  it.each(cases)(
    'signs in, with a global Buffer: $buffer, with a callback URL: $callbackUrl',
    async (options) => {
      // Without a callback URL, the module names the page: the signature is over a URL that the server did not name.
      harness().wallet.signsCallbackUrl = options.callbackUrl
      expect(await signIn(options)).toMatchObject(signedIn)
      if (options.callbackUrl) seen.push(...harness().wallet.requests)
    },
  )

  it('is rejected if it signs the address of the page, which the server did not name', async () => {
    expect(await signIn({ callbackUrl: false })).toMatchObject({
      outcome: 'failed',
      code: 'ERR_NEAR_SIGNATURE_INVALID',
    })
  })

  it('is refused if the person declines', async () => {
    harness().wallet.choice = 'decline'
    const result = await signIn()
    expect(result).toEqual({ outcome: 'refused' })
    refusal = reading(result)
  })

  it('has a row in docs/wallets.md that says what was seen', () => {
    expectRow({
      wallet: 'MyNearWallet, redirect',
      connector: `wallet-selector ${versionOf('my-near-wallet-8')}`,
      'what is not published code': 'the web wallet',
      'nonce arrives as': nonceForms(seen),
      'callback URL': callbackUrlOf(seen),
      'who declines reads': refusal,
      'who closes the window reads': '',
    })
  })
})
