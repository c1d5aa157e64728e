import { afterEach, describe, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { createExampleWorld, linkAt, signInTo } from '../support/example'
import { until } from '../support/until'
import { Visitor } from '../support/visitor'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

describe('the log of the example', () => {
  it('has one line with the time for each login, without personal data', async () => {
    const world = await createExampleWorld(cleanup, cleanup)
    const example = await world.start()
    const alice = await world.network.createAccount('alice.test')
    const bob = await world.network.createAccount('bob.test')
    const visitor = new Visitor(example.url, '203.0.113.77')
    const challenge = await visitor.challenge()
    const signed = await alice.signMessage(challenge)
    expect((await visitor.login({})).status).toBe(400)
    expect((await visitor.login({ error: 'User rejected', state: challenge.state })).status).toBe(401)
    expect((await visitor.login(signed)).status).toBe(200)
    expect((await visitor.login(signed)).status).toBe(401)
    expect((await linkAt(visitor, bob)).status).toBe(200)
    world.network.fail('http-500')
    expect(await signInTo(new Visitor(example.url), alice)).toBe(503)
    world.network.fail(undefined)
    for (const password of ['wrong', 'near-demo'])
      await new Visitor(example.url).post('/login/password', { username: 'demo', password })
    expect(
      (await visitor.request('/logout', { method: 'POST', headers: { origin: 'https://evil.example.com' } }))
        .status,
    ).toBe(403)

    await until(() => example.output().includes('other-site'))
    const lines = example.output().trim().split('\n')
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /
    for (const line of lines) expect(line).toMatch(time)
    expect(
      lines.map((line) =>
        line
          .replace(time, '')
          .replace(/ms=\d+$/, 'ms=…')
          .replace(/age=\d+/, 'age=…'),
      ),
    ).toEqual([
      'endpoint endpoint=1 outcome=ok chain=testnet age=… ms=…',
      'login strategy=near outcome=rejected code=ERR_NEAR_CREDENTIALS_MISSING ms=…',
      'login strategy=near outcome=rejected code=ERR_NEAR_WALLET_REFUSED ms=…',
      'login strategy=near outcome=success endpoint=1 ms=…',
      'login strategy=near outcome=rejected code=ERR_NEAR_CHALLENGE_MISSING ms=…',
      'login strategy=link-near outcome=success endpoint=1 ms=…',
      'login strategy=near outcome=error code=ERR_NEAR_RPC_UNAVAILABLE ms=…',
      expect.stringMatching(
        /^request outcome=failed status=503 code=ERR_NEAR_RPC_UNAVAILABLE reason="[^"]+"$/,
      ),
      'login strategy=local outcome=rejected',
      'login strategy=local outcome=success',
      expect.stringMatching(/^other-site outcome=rejected reason="The header Origin is not SITE_URL\. .+"$/),
    ])
    for (const personal of [
      'alice',
      'bob',
      '203.0.113',
      'http:',
      'https:',
      'demo',
      signed.signature,
      signed.publicKey,
    ])
      expect(example.output()).not.toContain(personal)
    expect(example.errors()).toBe('')
  })
})
