import {
  NearStrategy,
  nearApiAccessKeys,
  type AccessKeySource,
  type ChallengeStore,
  type StoredChallenge,
} from 'passport-near'

/** A custom store. */
export class MemoryStore implements ChallengeStore {
  readonly #kept = new Map<string, StoredChallenge>()

  async issue(_req: object, challenge: StoredChallenge): Promise<void> {
    this.#kept.set(challenge.state, challenge)
  }

  async consume(_req: object, state: string | undefined): Promise<StoredChallenge | undefined> {
    const challenge = state === undefined ? undefined : this.#kept.get(state)
    if (challenge) this.#kept.delete(challenge.state)
    return challenge
  }
}

const keys: AccessKeySource = {
  permission: async (accountId, publicKey, { signal }) =>
    signal.aborted || !accountId || !publicKey ? undefined : 'FullAccess',
}
export const withKeys = new NearStrategy(
  { recipient: 'app.example.com', accessKeys: keys, store: new MemoryStore() },
  (profile, done) => done(null, profile),
)
export const fromProvider = nearApiAccessKeys
