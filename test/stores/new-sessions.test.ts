import { RedisChallengeStore, SessionChallengeStore } from 'passport-near'
import { createClient } from 'redis'
import { afterEach, describe, expect, it } from 'vitest'
import { Browser, Cleanup, startApp } from '../support/app'
import { describeWithRedis, RedisServer } from '../support/redis'
import { expectSavedFirst, TroubledSessions } from '../support/sessions'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

describe('a new session of express-session', () => {
  it('is saved before the browser is told of its challenge', async () => {
    const sessions = new TroubledSessions()
    const { url } = await startApp(cleanup, { sessions })
    await expectSavedFirst(url, sessions)
  })

  it('is written once, as is one that is known already', async () => {
    const sessions = new TroubledSessions()
    const browser = new Browser((await startApp(cleanup, { sessions })).url)
    for (const saved of [1, 2, 3]) {
      await browser.challenge()
      expect([sessions.saved, sessions.touched]).toEqual([saved, 0])
    }
  })
})

describeWithRedis('a new session of express-session, with challenges in Redis', () => {
  it('is saved before the browser is told of its challenge', async () => {
    const client = createClient({ url: (await RedisServer.start(cleanup)).url })
    await client.connect()
    cleanup.add(() => client.destroy())
    const sessions = new TroubledSessions()
    const { url } = await startApp(cleanup, { sessions, near: { store: new RedisChallengeStore(client) } })
    await expectSavedFirst(url, sessions)
  })
})

describe('a session whose middleware saves it by itself', () => {
  const challenge = {
    state: 'a',
    nonce: Buffer.alloc(32).toString('base64'),
    message: 'm',
    issuedAt: Date.now(),
  }

  it.each([
    ['has no means of being saved', {}],
    ['is another’s than express-session’s', Object.create({ save: () => expect.unreachable() }) as object],
  ])('is left to it where it %s', async (_, session) => {
    const store = new SessionChallengeStore()
    await store.issue({ session }, challenge)
    expect(await store.consume({ session }, 'a')).toMatchObject({ state: 'a' })
  })
})
