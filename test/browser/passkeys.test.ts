import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveAuthorization } from 'passport-near'
import { developmentWallet, TestNetwork } from 'passport-near/testing'
import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { newAccountId } from '../support/accounts'
import { Cleanup, listen } from '../support/app'
import { clickForPopup, describeInChromium, openBrowser, picture } from '../support/chromium'
import { startExample, type Example } from '../support/example'

const cleanup = new Cleanup()
let context: BrowserContext
let page: Page

beforeEach(async () => {
  const browser = await openBrowser({ viewport: { width: 480, height: 800 } })
  cleanup.add(browser.close)
  context = browser.context
  page = await context.newPage()
})
afterEach(() => cleanup.run())

/** A passkey, as Chromium's protocol describes it. */
interface Credential {
  credentialId: string
  isResidentCredential: boolean
  privateKey: string
  signCount: number
}

/** The person's authenticator. Chromium's virtual one belongs to a window: its passkeys move to the next. */
class Authenticator {
  #credentials: Credential[] = []
  #last: { session: CDPSession; authenticatorId: string } | undefined

  async plugInto(window: Page): Promise<void> {
    const session = await context.newCDPSession(window)
    await session.send('WebAuthn.enable')
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
    for (const credential of this.#credentials) {
      await session.send('WebAuthn.addCredential', { authenticatorId, credential })
    }
    this.#last = { session, authenticatorId }
  }

  /** Keeps the passkeys before the window closes. */
  async unplug(): Promise<void> {
    const { session, authenticatorId } = this.#last!
    const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId })
    this.#credentials = credentials
  }
}

async function createAccount(wallet: Page, kind: 'passkey' | 'shared', accountId: string): Promise<void> {
  await wallet.getByText('Create an account').click()
  await wallet.getByLabel('Kind').selectOption(kind)
  await wallet.getByLabel('Account id').fill(accountId)
  await wallet.getByRole('button', { name: 'Create', exact: true }).click()
  await wallet.getByRole('radio', { name: accountId }).and(wallet.locator(':checked')).waitFor()
}

describeInChromium('an account without keys in the example', () => {
  const everything = new Cleanup()
  let example: Example
  const authenticator = new Authenticator()

  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'passport-near-example-'))
    everything.add(() => rm(directory, { recursive: true, force: true }))
    example = await startExample(directory)
    everything.add(() => example.stop())
  })
  afterAll(() => everything.run())
  beforeEach(() => page.goto(example.url))

  async function openWallet(button: string): Promise<Page> {
    const wallet = await clickForPopup(page.getByRole('button', { name: button }))
    await wallet.getByRole('heading', { name: 'Authorize this text?' }).waitFor()
    await authenticator.plugInto(wallet)
    return wallet
  }

  const approve = async (wallet: Page): Promise<void> => {
    await authenticator.unplug()
    await wallet.getByRole('button', { name: 'Approve' }).click()
  }

  const signedIn = (accountId: string): Promise<void> =>
    page.getByRole('heading', { level: 1, name: accountId }).waitFor()

  it('signs in with a passkey and through it, links and signs out', async () => {
    const [fay, family, gina] = ['fay', 'family', 'gina'].map(newAccountId) as [string, string, string]
    const wallet = await openWallet('Use a passkey or a shared account')
    expect(await wallet.locator('[data-recipient]').innerText()).toBe(new URL(example.url).host)
    expect(await wallet.locator('[data-message]').innerText()).toMatch(
      /^Sign in to localhost:\d+\n\nNonce: .{44}$/,
    )
    await createAccount(wallet, 'passkey', fay)
    await picture(wallet, 'wallet-passkey')
    await approve(wallet)
    await signedIn(fay)
    await picture(page, 'account-passkey')
    await page.getByRole('button', { name: 'Sign out' }).click()

    const again = await openWallet('Use a passkey or a shared account')
    await again.getByLabel(fay).check()
    await createAccount(again, 'shared', family)
    await approve(again)
    await signedIn(family)

    const linking = await openWallet('Link a passkey or a shared account')
    expect(await linking.locator('[data-message]').innerText()).toContain(
      `Link this NEAR account to ${family}`,
    )
    await createAccount(linking, 'passkey', gina)
    await approve(linking)
    await page.getByRole('status').getByText(`${gina} is linked.`).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()

    const linked = await openWallet('Use a passkey or a shared account')
    await linked.getByLabel(gina).check()
    await approve(linked)
    await signedIn(family)
    expect(await page.locator('.accounts strong').allInnerTexts()).toEqual([family, gina])
  })

  it('says what happened when the person declines or the passkey is not there', async () => {
    const wallet = await openWallet('Use a passkey or a shared account')
    await wallet.getByRole('button', { name: 'Decline' }).click()
    await page.getByRole('status').getByText('You did not approve the request in your wallet').waitFor()
    const again = await openWallet('Use a passkey or a shared account')
    await createAccount(again, 'passkey', newAccountId('ida'))
    const session = await context.newCDPSession(again)
    await session.send('WebAuthn.enable')
    await again.evaluate("navigator.credentials.get = () => Promise.reject(new Error('No passkey'))")
    await again.getByRole('button', { name: 'Approve' }).click()
    await again.getByRole('alert').waitFor()
  })
})

describeInChromium('a passkey’s signature', () => {
  it('is accepted as Chromium makes it, and with each changed byte rejected', async () => {
    const network = await TestNetwork.start()
    cleanup.add(() => network.stop())
    await network.createAccount('alice.test')
    const { url } = await listen(developmentWallet(network), cleanup)
    const { url: site } = await listen((_req, res) => void res.end('site'), cleanup)
    const payload = JSON.stringify({ domain: 'app.example.com', action: 'Login', msg: 'Hello' }, null, 2)
    const query = new URLSearchParams({ payload, chainId: 'mainnet', callbackUrl: site })
    await page.goto(`${url.replace('127.0.0.1', 'localhost')}/resolve-auth?${query}`)
    await new Authenticator().plugInto(page)
    await createAccount(page, 'passkey', 'carol.test')
    const [carol] = network.walletContracts
    expect(carol!.publicKey).toMatch(/^p256:/)
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.waitForURL(`${site}/#**`)
    const { accountId, authorization } = Object.fromEntries(
      new URLSearchParams(new URL(page.url()).hash.slice(1)),
    ) as { accountId: string; authorization: string }
    const resolve = (text: string): ReturnType<typeof resolveAuthorization> =>
      resolveAuthorization({ accountId, authorization: text, rpc: network.rpcUrl })
    expect(await resolve(authorization)).toEqual({ payload, via: 'contract' })
    const proof = (JSON.parse(authorization) as { signature: { proof: string } }).signature.proof
    const { client_data_json } = JSON.parse(proof) as { client_data_json: string }
    expect(JSON.parse(client_data_json)).toMatchObject({
      type: 'webauthn.get',
      origin: url.replace('127.0.0.1', 'localhost'),
    })

    const changed = Array.from(authorization, (_, index) => {
      const bytes = Buffer.from(authorization)
      bytes[index]! ^= 1
      return bytes.toString()
    })
    const accepted: string[] = []
    for (let start = 0; start < changed.length; start += 50) {
      const batch = changed.slice(start, start + 50)
      const results = await Promise.all(batch.map(resolve))
      accepted.push(...batch.filter((_, index) => results[index]))
    }
    expect(accepted).toEqual([])
  })
})
