import assert from 'node:assert/strict'
import type { ChallengeStore } from '../challenges/challenge-store'
import { MAX_PENDING_CHALLENGES } from '../challenges/session'
import type { SessionRequest } from './browser-session'
import {
  assertGiven,
  assertNone,
  ContractBrowser,
  draw,
  PARALLEL,
  PURPOSE,
  race,
  regenerate,
} from './contract-browser'
import { testProcesses } from './contract-processes'

/** Options of {@link challengeStoreContract}. */
export interface ChallengeStoreContract {
  /** `test` or `it` of vitest, jest, node:test, or any function that takes a title and an async function. */
  test: (title: string, run: () => Promise<void>) => unknown
  /** Creates the store as one process has it. A second call creates the same store in another process. */
  createStore: () => ChallengeStore | Promise<ChallengeStore>
  /**
   * Creates a request that the store can read. For a store that returns handles, the request brings the code challenge and, for
   * `consume`, its verifier; `req.query` and `req.body` have them.
   *
   * @defaultValue the request as express-session leaves it
   */
  createRequest?: ((req: SessionRequest) => object) | undefined
  /**
   * Whether two stores of `createStore` have the same challenges, as in two processes.
   *
   * @defaultValue `true`
   */
  shared?: boolean | undefined
  /**
   * Whether the challenges of a browser's other tabs can be answered after a login.
   *
   * @defaultValue `false`: they may be gone
   */
  survivesLogin?: boolean | undefined
}

const OTHER_PURPOSE = 'near/link'

/**
 * The tests that every {@link ChallengeStore} has to pass: each challenge once, to the browser that drew it, and to no other. The
 * tests need no framework but its `test`.
 *
 * A store whose `issue` returns a handle knows the browser by its code verifier. It is not asked for the latest challenge, for a limit
 * of open challenges, or for a session.
 *
 * @example
 * ```js
 * describe('my store', () => challengeStoreContract({ test, createStore: () => new MyStore(pool) }))
 * ```
 */
