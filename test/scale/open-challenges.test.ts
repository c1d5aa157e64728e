import { randomBytes } from 'node:crypto'
import { RedisChallengeStore, type StoredChallenge } from 'passport-near'
import { createClient } from 'redis'
import { afterAll, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { describeWithRedis, RedisServer, until } from '../support/redis'

const SESSIONS = 100_000
const PARALLEL = 200
/** Long enough to issue them all on a busy machine. */
const MAX_AGE = 25_000

const challenge = (): StoredChallenge => ({
  state: randomBytes(16).toString('base64url'),
  nonce: randomBytes(32).toString('base64'),
  message: 'Sign in to app.example.com with your NEAR account',
  callbackUrl: 'https://app.example.com/login/near/callback',
  issuedAt: Date.now(),
})

describeWithRedis(`${SESSIONS} open challenges, one in each session`, () => {
  const cleanup = new Cleanup()
  afterAll(() => cleanup.run())

  async function open() {
    const server = await RedisServer.start(cleanup)
    const client = createClient({ url: server.url })
    cleanup.add(() => client.destroy())
    await client.connect()
    const store = new RedisChallengeStore(client)
    store.keepFor(MAX_AGE)
    const bytes = async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))![1])
    return { client, store, bytes }
  }

  it('take at most 400 bytes each, slow nothing down, and are gone after challengeMaxAge', async () => {
    const [empty, full] = [await open(), await open()]
    const before = await full.bytes()
    const began = Date.now()
    let next = 0
    await Promise.all(
      Array.from({ length: PARALLEL }, async () => {
        while (next < SESSIONS) {
          await full.store.issue({ sessionID: `session-${next++}`, session: {} }, challenge())
        }
      }),
    )
    const issued = Date.now()
    const each = ((await full.bytes()) - before) / SESSIONS
    expect(await full.client.dbSize()).toBe(SESSIONS)
    expect(each).toBeLessThanOrEqual(400)

    const ratios = { issue: [] as number[], consume: [] as number[] }
    const medians = { issue: [] as number[], consume: [] as number[] }
    /** By turns, so that whatever else the machine does meets both. */
    for (let round = 0; round < 7; round++) {
      const times = { empty: { issue: [], consume: [] }, full: { issue: [], consume: [] } } as Record<
        'empty' | 'full',
        Record<'issue' | 'consume', number[]>
      >
      for (let login = 0; login < 300; login++) {
        for (const [name, { store }] of Object.entries({ empty, full }) as [
          'empty' | 'full',
          typeof full,
        ][]) {
          const req = { sessionID: randomBytes(16).toString('hex'), session: {} }
          const one = challenge()
          const start = performance.now()
          await store.issue(req, one)
          const middle = performance.now()
          await store.consume(req, one.state)
          times[name].issue.push(middle - start)
          times[name].consume.push(performance.now() - middle)
        }
      }
      for (const step of ['issue', 'consume'] as const) {
        ratios[step].push(median(times.full[step]) / median(times.empty[step]))
        medians[step].push(median(times.full[step]))
      }
    }
    console.log(
      `${SESSIONS} open challenges: ${each.toFixed(0)} bytes each; issued in ${issued - began} ms; ` +
        `issue ${median(medians.issue).toFixed(3)} ms (${median(ratios.issue).toFixed(2)} of an empty Redis), ` +
        `consume ${median(medians.consume).toFixed(3)} ms (${median(ratios.consume).toFixed(2)})`,
    )
    expect(median(ratios.issue)).toBeLessThanOrEqual(1.2)
    expect(median(ratios.consume)).toBeLessThanOrEqual(1.2)

    await new Promise((resolve) => setTimeout(resolve, Math.max(0, issued + MAX_AGE - Date.now())))
    // Redis looks for what has expired 10 times a second; what it has not found yet nobody can read.
    const anyone = await full.store.consume({ sessionID: `session-${SESSIONS - 1}`, session: {} }, undefined)
    expect(anyone).toBeUndefined()
    await until(async () => (await full.client.dbSize()) === 0)
    expect((await full.bytes()) - before).toBeLessThan(SESSIONS * 40)
  }, 180_000)
})

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
