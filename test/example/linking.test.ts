import type { TestAccount } from 'passport-near/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { setNotice, takeNotice } from '../../example/site/notices.mjs'
import { Cleanup } from '../support/app'
import {
  accountPage,
  createExampleWorld,
  linkAt,
  signInTo,
  type Example,
  type ExampleWorld,
} from '../support/example'
import { describeWithPostgres, startPostgres } from '../support/postgres'
import { Visitor } from '../support/visitor'

const cleanup = new Cleanup()
let world: ExampleWorld
let example: Example
let visitor: Visitor
let first: TestAccount
let second: TestAccount
let count = 0

const unlink = (
  { accountId }: { accountId: string },
  headers: Record<string, string> = { accept: 'text/html' },
): Promise<Response> =>
  visitor.request('/account/unlink', {
    method: 'POST',
    headers,
    body: new URLSearchParams({ network: 'testnet', accountId }),
  })

describeWithPostgres('the account page of the example', () => {
  beforeAll(async () => {
    world = await createExampleWorld(cleanup, cleanup)
    const { url } = await startPostgres(cleanup)
    example = await world.start({ DATABASE_URL: url })
  })
  afterAll(() => cleanup.run())
  beforeEach(async () => {
    count++
    first = await world.network.createAccount(`first-${count}.test`)
    second = await world.network.createAccount(`second-${count}.test`)
    visitor = new Visitor(example.url)
    expect(await signInTo(visitor, first)).toBe(200)
  })
  afterEach(() => expect(example.errors()).toBe(''))

  it('links an account, whose wallet shows the user and the site, and confirms it once', async () => {
    const challenge = (await (await visitor.request('/link/near/challenge')).json()) as { message: string }
    expect(challenge.message).toBe(`Link this NEAR account to ${first.accountId} at localhost:3000`)
    const response = await linkAt(visitor, second)
    expect([response.status, await response.json()]).toEqual([200, { next: '/account' }])
    const notice = `${second.accountId} is linked. You can sign in with it from now on.`
    expect(await accountPage(visitor)).toContain(notice)
    const again = await accountPage(visitor)
    expect(again).toContain(second.accountId)
    expect(again).not.toContain(notice)
  })

  it('unlinks an account, confirms it once, and the account then signs in as another user', async () => {
    await linkAt(visitor, second)
    const response = await unlink(first)
    expect([response.status, response.headers.get('location')]).toEqual([303, '/account'])
    const notice = `${first.accountId} is no longer linked. It cannot sign you in any more.`
    expect(await accountPage(visitor)).toContain(notice)
    const page = await accountPage(visitor)
    expect(page).not.toContain(first.accountId)
    expect(page).toContain(second.accountId)
    const other = new Visitor(example.url)
    expect(await signInTo(other, first)).toBe(200)
    expect(await accountPage(other)).not.toContain(second.accountId)
  })

  it('keeps the last way to sign in: 409 with a page and with JSON, and no button', async () => {
    expect(await accountPage(visitor)).not.toContain('Unlink')
    const page = await unlink(first)
    expect(page.status).toBe(409)
    const text = await page.text()
    expect(text).toContain('Nothing was changed')
    expect(text).toContain('This NEAR account is your only way to sign in')
    const json = await visitor.post('/account/unlink', { network: 'testnet', accountId: first.accountId })
    expect([json.status, await json.json()]).toEqual([409, { code: 'LAST_WAY_IN' }])
    expect(await accountPage(visitor)).toContain(first.accountId)
  })

  it('keeps one account when the last two are unlinked at the same time', async () => {
    await linkAt(visitor, second)
    const responses = await Promise.all([unlink(first), unlink(second)])
    expect(responses.map(({ status }) => status).sort()).toEqual([303, 409])
    expect((await accountPage(visitor)).match(/<strong>/g)).toHaveLength(1)
  })

  it('does not unlink the account of another user', async () => {
    await linkAt(visitor, second)
    const stranger = await world.network.createAccount(`stranger-${count}.test`)
    expect(await signInTo(new Visitor(example.url), stranger)).toBe(200)
    const response = await unlink(stranger)
    expect(response.status).toBe(409)
    expect(await response.text()).toContain('This NEAR account is not linked to you.')
  })

  it("does not unlink for another site's page, for a GET, or for a signed-out visitor", async () => {
    await linkAt(visitor, second)
    expect((await unlink(first, { origin: 'https://evil.example.com' })).status).toBe(403)
    expect((await visitor.request('/account/unlink')).status).toBe(404)
    const signedOut = await new Visitor(example.url).post('/account/unlink', { accountId: first.accountId })
    expect([signedOut.status, await signedOut.json()]).toEqual([401, { code: 'SIGN_IN_FIRST' }])
    expect(await accountPage(visitor)).toContain(first.accountId)
  })
})

describe('a notice', () => {
  it('is the only one of a session, however many were set, and is deleted when it is shown', () => {
    const req = { session: {} }
    for (let index = 0; index < 100; index++) setNotice(req, 'LINKED', `account-${index}.test`)
    expect(JSON.stringify(req.session).length).toBeLessThan(100)
    expect(takeNotice(req)).toContain('account-99.test is linked')
    expect(req.session).toEqual({})
    expect(takeNotice(req)).toBeUndefined()
  })
})
