import type { ChallengeStore, StoredChallenge } from 'passport-near'
import { challengeStoreContract, type SessionRequest } from 'passport-near/testing'
import { describe, expect, it } from 'vitest'

type Kept = StoredChallenge & { session: string }

/** A correct store, in memory; processes share it. Each broken store below has one bug. */
class GoodStore implements ChallengeStore {
  constructor(protected kept: Kept[]) {}

  protected name(req: object): string {
    const { sessionID, session } = req as SessionRequest
    if (!sessionID) throw new Error('no session')
    session.seen = true
    return sessionID
  }

  async issue(req: object, challenge: StoredChallenge): Promise<void> {
    const session = this.name(req)
    this.kept.push({ ...challenge, session })
    const theirs = this.kept.filter((kept) => kept.session === session)
    if (theirs.length > 8) this.remove(theirs[0]!)
  }

  async consume(
    req: object,
    state: string | undefined,
    purpose: string,
  ): Promise<StoredChallenge | undefined> {
    const session = this.name(req)
    const found = this.kept.findLast(
      (kept) =>
        kept.session === session && (state === undefined ? kept.purpose === purpose : kept.state === state),
    )
    if (found) this.remove(found)
    return found
  }

  protected remove(challenge: Kept): void {
    this.kept.splice(this.kept.indexOf(challenge), 1)
  }
}

/** Runs the contract and returns the titles of the tests that failed. */
async function failures(
  createStore: (kept: Kept[]) => ChallengeStore,
  options: { survivesLogin?: boolean } = {},
): Promise<string[]> {
  const kept: Kept[] = []
  const tests: [string, () => Promise<void>][] = []
  challengeStoreContract({
    test: (title, run) => tests.push([title, run]),
    createStore: () => createStore(kept),
    ...options,
  })
  const failed: string[] = []
  for (const [title, run] of tests) {
    await run().catch(() => failed.push(title))
  }
  return failed
}

