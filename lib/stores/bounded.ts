import type { ChallengeStore } from '../challenge'
import { within } from '../patience'

/** How long an application's own store may take, in milliseconds. */
const STORE_TIMEOUT = 5000
const TOO_LATE = `The challenge store did not answer within ${STORE_TIMEOUT} ms`

/** Bounds an application's own store, which may never answer. */
export function boundStore(store: ChallengeStore): ChallengeStore {
  return {
    issue: (req, challenge) => within(STORE_TIMEOUT, TOO_LATE, () => store.issue(req, challenge)),
    consume: (req, state) => within(STORE_TIMEOUT, TOO_LATE, () => store.consume(req, state)),
    keepFor: (maxAge) => store.keepFor?.(maxAge),
  }
}
