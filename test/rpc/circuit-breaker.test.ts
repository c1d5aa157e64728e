import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CircuitBreaker } from '../../lib/rpc/circuit-breaker'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

const fail = (circuits: CircuitBreaker, index: number, times: number): void => {
  for (let time = 0; time < times; time++) circuits.recordFailure(index)
}

describe('CircuitBreaker', () => {
  it('keeps the order of preference, and starts without failures', () => {
    const circuits = new CircuitBreaker(3)
    expect(circuits.nextOrder()).toEqual([0, 1, 2])
    expect([0, 1, 2].map((index) => circuits.isOpen(index))).toEqual([false, false, false])
  })

  it('opens the circuit after three consecutive failures', () => {
    const circuits = new CircuitBreaker(2)
    fail(circuits, 0, 2)
    expect([circuits.nextOrder(), circuits.isOpen(0)]).toEqual([[0, 1], false])
    fail(circuits, 0, 1)
    expect([circuits.nextOrder(), circuits.isOpen(0)]).toEqual([[1, 0], true])
  })

  it('resets the failures at the first success', () => {
    const circuits = new CircuitBreaker(2)
    fail(circuits, 0, 2)
    circuits.recordSuccess(0)
    fail(circuits, 0, 2)
    expect(circuits.nextOrder()).toEqual([0, 1])
    fail(circuits, 0, 1)
    circuits.recordSuccess(0)
    expect([circuits.nextOrder(), circuits.isOpen(0)]).toEqual([[0, 1], false])
  })

  it('moves an endpoint to the end for 30 seconds, then lets a single login probe it in its place', () => {
    const circuits = new CircuitBreaker(2)
    fail(circuits, 0, 3)
    vi.advanceTimersByTime(29_999)
    expect(circuits.nextOrder()).toEqual([1, 0])
    vi.advanceTimersByTime(1)
    expect(circuits.nextOrder()).toEqual([0, 1])
    expect(circuits.nextOrder()).toEqual([1, 0])
    vi.advanceTimersByTime(29_999)
    expect(circuits.nextOrder()).toEqual([1, 0])
    vi.advanceTimersByTime(1)
    expect(circuits.nextOrder()).toEqual([0, 1])
  })

  it('counts the 30 seconds from the latest failure', () => {
    const circuits = new CircuitBreaker(2)
    fail(circuits, 0, 3)
    vi.advanceTimersByTime(20_000)
    fail(circuits, 0, 1)
    vi.advanceTimersByTime(20_000)
    expect(circuits.nextOrder()).toEqual([1, 0])
    vi.advanceTimersByTime(10_000)
    expect(circuits.nextOrder()).toEqual([0, 1])
  })

  it('keeps the order of preference among endpoints with an open circuit', () => {
    const circuits = new CircuitBreaker(4)
    fail(circuits, 2, 3)
    fail(circuits, 0, 3)
    expect(circuits.nextOrder()).toEqual([1, 3, 0, 2])
  })
})
