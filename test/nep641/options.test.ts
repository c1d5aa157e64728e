import { NearStrategy } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { readCredentials } from '../../lib/credentials'
import { NearLoginRejected } from '../../lib/errors'
import { LOGIN_CHANNEL, type LoginEvent } from '../../lib/diagnostics'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Browser, Cleanup, startApp } from '../support/app'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

const create = (options: object): NearStrategy =>
  new NearStrategy({ recipient: 'r', ...options }, () => undefined)

describe('the option walletContracts', () => {
  it.each([
    true,
    false,
    undefined,
    {},
    { maxDepth: 0, maxAuthorizations: 0 },
    { maxDepth: 8, maxAuthorizations: 32 },
    { maxDepth: undefined },
  ])('may be %j', (walletContracts) => {
    expect(() => create({ walletContracts })).not.toThrow()
  })

  it.each<[unknown, RegExp]>([
    [null, /"walletContracts" must be true, false or \{ maxDepth, maxAuthorizations \}; got null/],
    ['true', /got "true"/],
    [1, /got 1/],
    [[], /got an array of 0/],
    [
      { maxdepth: 1 },
      /option "walletContracts": option "maxdepth" is not known; expected one of maxDepth, maxAuthorizations/,
    ],
    [{ maxDepth: 9 }, /"maxDepth" must be a whole number from 0 to 8; got 9/],
    [{ maxDepth: -1 }, /"maxDepth"/],
    [{ maxDepth: 1.5 }, /"maxDepth"/],
    [{ maxDepth: '4' }, /"maxDepth"/],
    [{ maxDepth: null }, /"maxDepth"/],
    [{ maxAuthorizations: 33 }, /"maxAuthorizations" must be a whole number from 0 to 32; got 33/],
    [{ maxAuthorizations: NaN }, /"maxAuthorizations"/],
  ])('must not be %j', (walletContracts, message) => {
    expect(() => create({ walletContracts })).toThrow(TypeError)
    expect(() => create({ walletContracts })).toThrow(message)
  })

  it('cannot go with a source of keys, which knows no contracts', () => {
    const accessKeys = { permission: async () => undefined }
    expect(() => create({ walletContracts: true, accessKeys })).toThrow(
      /"accessKeys" must be left out with "walletContracts"/,
    )
    expect(() => create({ walletContracts: {}, accessKeys })).toThrow(TypeError)
    expect(() => create({ walletContracts: false, accessKeys })).not.toThrow()
  })
})

const KEY = `ed25519:${'1'.repeat(32)}`
const SIGNATURE = Buffer.alloc(64).toString('base64')
const signed = { accountId: 'a.test', publicKey: KEY, signature: SIGNATURE }
const code = (body: unknown, accepts = true): string => {
  const read = readCredentials(body, accepts)
  return read instanceof NearLoginRejected ? read.code.replace('ERR_NEAR_', '') : Object.keys(read).join(' ')
}
const authorization = 'accountId authorization state'
const signature = 'accountId publicKey signature state'

