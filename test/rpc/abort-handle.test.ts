import { expect, it, vi } from 'vitest'
import { AbortHandle } from '../../lib/rpc/abort-handle'

it('calls each listener once', () => {
  const handle = new AbortHandle()
  const first = vi.fn()
  const second = vi.fn()
  handle.onAbort(first)
  handle.onAbort(second)
  expect(handle.isAborted).toBe(false)
  expect(first).not.toHaveBeenCalled()

  handle.abort()
  handle.abort()
  expect(handle.isAborted).toBe(true)
  expect(first).toHaveBeenCalledOnce()
  expect(second).toHaveBeenCalledOnce()
})

it('calls a listener at once that comes after the abort', () => {
  const handle = new AbortHandle()
  handle.abort()
  const listener = vi.fn()
  handle.onAbort(listener)
  expect(listener).toHaveBeenCalledOnce()
})

it('does not call a listener that was removed, before the abort or by another listener', () => {
  const handle = new AbortHandle()
  const before = vi.fn()
  handle.onAbort(before)()
  const during = vi.fn()
  handle.onAbort(() => removeDuring())
  const removeDuring = handle.onAbort(during)

  handle.abort()
  expect(before).not.toHaveBeenCalled()
  expect(during).not.toHaveBeenCalled()
})

it('has aborted when its listeners are called', () => {
  const handle = new AbortHandle()
  const seen: boolean[] = []
  handle.onAbort(() => seen.push(handle.isAborted))
  handle.abort()
  expect(seen).toEqual([true])
})
