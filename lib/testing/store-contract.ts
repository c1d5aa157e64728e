import assert from 'node:assert/strict'
import { createChallenge, isStoredChallenge, type ChallengeStore, type StoredChallenge } from '../challenge'
import { MAX_OPEN_CHALLENGES } from '../stores/browser-session'
import { BrowserSession, type SessionRequest } from './browser-session'

/** What {@link challengeStoreContract} needs to try a store. */
export interface ChallengeStoreContract {
  /** `test` or `it` of vitest, jest, node:test, or any other that takes a title and an async function. */
  test: (title: string, run: () => Promise<void>) => unknown
  /** Makes the store as one process has it; made again, it is the same store in another process. */
  createStore: () => ChallengeStore | Promise<ChallengeStore>
  /** Makes a request that the store can read out of one as express-session leaves it; default that one as it is. */
  createRequest?: (req: SessionRequest) => object
  /** Whether two stores of `createStore` have the same challenges, as two processes should; default true. */
  shared?: boolean
  /** Whether the challenges of a browser's other tabs can be answered after a login; default false: they may be gone. */
  survivesLogin?: boolean
}

/** So often, and by so many requests at once, one challenge is asked for. */
const ROUNDS = 20
const PARALLEL = 20

/**
 * The tests that every {@link ChallengeStore} has to pass: each challenge once, to the browser that it was issued to, and to
 * no other. They need no test framework of their own, only its `test`.
 *
 * @example
 * ```js
 * describe('my store', () => challengeStoreContract({ test, createStore: () => new MyStore(pool) }))
 * ```
 */
