import type { TestAccount } from 'passport-near/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { accountPage, createExampleWorld, type Example, type ExampleWorld } from '../support/example'
import { describeWithPostgres, startPostgres } from '../support/postgres'
import { startRewritingProxy } from '../support/proxy'
import { until } from '../support/until'
import { Visitor } from '../support/visitor'

const cleanup = new Cleanup()
let world: ExampleWorld
let alice: TestAccount
let databaseUrl: string

/** A browser on the site's pages, which sends their origin with each POST. */
class Page extends Visitor {
  origin = ''

  override request(path: string, init: RequestInit = {}): Promise<Response> {
    const origin = init.method === 'POST' ? { origin: this.origin } : {}
    return super.request(path, {
      ...init,
      headers: { ...(init.headers as Record<string, string>), ...origin },
    })
  }
}

async function pageAt(example: Example, origin: string): Promise<Page> {
  const { url } = await startRewritingProxy(cleanup, () => example.url)
  return Object.assign(new Page(url), { origin })
}

describeWithPostgres('the example behind a proxy that replaces the header Host', () => {
  beforeAll(async () => {
    world = await createExampleWorld(cleanup, cleanup)
    alice = await world.network.createAccount('alice.test')
    databaseUrl = (await startPostgres(cleanup)).url
  })
  afterAll(() => cleanup.run())

  it('signs in on https with SITE_URL, and its cookie is __Host-, secure, httpOnly and lax', async () => {
    const example = await world.start({
      DATABASE_URL: databaseUrl,
      SITE_URL: 'https://app.example.com',
      TRUST_PROXY: '',
    })
    const page = await pageAt(example, 'https://app.example.com')
    const response = await page.request('/login/near/challenge')
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-example\.sid=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ])
    const challenge = (await response.json()) as Parameters<TestAccount['signMessage']>[0]
    expect(challenge.recipient).toBe('app.example.com')
    const { status } = await page.post('/login/near', await alice.signMessage(challenge))
    expect(status).toBe(200)
    expect(await accountPage(page)).toContain('alice.test')

    // Another port, another scheme, another site, and a page with an opaque origin.
    for (const origin of [
      'https://app.example.com:8443',
      'http://app.example.com',
      'https://evil.example.com',
      'null',
    ]) {
      page.origin = origin
      expect((await page.request('/logout', { method: 'POST' })).status).toBe(403)
    }
    expect(await accountPage(page)).toContain('alice.test')
    page.origin = 'https://app.example.com'
    expect((await page.request('/logout', { method: 'POST' })).status).toBe(303)
    await example.stop()
  })

  it('without SITE_URL rejects each request, and the log names the variable to set', async () => {
    const example = await world.start({ DATABASE_URL: databaseUrl, SITE_URL: '' })
    const page = await pageAt(example, 'https://app.example.com')
    expect((await page.request('/login/near/challenge')).status).toBe(403)
    const direct = Object.assign(new Page(example.url), { origin: 'https://app.example.com' })
    expect((await direct.request('/logout', { method: 'POST' })).status).toBe(403)
    const rejections = (): string[] =>
      example
        .output()
        .split('\n')
        .filter((line) => line.includes('other-site'))
    await until(() => rejections().length === 2)
    const [host, origin] = rejections()
    const advice = 'Behind a proxy set SITE_URL to the address in the browser."'
    expect(host).toContain(
      `other-site outcome=rejected reason="The header Host is not a name of this machine. ${advice}`,
    )
    expect(origin).toContain(
      `other-site outcome=rejected reason="The header Origin is not the header Host. ${advice}`,
    )
    const local = Object.assign(new Page(example.url), {
      origin: example.url.replace('localhost', '127.0.0.1'),
    })
    const { headers } = await local.request('/login/near/challenge')
    expect(headers.getSetCookie()).toEqual([
      expect.stringMatching(/^example\.sid=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/),
    ])
    expect((await local.request('/logout', { method: 'POST' })).status).toBe(303)
    await example.stop()
  })
})