describe('the store contract', () => {
  it('accepts a correct store', async () => {
    expect(await failures((kept) => new GoodStore(kept))).toEqual([])
  })

  it.each<[string, (kept: Kept[]) => ChallengeStore, string[]]>([
    [
      'forgets the callback URL',
      (kept) =>
        new (class extends GoodStore {
          override async consume(...args: Parameters<ChallengeStore['consume']>) {
            const found = await super.consume(...args)
            return found && { ...found, callbackUrl: null }
          }
        })(kept),
      ['returns a challenge unchanged'],
    ],
    [
      'consumes no challenge',
      (kept) =>
        new (class extends GoodStore {
          protected override remove() {}
        })(kept),
      [
        'returns a challenge once',
        'returns the latest challenge without a state, then the previous one',
        'returns the latest challenge of the requested purpose',
        'keeps the latest 8 challenges of a session; the oldest is evicted',
        'returns a challenge to one of 20 concurrent requests',
        'returns in one process a challenge from another',
        'returns a challenge to one of 20 concurrent requests to two processes',
      ],
    ],
    [
      'gives the oldest first',
      (kept) =>
        new (class extends GoodStore {
          override async consume(req: object, state: string | undefined, purpose: string) {
            const oldest = this.kept.find(
              (each) => each.session === this.name(req) && each.purpose === purpose,
            )
            return super.consume(req, state ?? oldest?.state, purpose)
          }
        })(kept),
      ['returns the latest challenge without a state, then the previous one'],
    ],
    [
      'keeps one for each session',
      (kept) =>
        new (class extends GoodStore {
          override async issue(req: object, challenge: StoredChallenge) {
            const session = this.name(req)
            for (const each of this.kept.filter((kept) => kept.session === session)) this.remove(each)
            return super.issue(req, challenge)
          }
        })(kept),
      [
        'returns the latest challenge without a state, then the previous one',
        'returns the challenges of several tabs, in any order',
        'returns the latest challenge of the requested purpose',
        'returns the challenges of other tabs after several logins, or none of them',
        'keeps a challenge until its expiry, even if a later challenge expires sooner',
        'keeps the latest 8 challenges of a session; the oldest is evicted',
        'keeps the purpose and the user of a challenge when Passport replaces the session at login',
        'keeps the challenges that one browser requests in several tabs concurrently',
      ],
    ],
    [
      'keeps any number',
      (kept) =>
        new (class extends GoodStore {
          override async issue(req: object, challenge: StoredChallenge) {
            this.kept.push({ ...challenge, session: this.name(req) })
          }
        })(kept),
      ['keeps the latest 8 challenges of a session; the oldest is evicted'],
    ],
    [
      'throws for unusual characters, as a database may',
      (kept) =>
        new (class extends GoodStore {
          override async consume(req: object, state: string | undefined, purpose: string) {
            if (state?.includes('\0')) throw new Error('invalid byte sequence for encoding "UTF8": 0x00')
            return super.consume(req, state, purpose)
          }
        })(kept),
      ['returns undefined for an unknown state with any characters, and consumes no challenge'],
    ],
    [
      'looks up the state alone',
      (kept) =>
        new (class extends GoodStore {
          override async consume(req: object, state: string | undefined, purpose: string) {
            const named = this.kept.find((each) => each.state === state)
            return super.consume(named ? { sessionID: named.session, session: {} } : req, state, purpose)
          }
        })(kept),
      ['returns no challenge to another browser, with its state or without'],
    ],
    [
      'accepts a request without a session',
      (kept) =>
        new (class extends GoodStore {
          protected override name(req: object) {
            return (req as Partial<SessionRequest>).sessionID ? super.name(req) : 'none'
          }
        })(kept),
      ['rejects a request without a session'],
    ],
    [
      'leaves a new session empty',
      (kept) =>
        new (class extends GoodStore {
          protected override name(req: object) {
            const { sessionID } = req as Partial<SessionRequest>
            if (!sessionID) throw new Error('no session')
            return sessionID
          }
        })(kept),
      ['initializes a new session, so that it is saved and the browser gets its cookie'],
    ],
    [
      'reads first, and deletes later',
      (kept) =>
        new (class extends GoodStore {
          override async consume(req: object, state: string | undefined, purpose: string) {
            const session = this.name(req)
            const found = this.kept.findLast(
              (each) =>
                each.session === session &&
                (state === undefined ? each.purpose === purpose : each.state === state),
            )
            await new Promise(setImmediate)
            if (found && this.kept.includes(found)) this.remove(found)
            return found
          }
        })(kept),
      [
        'returns a challenge to one of 20 concurrent requests',
        'returns a challenge to one of 20 concurrent requests to two processes',
      ],
    ],
    [
      'lets all challenges of a session expire with the latest issued',
      (kept) =>
        new (class extends GoodStore {
          override async consume(req: object, state: string | undefined, purpose: string) {
            const session = this.name(req)
            const latest = this.kept.findLast((each) => each.session === session)
            const found = await super.consume(req, state, purpose)
            return latest && Date.now() > latest.expiresAt ? undefined : found
          }
        })(kept),
      ['keeps a challenge until its expiry, even if a later challenge expires sooner'],
    ],
    [
      'drops the purpose and the user',
      (kept) =>
        new (class extends GoodStore {
          override async consume(...args: Parameters<ChallengeStore['consume']>) {
            const found = await super.consume(args[0], args[1], args[2])
            return (
              found && ({ ...found, purpose: undefined, issuedTo: undefined } as unknown as StoredChallenge)
            )
          }
        })(kept),
      ['returns a challenge unchanged'],
    ],
    [
      'ignores the purpose',
      (kept) =>
        new (class extends GoodStore {
          override async consume(req: object, state: string | undefined) {
            const latest = this.kept.findLast(({ session }) => session === this.name(req))
            return super.consume(req, state ?? latest?.state, '')
          }
        })(kept),
      ['returns the latest challenge of the requested purpose'],
    ],
    [
      'gives a challenge to the user who signs in',
      (kept) =>
        new (class extends GoodStore {
          readonly #first = new Map<string, string>()
          protected override name(req: object) {
            const { session, sessionID } = req as SessionRequest
            const id = super.name(req)
            const regenerate = session.regenerate as (callback: () => void) => void
            session.regenerate = (callback: () => void) =>
              regenerate(() => {
                this.#first.set((req as SessionRequest).sessionID, this.#first.get(sessionID) ?? sessionID)
                for (const each of this.kept) each.issuedTo = 'a user'
                callback()
              })
            return this.#first.get(id) ?? id
          }
        })(kept),
      ['keeps the purpose and the user of a challenge when Passport replaces the session at login'],
    ],
    [
      'keeps its challenges to its own process',
      () => new GoodStore([]),
      [
        'returns in one process a challenge from another',
        'keeps the challenges that one browser requests in several tabs concurrently',
      ],
    ],
  ])('rejects a store that %s', async (_, createStore, expected) => {
    expect((await failures(createStore)).sort()).toEqual(expected.sort())
  })

  it('requires the challenges of other tabs after a login when the store promises them', async () => {
    expect(await failures((kept) => new GoodStore(kept), { survivesLogin: true })).toEqual([
      'keeps the purpose and the user of a challenge when Passport replaces the session at login',
      'returns the challenges of other tabs after several logins, or none of them',
    ])
  })
})