export function challengeStoreContract(contract: ChallengeStoreContract): void {
  const { test, createStore, shared = true, survivesLogin = false } = contract
  const createRequest = contract.createRequest ?? ((req: SessionRequest): object => req)

  /** A browser, and what its requests do to a store; each is a request of its own, whose session is saved at its end. */
  const openBrowser = () => {
    const session = new BrowserSession()
    const request = async <Result>(work: (req: object, raw: SessionRequest) => Promise<Result>) => {
      const raw = session.request()
      try {
        return await work(createRequest(raw), raw)
      } finally {
        session.save(raw)
      }
    }
    return {
      session,
      request,
      issue: async (store: ChallengeStore, given: Partial<StoredChallenge> = {}) => {
        const challenge = { ...createChallenge('Sign in to app.example.com', undefined), ...given }
        await request((req) => store.issue(req, challenge))
        return challenge
      },
      consume: (store: ChallengeStore, state: string | undefined) =>
        request((req) => store.consume(req, state)),
    }
  }
  type Browser = ReturnType<typeof openBrowser>

  /** Signs in with a challenge, as Passport does it: the session is replaced by a new one. */
  const signIn = (browser: Browser, store: ChallengeStore, state: string) =>
    browser.request(async (req, raw) => {
      assertGiven(await store.consume(req, state), state)
      await regenerate(raw)
    })

  test('gives a challenge back as it was issued', async () => {
    const store = await createStore()
    const browser = openBrowser()
    const message = 'Anmelden für "app" \\ \'x\' {y} \n 🚀 '.repeat(100)
    for (const given of [{}, { message }, { callbackUrl: 'https://app.example.com/near?a=1&b=%20#c' }]) {
      const issued = await browser.issue(store, given)
      const got = await browser.consume(store, issued.state)
      assertGiven(got, issued.state)
      const { state, nonce, message, issuedAt, callbackUrl } = got
      assert.deepEqual(
        { state, nonce, message, issuedAt, callbackUrl: callbackUrl ?? undefined },
        { callbackUrl: undefined, ...issued },
      )
    }
  })

  test('gives a challenge once', async () => {
    const store = await createStore()
    const browser = openBrowser()
    const { state } = await browser.issue(store)
    assertGiven(await browser.consume(store, state), state)
    assertNone(await browser.consume(store, state))
    assertNone(await browser.consume(store, undefined))
  })

  test('gives the latest where no state is named, then the one before', async () => {
    const store = await createStore()
    const browser = openBrowser()
    const first = await browser.issue(store)
    const second = await browser.issue(store)
    assertGiven(await browser.consume(store, undefined), second.state)
    assertGiven(await browser.consume(store, undefined), first.state)
    assertNone(await browser.consume(store, undefined))
  })

  test('gives each of several tabs its own, in any order', async () => {
    const store = await createStore()
    const browser = openBrowser()
    const issued = []
    for (let tab = 0; tab < MAX_OPEN_CHALLENGES; tab++) issued.push((await browser.issue(store)).state)
    for (const state of [...issued.slice(3), ...issued.slice(0, 3)]) {
      assertGiven(await browser.consume(store, state), state)
    }
  })

  test(`keeps the latest ${MAX_OPEN_CHALLENGES} of a session; the oldest gives way`, async () => {
    const store = await createStore()
    const browser = openBrowser()
    const issued = []
    for (let count = 0; count < MAX_OPEN_CHALLENGES + 3; count++) {
      issued.push((await browser.issue(store)).state)
    }
    for (const [index, state] of issued.entries()) {
      const got = await browser.consume(store, state)
      if (index < 3) assertNone(got)
      else assertGiven(got, state)
    }
  })

  test('gives none for a state that nobody has, whatever its characters, and spends nothing', async () => {
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

  test('gives a challenge to no other browser, with its state or without', async () => {
    const store = await createStore()
    const browser = openBrowser()
    const other = openBrowser()
    const { state } = await browser.issue(store)
    assertNone(await other.consume(store, state))
    assertNone(await other.consume(store, undefined))
    const theirs = await other.issue(store)
    assertNone(await other.consume(store, state))
    assertGiven(await other.consume(store, undefined), theirs.state)
    assertGiven(await browser.consume(store, state), state)
  })

  test('refuses a request that has no session', async () => {
    const store = await createStore()
    const { state, ...rest } = createChallenge('Sign in to app.example.com', undefined)
    await assert.rejects(async () => store.issue({}, { state, ...rest }), 'issue must reject')
    await assert.rejects(async () => store.consume({}, state), 'consume must reject')
  })

  test('makes a new session one that is saved, so that the browser gets its cookie', async () => {
    const store = await createStore()
    const browser = openBrowser()
    await browser.request(async (req, raw) => {
      await store.issue(req, createChallenge('Sign in to app.example.com', undefined))
      const usesSession = (req as Partial<SessionRequest>).session === raw.session
      assert.ok(
        !usesSession || JSON.stringify(raw.session) !== '{}',
        'issue must leave something in req.session',
      )
    })
  })

  test(`gives a challenge to one of ${PARALLEL} requests at once`, async () => {
    const store = await createStore()
    await race([store])
  })

  test('keeps challenges for the longest that it was told', async () => {
    const store = await createStore()
    store.keepFor?.(60_000)
    store.keepFor?.(1)
    const browser = openBrowser()
    const { state } = await browser.issue(store)
    await new Promise((resolve) => setTimeout(resolve, 50))
    assertGiven(await browser.consume(store, state), state)
  })

  test('lets nothing link that was issued before the login: it is gone, or marked', async () => {
    const store = await createStore()
    const browser = openBrowser()
    const before = browser.session.request()
    const first = await browser.issue(store)
    const second = await browser.issue(store)
    const third = await browser.issue(store)
    await signIn(browser, store, first.state)
    // Whoever planted the session knows its old id and may go on using it.
    const planted = createChallenge('Sign in to app.example.com', undefined)
    await store.issue(createRequest(before), planted)

    await signInAgain(second.state)
    await signInAgain(third.state)
    assertGoneOrMarked(await browser.consume(store, planted.state))
    assertGoneOrMarked(await browser.consume(store, undefined))

    const { state } = await browser.issue(store)
    const own = await browser.consume(store, state)
    assertGiven(own, state)
    assert.ok(!own.issuedBeforeLogin, 'a challenge that was issued after the login must not be marked')

    async function signInAgain(other: string): Promise<void> {
      await browser.request(async (req, raw) => {
        const got = await store.consume(req, other)
        assertGoneOrMarked(got)
        if (survivesLogin) assertGiven(got, other)
        await regenerate(raw)
      })
    }
  })

  if (!shared) return

  test('gives in one process what was issued in another', async () => {
    const [one, other] = [await createStore(), await createStore()]
    const browser = openBrowser()
    const { state } = await browser.issue(one)
    assertGiven(await browser.consume(other, state), state)
    assertNone(await browser.consume(one, state))
  })

  test(`gives a challenge to one of ${PARALLEL} requests at once to two processes`, async () => {
    await race([await createStore(), await createStore()])
  })

  test('keeps what one browser asks for in several tabs at once', async () => {
    const stores = [await createStore(), await createStore()] as const
    const browser = openBrowser()
    await browser.issue(stores[0])
    const issued = await Promise.all(
      Array.from({ length: MAX_OPEN_CHALLENGES - 1 }, (_, tab) => browser.issue(stores[tab % 2 ? 0 : 1])),
    )
    for (const { state } of issued) assertGiven(await browser.consume(stores[0], state), state)
  })

  async function race(stores: readonly ChallengeStore[]): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      const browser = openBrowser()
      const { state } = await browser.issue(stores[0]!)
      const got = await Promise.all(
        Array.from({ length: PARALLEL }, (_, copy) => browser.consume(stores[copy % stores.length]!, state)),
      )
      const given = got.filter((challenge) => (challenge ?? undefined) !== undefined)
      assert.equal(given.length, 1, `a challenge must be given exactly once, and was ${given.length} times`)
    }
  }
}

function regenerate({ session }: SessionRequest): Promise<void> {
  return new Promise((resolve) => (session.regenerate as (callback: () => void) => void)(resolve))
}

type Given = StoredChallenge | null | undefined

function assertGiven(got: Given, state: string): asserts got is StoredChallenge {
  assert.ok(isStoredChallenge(got), 'the challenge must be given, and was not')
  assert.equal(got.state, state, 'the challenge that was asked for must be given, and not another')
}

function assertNone(got: Given): void {
  assert.equal(got ?? undefined, undefined, 'no challenge must be given, and one was')
}

function assertGoneOrMarked(got: Given): void {
  assert.ok(
    (got ?? undefined) === undefined || got!.issuedBeforeLogin === true,
    'a challenge from before the login must be gone, or be marked with issuedBeforeLogin',
  )
}
