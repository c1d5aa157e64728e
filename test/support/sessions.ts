import { MemoryStore } from 'express-session'
import type { SessionData } from 'express-session'
import { expect } from 'vitest'
import { Browser } from './app'

/** Real sessions, with a store whose writes can be delayed or fail. */
export class TroubledSessions extends MemoryStore {
  saved = 0
  touched = 0
  failure: Error | undefined
  /** Each is the outcome of one write. */
  readonly failures: Error[] = []
  /** Writes wait for this promise. */
  held: Promise<void> = Promise.resolve()

  override set(id: string, data: SessionData, callback?: (error?: unknown) => void): void {
    this.saved++
    const failure = this.failures.shift() ?? this.failure
    void this.held.then(() => (failure ? callback?.(failure) : super.set(id, data, callback)))
  }

  override touch(id: string, data: SessionData, callback?: () => void): void {
    this.touched++
    super.touch(id, data, callback)
  }
}

/**
 * The responses to a new and a known visitor of an application whose sessions fail while a challenge is
 * issued.
 */
export async function expectSavedFirst(url: string, sessions: TroubledSessions): Promise<void> {
  let release = (): void => undefined
  sessions.held = new Promise((resolve) => (release = resolve))
  const browser = new Browser(url)
  let answered = false
  const waiting = browser.request('/login/near/challenge').finally(() => (answered = true))
  await expect.poll(() => sessions.saved).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(answered).toBe(false)
  release()
  expect((await waiting).status).toBe(200)
  expect([sessions.saved, sessions.touched]).toEqual([1, 0])

  sessions.failure = new Error('the disk is full')
  const failed = await new Browser(url).request('/login/near/challenge')
  expect(failed.status).toBe(503)
  expect(await failed.json()).toMatchObject({ code: 'ERR_NEAR_STORE_FAILED' })
}
