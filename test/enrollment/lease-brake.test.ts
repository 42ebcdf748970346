// The two pure parts of rule 25: how far the lease clock goes, and when ending pauses. Both sides of every boundary.
import { describe, expect, test } from 'vitest'
import { judgeLapses } from '../../src/enrollment/lease-brake.ts'
import { LeaseClock, LONGEST_STEP_MILLISECONDS } from '../../src/enrollment/lease-clock.ts'

const POLICY = { brakeJobs: 10, brakePercent: 20, brakeWindowSeconds: 60, pauseSeconds: 3600 }
const HOUR = 3_600_000

describe('the brake', () => {
  test.each([
    ['ten of ten', 10, 0, 10, undefined, 0, 'end'],
    ['eleven of eleven', 11, 0, 11, undefined, 0, 'pause'],
    ['a fifth', 20, 0, 100, undefined, 0, 'end'],
    ['over a fifth', 21, 0, 100, undefined, 0, 'pause'],
    ['a few, after many', 1, 10, 40, undefined, 0, 'pause'],
    ['none, after many', 0, 50, 50, undefined, 0, 'end'],
    ['many, paused', 30, 0, 100, 0, HOUR - 1, 'wait'],
    ['many, paused for an hour', 30, 0, 100, 0, HOUR, 'resume'],
    ['few again, paused', 20, 0, 100, 0, 1000, 'resume'],
  ] as const)('rule 25: %s', (_, lapsed, ended, active, pausedAt, clock, verdict) => {
    const state = { clock, releasedUntil: 0, ...(pausedAt === undefined ? {} : { pausedAt }) }
    expect(judgeLapses(state, { lapsed, ended }, active, POLICY)).toBe(verdict)
  })
})

describe('the lease clock', () => {
  /** One look at the clock `clock` at the monotonic instant `at`; gives what the clock is after it. */
  const look = (leases: LeaseClock, clock: number, at: number): number => {
    const next = leases.next({ clock }, at)
    leases.saw(next, at)
    return next
  }

  test('rule 25: counts the time between two looks, and no longer one', () => {
    const leases = new LeaseClock(0, 0)
    expect(look(leases, 5000, 1000)).toBe(5000)
    expect(look(leases, 5000, 1500)).toBe(5500)
    expect(look(leases, 5500, 1500 + LONGEST_STEP_MILLISECONDS)).toBe(8000)
    expect(look(leases, 8000, 4001 + LONGEST_STEP_MILLISECONDS)).toBe(8000)
  })

  test('rule 25: stands still in the grace after a start, and after a gap', () => {
    const leases = new LeaseClock(15, 0)
    const walk = (from: number, seconds: number): number => {
      let clock = 0
      for (let at = from; at <= from + seconds * 1000; at += 1000) clock = look(leases, clock, at)
      return clock
    }
    expect(walk(0, 15)).toBe(1000)
    expect(walk(600_000, 15)).toBe(1000)
  })

  test('rule 25, rule 29: what another process has counted is not counted twice', () => {
    const [one, other] = [new LeaseClock(0, 0), new LeaseClock(0, 0)]
    let clock = 0
    for (let at = 0; at <= 10_000; at += 500) {
      clock = look(one, clock, at)
      clock = look(other, clock, at + 100)
    }
    expect(clock).toBeLessThanOrEqual(10_100)
    expect(clock).toBeGreaterThan(9000)
  })

  test('a monotonic clock of another machine says nothing', () => {
    const leases = new LeaseClock(0, 1e9)
    look(leases, 0, 1e9)
    expect(look(leases, 0, 1e9 - 5)).toBe(0)
  })
})