describe('a body with an authorization', () => {
  it.each<[object, string]>([
    [{ accountId: 'a.test', authorization: 'x' }, authorization],
    [{ accountId: 'a.test', authorization: 'x', state: 's' }, authorization],
    [{ accountId: 'a.test', authorization: 'x', publicKey: '', signature: '' }, authorization],
    [
      { accountId: 'a.test', authorization: 'x', publicKey: null, signature: null, state: null },
      authorization,
    ],
    [{ accountId: 'a.test', authorization: 'x', error: 'e' }, authorization],
    [{ accountId: 'a.test', authorization: 'é'.repeat(8192) }, authorization],
    [{ accountId: 'a.test', authorization: 'é'.repeat(8192) + 'x' }, 'CREDENTIALS_INVALID'],
    [{ accountId: 'a.test', authorization: 'x\ud800' }, 'CREDENTIALS_INVALID'],
    [{ accountId: 'a.test', authorization: 1 }, 'CREDENTIALS_INVALID'],
    [{ accountId: 'a.test', authorization: {} }, 'CREDENTIALS_INVALID'],
    [{ accountId: 'a.test', authorization: ['x'] }, 'CREDENTIALS_INVALID'],
    [{ accountId: 'a.test', authorization: false }, 'CREDENTIALS_INVALID'],
    [{ ...signed, authorization: 0 }, 'CREDENTIALS_INVALID'],
    [{ ...signed, authorization: 'x' }, 'CREDENTIALS_INVALID'],
    [{ accountId: 'a.test', publicKey: KEY, authorization: 'x' }, 'CREDENTIALS_INVALID'],
    [{ accountId: 'a.test', signature: SIGNATURE, authorization: 'x' }, 'CREDENTIALS_INVALID'],
    [{ publicKey: KEY, authorization: 'x' }, 'CREDENTIALS_INVALID'],
    [{ accountId: 'A.test', authorization: 'x' }, 'CREDENTIALS_INVALID'],
    [{ accountId: 1, authorization: 'x' }, 'CREDENTIALS_INVALID'],
    [{ accountId: 'a.test', authorization: 'x', publicKey: 1 }, 'CREDENTIALS_INVALID'],
    [{ accountId: 'a.test', authorization: 'x', state: 1 }, 'CREDENTIALS_INVALID'],
    [{ accountId: 'a.test', authorization: 'x', state: 's'.repeat(2049) }, 'CREDENTIALS_INVALID'],
    [{ authorization: 'x' }, 'CREDENTIALS_MISSING'],
    [{ accountId: '', authorization: 'x' }, 'CREDENTIALS_MISSING'],
    [{ authorization: 'x', error: 'declined' }, 'WALLET_REFUSED'],
    [{ ...signed, authorization: '' }, signature],
    [{ ...signed, authorization: null }, signature],
    [{ ...signed, authorization: undefined }, signature],
    [{ accountId: 'a.test', authorization: '' }, 'WALLET_REFUSED'],
    [{ accountId: 'a.test', authorization: '', publicKey: '', signature: '' }, 'WALLET_REFUSED'],
    [{ accountId: '', authorization: '' }, 'WALLET_REFUSED'],
    [{ accountId: 'a.test', authorization: '', publicKey: KEY }, 'CREDENTIALS_MISSING'],
    [{ accountId: 'a.test', authorization: null }, 'CREDENTIALS_MISSING'],
    [{ authorization: '' }, 'CREDENTIALS_MISSING'],
    [
      Object.create({ authorization: 'x' }, { accountId: { value: 'a.test' } }) as object,
      'CREDENTIALS_MISSING',
    ],
  ])('%j is %s', (body, expected) => {
    expect(code(body)).toBe(expected)
  })

  it.each([
    [{ ...signed, authorization: 'x' }, signature],
    [{ ...signed, authorization: 1 }, signature],
    [{ accountId: 'a.test', authorization: 'x' }, 'CREDENTIALS_MISSING'],
    [{ accountId: 'a.test', authorization: '' }, 'CREDENTIALS_MISSING'],
  ])('is read without it where wallet contracts are not accepted: %j is %s', (body, expected) => {
    expect(code(body, false)).toBe(expected)
  })

  it('is not spent by a 400', async () => {
    const network = await TestNetwork.start()
    cleanup.add(() => network.stop())
    const carol = await network.createWalletContract('carol.test')
    const { url } = await startApp(cleanup, {
      near: { rpc: network.rpcUrl, walletContracts: true },
    })
    const browser = new Browser(url)
    const challenge = await browser.challenge()
    const login = await carol.resolveAuth(challenge)
    expect(await browser.login({ ...login, ...signed })).toMatchObject({ status: 400 })
    expect(await browser.login({ ...login, authorization: 'x'.repeat(16_385) })).toMatchObject({
      status: 400,
    })
    expect(await browser.login(login)).toMatchObject({ status: 200 })
  })
})

describe('a passkey wallet’s NEP-413 answer', () => {
  it.each([true, false])('is malformed, and the message says what the account needs (%s)', (accepts) => {
    const body = { ...signed, publicKey: 'p256:viRreKX5SuoitdRY6TAbADXtHs6vjveQGre8SADVnra9' }
    const read = readCredentials(body, accepts)
    expect(read).toMatchObject({ code: 'ERR_NEAR_CREDENTIALS_INVALID', status: 400 })
    expect((read as NearLoginRejected).message).toMatch(/wallet contract.*resolveAuth.*walletContracts/)
    const other = readCredentials({ ...body, publicKey: 'p384:x' }, accepts)
    expect((other as NearLoginRejected).message).not.toMatch(/walletContracts/)
  })
})

it('a login by an authorization is published with its own step, and the endpoint that decided', async () => {
  const network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  const carol = await network.createWalletContract('carol.test')
  const { url } = await startApp(cleanup, { near: { rpc: network.rpcUrl, walletContracts: true } })
  const events: LoginEvent[] = []
  const listen = (event: unknown): void => void events.push(event as LoginEvent)
  subscribe(LOGIN_CHANNEL, listen)
  cleanup.add(() => unsubscribe(LOGIN_CHANNEL, listen))
  const browser = new Browser(url)
  await browser.login(await carol.resolveAuth(await browser.challenge()))
  carol.allowSignature(false)
  await browser.login(await carol.resolveAuth(await browser.challenge()))
  network.fail('http-500')
  await browser.login(await carol.resolveAuth(await browser.challenge()))
  expect(events.map(({ outcome, code: reason, endpoint }) => [outcome, reason, endpoint])).toEqual([
    ['success', undefined, 1],
    ['rejected', 'ERR_NEAR_AUTHORIZATION_INVALID', 1],
    ['error', 'ERR_NEAR_RPC_UNAVAILABLE', undefined],
  ])
  expect(events.map(({ durations }) => Object.keys(durations))).toEqual([
    ['credentials', 'challenge', 'authorization', 'verify'],
    ['credentials', 'challenge', 'authorization'],
    ['credentials', 'challenge', 'authorization'],
  ])
})
