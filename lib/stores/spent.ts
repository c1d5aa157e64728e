import { randomBytes } from 'node:crypto'

/** Challenges that were issued one after the other share a page: a bit for each. */
const PAGE_SIZE = 8192

interface Page {
  readonly bits: Uint8Array
  /** When nobody can use the latest of its challenges any more, in milliseconds since 1970. */
  forgetAt: number
}

/**
 * Remembers which challenges have been spent in this process until they are too old to be used.
 *
 * Each challenge that is issued here gets a serial number, and the record is one bit of that: a million logins within
 * the life of a challenge take 125 kB. Challenges that another process issued are remembered by their `state`.
 */
export class SpentChallenges {
  /** Tells the serial numbers of this record from those of others. */
  readonly #prefix = `${randomBytes(6).toString('base64url')}.`
  #lastNumber = -1
  readonly #pages = new Map<number, Page>()
  /** With the time when each may be forgotten; in the order of their being spent. */
  readonly #states = new Map<string, number>()

  /** A serial number for a challenge that is issued now, and can be used for `maxAge` milliseconds. */
  nextSerial(): string {
    this.#lastNumber++
    return this.#prefix + String(this.#lastNumber)
  }

  has(state: string, serial: unknown): boolean {
    const number = this.#numberOf(serial)
    if (number === undefined) return this.#states.has(state)
    const page = this.#pages.get(Math.floor(number / PAGE_SIZE))
    return page !== undefined && (page.bits[byteOf(number)]! & bitOf(number)) !== 0
  }

  /** @param lifetime - how long from now the challenge could have been used, at the most, in milliseconds */
  add(state: string, serial: unknown, lifetime: number): void {
    const now = Date.now()
    const forgetAt = now + lifetime
    const number = this.#numberOf(serial)
    if (number === undefined) {
      this.#forgetStates(now)
      this.#states.set(state, forgetAt)
      return
    }
    const page = this.#page(Math.floor(number / PAGE_SIZE), now)
    page.forgetAt = forgetAt
    page.bits[byteOf(number)]! |= bitOf(number)
  }

  /** @returns undefined where the serial number is none of this record's */
  #numberOf(serial: unknown): number | undefined {
    if (typeof serial !== 'string' || !serial.startsWith(this.#prefix)) return undefined
    const number = Number(serial.slice(this.#prefix.length))
    return Number.isInteger(number) && number >= 0 && number <= this.#lastNumber ? number : undefined
  }

  #page(index: number, now: number): Page {
    const known = this.#pages.get(index)
    if (known) return known
    for (const [other, { forgetAt }] of this.#pages) {
      if (forgetAt <= now) this.#pages.delete(other)
    }
    const page = { bits: new Uint8Array(PAGE_SIZE / 8), forgetAt: 0 }
    this.#pages.set(index, page)
    return page
  }

  #forgetStates(now: number): void {
    for (const [state, forgetAt] of this.#states) {
      if (forgetAt > now) break
      this.#states.delete(state)
    }
  }
}

const byteOf = (number: number): number => (number % PAGE_SIZE) >> 3
const bitOf = (number: number): number => 1 << (number & 7)
