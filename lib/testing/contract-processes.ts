import type { ChallengeStore } from '../challenges/challenge-store'
import { MAX_PENDING_CHALLENGES } from '../challenges/session'
import { assertGiven, assertNone, PARALLEL, race, type ContractBrowser } from './contract-browser'

/** The contract's tests of a store whose challenges are the same in two processes. @internal */
export function testProcesses(
  test: (title: string, run: () => Promise<void>) => unknown,
  createStore: () => ChallengeStore | Promise<ChallengeStore>,
  openBrowser: () => ContractBrowser,
): void {
  test('returns in one process a challenge from another', async () => {
    const [one, other] = [await createStore(), await createStore()]
    const browser = openBrowser()
    const { state } = await browser.issue(one)
    assertGiven(await browser.consume(other, state), state)
    assertNone(await browser.consume(one, state))
  })

  test(`returns a challenge to one of ${PARALLEL} concurrent requests to two processes`, async () => {
    await race(openBrowser, [await createStore(), await createStore()])
  })

  test('keeps the challenges that one browser requests in several tabs concurrently', async () => {
    const stores = [await createStore(), await createStore()] as const
    const browser = openBrowser()
    await browser.issue(stores[0])
    const issued = await Promise.all(
      Array.from({ length: MAX_PENDING_CHALLENGES - 1 }, (_, tab) => browser.issue(stores[tab % 2 ? 0 : 1])),
    )
    for (const { state } of issued) assertGiven(await browser.consume(stores[0], state), state)
  })
}
