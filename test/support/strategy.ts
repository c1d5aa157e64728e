import type { ChallengeStore, NearStrategy, StoredChallenge } from 'passport-near'
import { storedChallenge } from './challenge'

/** The outcome that the strategy gave Passport. */
export type Outcome =
  | { action: 'success'; user: unknown; info: unknown }
  | { action: 'fail'; info: { code?: string; message?: string } | undefined; status: number | undefined }
  | { action: 'error'; error: { code?: string; status?: number; message: string; cause?: unknown } }

/**
 * Uses a strategy like Passport: on an object that inherits from it. Every outcome is recorded, not only the
 * first.
 */
export function runStrategy(
  strategy: NearStrategy,
  req: object,
): { outcomes: Outcome[]; first: Promise<Outcome> } {
  const outcomes: Outcome[] = []
  const instance = Object.create(strategy) as NearStrategy
  const first = new Promise<Outcome>((resolve) => {
    const settle = (outcome: Outcome): void => {
      outcomes.push(outcome)
      resolve(outcome)
    }
    instance.success = (user, info) => settle({ action: 'success', user, info })
    instance.fail = (info, status) => settle({ action: 'fail', info: info as { code: string }, status })
    instance.error = (error) => settle({ action: 'error', error: error as { message: string } })
  })
  instance.authenticate(req)
  return { outcomes, first }
}

export async function authenticate(strategy: NearStrategy, req: object): Promise<Outcome> {
  return runStrategy(strategy, req).first
}

/** A store that returns one challenge for every state and purpose, and counts the calls. */
export function recordedStore(challenge: Partial<StoredChallenge>): ChallengeStore & { consumed: number } {
  return {
    consumed: 0,
    async issue() {},
    async consume(_req, state, purpose) {
      this.consumed++
      return storedChallenge(state ?? 'recorded', { nonce: '', message: '', purpose, ...challenge })
    },
  }
}
