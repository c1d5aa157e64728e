import assert from 'node:assert/strict'
import { createChallenge, isStoredChallenge, type StoredChallenge } from '../challenges/challenge'
import type { ChallengeStore } from '../challenges/challenge-store'
import { BrowserSession, type SessionRequest } from './browser-session'

/** How often one challenge is consumed in parallel, and by how many concurrent requests. */
const ROUNDS = 20
export const PARALLEL = 20

export const PURPOSE = 'near/sign-in'

/** A browser of the contract's tests. Each call is a request, whose session is saved at its end. @internal */
export class ContractBrowser {
  readonly session = new BrowserSession()

  constructor(readonly createRequest: (req: SessionRequest) => object) {}

  async request<Result>(work: (req: object, raw: SessionRequest) => Promise<Result>): Promise<Result> {
    const raw = this.session.request()
    try {
      return await work(this.createRequest(raw), raw)
    } finally {
      this.session.save(raw)
    }
  }

  async issue(store: ChallengeStore, given: Partial<StoredChallenge> = {}): Promise<StoredChallenge> {
    const challenge = { ...draw(), ...given }
    const handle = await this.request((req) => store.issue(req, challenge))
    return { ...challenge, state: handle ?? challenge.state }
  }

  consume(store: ChallengeStore, state: string | undefined, purpose = PURPOSE): Promise<Given> {
    return this.request((req) => store.consume(req, state, purpose))
  }
}

/** Consumes each of several challenges in parallel. Exactly one request must get it. */
export async function race(
  openBrowser: () => ContractBrowser,
  stores: readonly ChallengeStore[],
): Promise<void> {
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

export function draw(): StoredChallenge {
  return createChallenge({
    message: 'Sign in to app.example.com',
    callbackUrl: undefined,
    maxAge: 300_000,
    purpose: PURPOSE,
    issuedTo: null,
  })
}

export function regenerate({ session }: SessionRequest): Promise<void> {
  return new Promise((resolve) => (session.regenerate as (callback: () => void) => void)(resolve))
}

type Given = StoredChallenge | null | undefined

export function assertGiven(got: Given, state: string): asserts got is StoredChallenge {
  assert.ok(isStoredChallenge(got), 'the challenge must be given, and was not')
  assert.equal(got.state, state, 'the challenge that was asked for must be given, and not another')
}

export function assertNone(got: Given): void {
  assert.equal(got ?? undefined, undefined, 'no challenge must be given, and one was')
}
