import { afterAll, expect, vi } from 'vitest'

// Files share a worker: a global that one file leaves changed would change the tests of the next file.

const GLOBALS = ['Buffer', 'fetch', 'history', 'location', 'performance', 'sessionStorage'] as const

const snapshot = (): object => ({
  directory: process.cwd(),
  environment: { ...process.env },
  fakeTimers: vi.isFakeTimers(),
  globals: Object.fromEntries(GLOBALS.map((name) => [name, Reflect.get(globalThis, name) as unknown])),
  unhandledRejection: process.listenerCount('unhandledRejection'),
})

const before = snapshot()

afterAll(() => {
  const after = snapshot()
  vi.useRealTimers()
  expect(after, 'what the file left changed').toEqual(before)
})