export function challengeStoreContract(contract: ChallengeStoreContract): void {
  const { test, createStore, shared = true, survivesLogin = false } = contract
  const createRequest = contract.createRequest ?? ((req: SessionRequest): object => req)

  const openBrowser = (): ContractBrowser => new ContractBrowser(createRequest)

  const returnsHandles = async (store: ChallengeStore): Promise<boolean> =>
    typeof (await openBrowser().request((req) => store.issue(req, draw()))) === 'string'

  test('returns a challenge unchanged', async () => {
    const store = await createStore()
    const browser = openBrowser()
    const copies = (await returnsHandles(store)) ? 20 : 100
    const message = 'Anmelden für "app" \\ \'x\' {y} \n 🚀 '.repeat(copies)
    const callbackUrl = 'https://app.example.com/near?a=1&b=%20#c'
    for (const given of [{}, { message }, { callbackUrl }, { issuedTo: 'a-hash' }]) {
      const issued = await browser.issue(store, given)
      const got = await browser.consume(store, issued.state)
      assertGiven(got, issued.state)
      assert.deepEqual(
        { ...got, callbackUrl: got.callbackUrl ?? undefined },
        { callbackUrl: undefined, ...got, ...issued },
      )
      const { purpose, issuedTo, expiresAt } = got
      const kept = { purpose, issuedTo, expiresAt }
      const { purpose: givenPurpose, issuedTo: givenTo, expiresAt: givenExpiry } = issued
      assert.deepEqual(
        kept,
        { purpose: givenPurpose, issuedTo: givenTo, expiresAt: givenExpiry },
        'purpose, issuedTo and expiresAt must be kept: linking and confirmations depend on them',
      )
    }
  })

  test('returns a challenge once', async () => {
    const store = await createStore()
    const browser = openBrowser()
    const { state } = await browser.issue(store)
    assertGiven(await browser.consume(store, state), state)
    assertNone(await browser.consume(store, state))
    assertNone(await browser.consume(store, undefined))
  })

  test('returns the latest challenge without a state, then the previous one', async () => {
    const store = await createStore()
    if (await returnsHandles(store)) return
    const browser = openBrowser()
    const first = await browser.issue(store)
    const second = await browser.issue(store)
    assertGiven(await browser.consume(store, undefined), second.state)
    assertGiven(await browser.consume(store, undefined), first.state)
    assertNone(await browser.consume(store, undefined))
  })

  test('returns the latest challenge of the requested purpose', async () => {
    const store = await createStore()
    if (await returnsHandles(store)) return
    const browser = openBrowser()
    const signIn = await browser.issue(store)
    const link = await browser.issue(store, { purpose: OTHER_PURPOSE, issuedTo: 'a-hash' })
    assertGiven(await browser.consume(store, undefined), signIn.state)
    assertNone(await browser.consume(store, undefined))
    assertGiven(await browser.consume(store, undefined, OTHER_PURPOSE), link.state)
  })

  test('returns the challenges of several tabs, in any order', async () => {
    const store = await createStore()
    const browser = openBrowser()
    const issued = []
    for (let tab = 0; tab < MAX_PENDING_CHALLENGES; tab++) issued.push((await browser.issue(store)).state)
    for (const state of [...issued.slice(3), ...issued.slice(0, 3)]) {
      assertGiven(await browser.consume(store, state), state)
    }
  })

  test(`keeps the latest ${MAX_PENDING_CHALLENGES} challenges of a session; the oldest is evicted`, async () => {
    const store = await createStore()
    if (await returnsHandles(store)) return
    const browser = openBrowser()
    const issued = []
    for (let count = 0; count < MAX_PENDING_CHALLENGES + 3; count++) {
      issued.push((await browser.issue(store)).state)
    }
    for (const [index, state] of issued.entries()) {
      const got = await browser.consume(store, state)
      if (index < 3) assertNone(got)
      else assertGiven(got, state)
    }
  })

  test('returns undefined for an unknown state with any characters, and consumes no challenge', async () => {
    const store = await createStore()
    const browser = openBrowser()
    const { state } = await browser.issue(store)
    const { length } = state
    const odd = [
      '\0',
      "' OR '1'='1",
      '*',
      '"],[',
      '__proto__',
      '\ud800',
      '.'.repeat(64),
      '%',
      '_'.repeat(length),
    ]
    for (const other of [...odd, state.slice(0, -1), `${state} `, state.toUpperCase() + '!']) {
      assertNone(await browser.consume(store, other))
    }
    assertGiven(await browser.consume(store, state), state)
  })

  test('returns no challenge to another browser, with its state or without', async () => {
    const store = await createStore()
    const browser = openBrowser()
    const other = openBrowser()
    const { state } = await browser.issue(store)
    assertNone(await other.consume(store, state))
    assertNone(await other.consume(store, undefined))
    const theirs = await other.issue(store)
    assertNone(await other.consume(store, state))
    const latest = (await returnsHandles(store)) ? theirs.state : undefined
    assertGiven(await other.consume(store, latest), theirs.state)
    assertGiven(await browser.consume(store, state), state)
  })

  test('rejects a request without a session', async () => {
    const store = await createStore()
    if (await returnsHandles(store)) return
    const { state, ...rest } = draw()
    await assert.rejects(async () => store.issue({}, { state, ...rest }), 'issue must reject')
    await assert.rejects(async () => store.consume({}, state, PURPOSE), 'consume must reject')
  })

  test('initializes a new session, so that it is saved and the browser gets its cookie', async () => {
    const store = await createStore()
    if (await returnsHandles(store)) return
    const browser = openBrowser()
    await browser.request(async (req, raw) => {
      await store.issue(req, draw())
      const usesSession = (req as Partial<SessionRequest>).session === raw.session
      assert.ok(
        !usesSession || JSON.stringify(raw.session) !== '{}',
        'issue must leave something in req.session',
      )
    })
  })

  test(`returns a challenge to one of ${PARALLEL} concurrent requests`, async () => {
    const store = await createStore()
    await race(openBrowser, [store])
  })

  test('keeps a challenge until its expiry, even if a later challenge expires sooner', async () => {
    const store = await createStore()
    const browser = openBrowser()
    const { state } = await browser.issue(store, { expiresAt: Date.now() + 60_000 })
    await browser.issue(store, { expiresAt: Date.now() + 1 })
    await new Promise((resolve) => setTimeout(resolve, 50))
    assertGiven(await browser.consume(store, state), state)
  })

  test('keeps the purpose and the user of a challenge when Passport replaces the session at login', async () => {
    const store = await createStore()
    const browser = openBrowser()
    const first = await browser.issue(store)
    const second = await browser.issue(store, { purpose: OTHER_PURPOSE, issuedTo: null })
    await browser.request(async (req, raw) => {
      assertGiven(await store.consume(req, first.state, PURPOSE), first.state)
      await regenerate(raw)
    })
    const got = await browser.consume(store, second.state, OTHER_PURPOSE)
    if (survivesLogin) assertGiven(got, second.state)
    if (got)
      assert.equal(got.issuedTo, null, 'a challenge that was drawn before the login belongs to no user')
  })

  test('returns the challenges of other tabs after several logins, or none of them', async () => {
    const store = await createStore()
    const browser = openBrowser()
    const states = []
    for (let tab = 0; tab < 3; tab++) states.push((await browser.issue(store)).state)
    for (const [index, state] of states.entries()) {
      await browser.request(async (req, raw) => {
        const got = await store.consume(req, state, PURPOSE)
        if (index === 0 || survivesLogin) assertGiven(got, state)
        await regenerate(raw)
      })
    }
  })

  if (shared) testProcesses(test, createStore, openBrowser)
}
