import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EndpointHealth } from '../../lib/rpc/circuit-breaker'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

const fail = (health: EndpointHealth, index: number, times: number): void => {
  for (let time = 0; time < times; time++) health.failed(index)
}

describe('EndpointHealth', () => {
  it('asks in the order of preference, and knows of no failure at first', () => {
    const health = new EndpointHealth(3)
    expect(health.order()).toEqual([0, 1, 2])
    expect([0, 1, 2].map((index) => health.keepsFailing(index))).toEqual([false, false, false])
  })

  it('takes the third failure in a row for a habit, and not the second', () => {
    const health = new EndpointHealth(2)
    fail(health, 0, 2)
    expect([health.order(), health.keepsFailing(0)]).toEqual([[0, 1], false])
    fail(health, 0, 1)
    expect([health.order(), health.keepsFailing(0)]).toEqual([[1, 0], true])
  })

  it('forgets failures at the first success', () => {
    const health = new EndpointHealth(2)
    fail(health, 0, 2)
    health.succeeded(0)
    fail(health, 0, 2)
    expect(health.order()).toEqual([0, 1])
    fail(health, 0, 1)
    health.succeeded(0)
    expect([health.order(), health.keepsFailing(0)]).toEqual([[0, 1], false])
  })

  it('asks it last for 30 seconds, and then lets a single login try it again in its place', () => {
    const health = new EndpointHealth(2)
    fail(health, 0, 3)
    vi.advanceTimersByTime(29_999)
    expect(health.order()).toEqual([1, 0])
    vi.advanceTimersByTime(1)
    expect(health.order()).toEqual([0, 1])
    expect(health.order()).toEqual([1, 0])
    vi.advanceTimersByTime(29_999)
    expect(health.order()).toEqual([1, 0])
    vi.advanceTimersByTime(1)
    expect(health.order()).toEqual([0, 1])
  })

  it('counts the 30 seconds from the latest failure', () => {
    const health = new EndpointHealth(2)
    fail(health, 0, 3)
    vi.advanceTimersByTime(20_000)
    fail(health, 0, 1)
    vi.advanceTimersByTime(20_000)
    expect(health.order()).toEqual([1, 0])
    vi.advanceTimersByTime(10_000)
    expect(health.order()).toEqual([0, 1])
  })

  it('keeps the order of preference among those that keep failing', () => {
    const health = new EndpointHealth(4)
    fail(health, 2, 3)
    fail(health, 0, 3)
    expect(health.order()).toEqual([1, 3, 0, 2])
  })
})
