import { randomBytes } from 'node:crypto'

/*
 * Problem: a session is read whole and written whole, so parallel requests all see a challenge, and an old cookie brings it back.
 * Mechanism: a record of the challenges that were consumed in this process, one bit for each.
 * Threat: a login that is sent again, at the same moment or later.
 */

/** Challenges with neighbouring serial numbers share a page, one bit for each. */
const PAGE_SIZE = 8192

interface Page {
  readonly bits: Uint8Array
  /** When the latest of its challenges expires. */
  expiresAt: number
}

/**
 * Remembers which challenges were consumed in this process until they expire.
 *
 * A challenge that is issued in this process gets a serial number. The record is one bit for each number: a million logins
 * within the life of a challenge take 125 kB. A challenge of another process is remembered by its `state`.
 */
export class ReplayCache {
  /** Tells the serial numbers of this cache from those of others. */
  readonly #prefix = `${randomBytes(6).toString('base64url')}.`
  #lastNumber = -1
  readonly #pages = new Map<number, Page>()
  /** With the time at which each expires, in the order in which they were consumed. */
  readonly #states = new Map<string, number>()
  readonly #now: () => number

  /** @param now - the clock that every `expiresAt` is measured by, in milliseconds */
  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  nextSerial(): string {
    this.#lastNumber++
    return this.#prefix + String(this.#lastNumber)
  }

  /** Whether the serial number is one of this cache: the challenge was issued in this process. */
  isOwn(serial: unknown): boolean {
    return this.#parseSerial(serial) !== undefined
  }

  isConsumed(state: string, serial: unknown): boolean {
    const number = this.#parseSerial(serial)
    if (number === undefined) return this.#states.has(state)
    const page = this.#pages.get(Math.floor(number / PAGE_SIZE))
    return page !== undefined && (page.bits[byteOf(number)]! & bitOf(number)) !== 0
  }

  /** @param expiresAt - when the challenge can no longer be used, by the clock of this cache */
  consume(state: string, serial: unknown, expiresAt: number): void {
    const number = this.#parseSerial(serial)
    if (number === undefined) {
      this.#deleteExpiredStates()
      this.#states.set(state, expiresAt)
      return
    }
    const page = this.#page(Math.floor(number / PAGE_SIZE))
    page.expiresAt = Math.max(page.expiresAt, expiresAt)
    page.bits[byteOf(number)]! |= bitOf(number)
  }

  /** @returns undefined if the serial number is not of this cache */
  #parseSerial(serial: unknown): number | undefined {
    if (typeof serial !== 'string' || !serial.startsWith(this.#prefix)) return undefined
    const number = Number(serial.slice(this.#prefix.length))
    return Number.isInteger(number) && number >= 0 && number <= this.#lastNumber ? number : undefined
  }

  #page(index: number): Page {
    const existing = this.#pages.get(index)
    if (existing) return existing
    const now = this.#now()
    for (const [other, { expiresAt }] of this.#pages) {
      if (expiresAt <= now) this.#pages.delete(other)
    }
    const page = { bits: new Uint8Array(PAGE_SIZE / 8), expiresAt: 0 }
    this.#pages.set(index, page)
    return page
  }

  #deleteExpiredStates(): void {
    const now = this.#now()
    for (const [state, expiresAt] of this.#states) {
      if (expiresAt > now) break
      this.#states.delete(state)
    }
  }
}

const byteOf = (number: number): number => (number % PAGE_SIZE) >> 3
const bitOf = (number: number): number => 1 << (number & 7)

/** A bundler can load this module several times in one process: all copies use one cache. */
function shared(key: string, now?: () => number): ReplayCache {
  const caches = globalThis as Record<symbol, ReplayCache | undefined>
  return (caches[Symbol.for(key)] ??= new ReplayCache(now))
}

/** The one cache of this process, whatever the number of stores and strategies. */
export const processReplayCache = (): ReplayCache => shared('passport-near.replay-cache.1')

/** Milliseconds since the start of this process, by a clock that is never set. */
export const steadyNow = (): number => performance.now()

/** The one cache of this process for sealed challenges, which no store keeps. A clock that is set back makes none of them valid again. */
export const steadyReplayCache = (): ReplayCache => shared('passport-near.steady-replay-cache.1', steadyNow)
