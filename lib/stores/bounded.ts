import { afterQuiet } from '../access-keys/patience'
import type { ChallengeStore } from '../challenge'

/** How long an application's own store may take, in milliseconds. */
const STORE_TIMEOUT = 5000

/** Bounds an application's own store, which may never answer. */
export function boundStore(store: ChallengeStore): ChallengeStore {
  return {
    issue: (req, challenge) => within(store.issue(req, challenge)),
    consume: (req, state) => within(store.consume(req, state)),
    keepFor: (maxAge) => store.keepFor?.(maxAge),
  }
}

async function within<Answer>(answer: Promise<Answer>): Promise<Answer> {
  let callOff = (): void => undefined
  const late = new Promise<never>((_, reject) => {
    const tooLate = (): void =>
      reject(new Error(`The challenge store did not answer within ${STORE_TIMEOUT} ms`))
    callOff = afterQuiet(STORE_TIMEOUT, tooLate)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    callOff()
  }
}
