// Takes the README's pictures from the running example: npm run pictures
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const inThisFolder = (path) => fileURLToPath(new URL(path, import.meta.url))
const directory = await mkdtemp(join(tmpdir(), 'passport-near-pictures-'))
const example = spawn(process.execPath, [inThisFolder('../example/site/start.mjs')], {
  env: { ...process.env, DATA_DIR: directory },
  stdio: ['ignore', 'pipe', 'inherit'],
})
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})

try {
  const url = await addressOf(example)
  const context = await browser.newContext({ viewport: { width: 480, height: 620 }, colorScheme: 'light' })
  const page = await context.newPage()
  const take = (view, name) => view.screenshot({ path: inThisFolder(`./pictures/${name}.png`) })

  await page.goto(url)
  await take(page, 'sign-in')

  const opened = context.waitForEvent('page')
  await page.getByRole('button', { name: 'Sign in with NEAR' }).click()
  const wallet = await opened
  await wallet.setViewportSize({ width: 480, height: 620 })
  await wallet.getByRole('heading', { name: 'Sign this message?' }).waitFor()
  await take(wallet, 'wallet')

  await wallet.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('heading', { name: 'alice.test' }).waitFor()
  await take(page, 'account')

  await page.getByRole('button', { name: 'Sign out' }).click()
  const openedAgain = context.waitForEvent('page')
  await page.getByRole('button', { name: 'Use a passkey or a shared account' }).click()
  const authorizing = await openedAgain
  await authorizing.setViewportSize({ width: 480, height: 900 })
  await plugInAuthenticator(context, authorizing)
  await authorizing.getByText('Create an account').click()
  await authorizing.getByLabel('Account id').fill('fay.test')
  await authorizing.getByRole('button', { name: 'Create', exact: true }).click()
  await authorizing.getByText('fay.test').waitFor()
  await take(authorizing, 'passkey')
} finally {
  await browser.close()
  example.kill()
  await rm(directory, { recursive: true, force: true })
}

/** Chromium's own stand-in for a fingerprint reader. */
async function plugInAuthenticator(context, page) {
  const session = await context.newCDPSession(page)
  await session.send('WebAuthn.enable')
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}

async function addressOf({ stdout }) {
  for await (const line of createInterface({ input: stdout })) {
    const [url] = /http:\/\/localhost:\d+/.exec(line) ?? []
    if (url) return url
  }
  throw new Error('The example did not start')
}
