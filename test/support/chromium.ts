import { accessSync, constants, mkdirSync } from 'node:fs'
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Locator,
  type Page,
} from 'playwright-core'
import { afterAll, describe } from 'vitest'

const CANDIDATES = [
  process.env.CHROMIUM_PATH,
  // Chromium without windows: it needs half of the CPU time.
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Playwright misses requests of a frame in a separate process, such as near-connect's sandboxed frames.
  '--disable-site-isolation-trials',
]

const executablePath = CANDIDATES.find((path) => path && isExecutable(path))

/** Like `describe`. Without Chromium it prints a warning; in CI it fails. */
export function describeInChromium(name: string, tests: () => void): void {
  if (executablePath) {
    // In the current file, not at the top level of this module, which files of one worker share.
    afterAll(closeBrowser)
    return void describe(name, tests)
  }
  const message = `NOT TESTED in a browser: ${name}. No Chromium was found: install it, or name it in CHROMIUM_PATH.`
  if (process.env.CI) throw new Error(message)
  console.warn(`\n${'!'.repeat(80)}\n${message}\n${'!'.repeat(80)}\n`)
  describe.skip(`${name} (no Chromium)`, tests)
}

export const launchChromium = (args: string[] = []): Promise<Browser> =>
  chromium.launch({ executablePath: executablePath!, headless: true, args: [...FLAGS, ...args] })

/** One Chromium for all tests of a file, because starting Chromium costs more than most of the tests. */
let browser: Promise<Browser> | undefined

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close()
  browser = undefined
}

/** A window with an empty profile, which `close` deletes. */
export async function openBrowser(
  options: BrowserContextOptions = {},
): Promise<{ context: BrowserContext; close: () => Promise<void> }> {
  browser ??= launchChromium()
  const context = await (await browser).newContext(options)
  context.setDefaultTimeout(20_000)
  return { context, close: () => context.close() }
}

/** Clicks, and returns the window that opens. */
export async function clickForPopup(element: Locator): Promise<Page> {
  const [opened] = await Promise.all([element.page().context().waitForEvent('page'), element.click()])
  return opened
}

/** With the environment variable `PICTURES`, saves a screenshot in `screenshots/` for review. */
export async function picture(page: Page, name: string): Promise<void> {
  if (!process.env.PICTURES) return
  mkdirSync('screenshots', { recursive: true })
  await page.screenshot({ path: `screenshots/${name}.png`, fullPage: true })
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
