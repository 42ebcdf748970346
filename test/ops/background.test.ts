// Background work with time that stands still: when a task runs again, that it never runs twice at once, and that it is
// tried again for ever.
import { describe, expect, test } from 'vitest'
import { addSeconds } from '../../src/domain/clock.ts'
import { type BackgroundWork, startBackground } from '../../src/ops/background.ts'
import { heldTime, type HeldTime } from './time.ts'

interface Watched {
  readonly time: HeldTime
  readonly work: BackgroundWork
  readonly failures: unknown[]
  runs: number
}

/** Each run takes the next of `nexts`: seconds until it wants to be called again, or an error; the last one stays. */
function start(...nexts: readonly (number | Error)[]): Watched {
  const time = heldTime()
  const failures: unknown[] = []
  const watched = { time, failures, runs: 0 }
  const task = async (): Promise<Date> => {
    const next = nexts[Math.min(watched.runs, nexts.length - 1)] ?? 0
    watched.runs += 1
    if (next instanceof Error) throw next
    return addSeconds(time.now(), next)
  }
  const work = startBackground(task, { clock: time, timer: time, onFailure: (error) => failures.push(error) })
  return Object.assign(watched, { work })
}

describe('startBackground', () => {
  test('runs at once, then when the task said, and not before', async () => {
    const watched = start(30)
    await watched.time.pass(0)
    expect(watched.runs).toBe(1)
    await watched.time.pass(29_999)
    expect(watched.runs).toBe(1)
    await watched.time.pass(1)
    expect(watched.runs).toBe(2)
  })

  test('what sleeps long is not run meanwhile', async () => {
    const watched = start(3600)
    for (let minute = 0; minute < 59; minute += 1) await watched.time.pass(60_000)
    await watched.time.pass(59_999)
    expect(watched.runs).toBe(1)
    await watched.time.pass(1)
    await watched.time.pass(0)
    expect(watched.runs).toBe(2)
  })

  test('a clock that is set forward is noticed within a minute', async () => {
    const watched = start(86_400)
    await watched.time.pass(30_000)
    watched.time.setForward(86_400_000)
    await watched.time.pass(29_999)
    expect(watched.runs).toBe(1)
    await watched.time.pass(1)
    await watched.time.pass(0)
    expect(watched.runs).toBe(2)
  })

  test('a clock that is set back does not run it early', async () => {
    const watched = start(90)
    await watched.time.pass(60_000)
    watched.time.setForward(-20_000)
    await watched.time.pass(30_000)
    await watched.time.pass(0)
    expect(watched.runs).toBe(1)
    await watched.time.pass(20_000)
    await watched.time.pass(0)
    expect(watched.runs).toBe(2)
  })

  test('woken or stopped after a minute of sleep, nothing is left of it', async () => {
    const watched = start(3600)
    await watched.time.pass(60_000)
    watched.work.wake()
    await watched.time.pass(0)
    expect({ runs: watched.runs, pending: watched.time.pending }).toEqual({ runs: 2, pending: 1 })
    await watched.time.pass(60_000)
    await watched.work.stop()
    expect(watched.time.pending).toBe(0)
  })

  test('an instant that has passed means at once', async () => {
    const watched = start(-10, 3600)
    await watched.time.pass(0)
    await watched.time.pass(0)
    expect(watched.runs).toBe(2)
  })

  test('a failure is told, and tried again after 1, 2, 4 s … and at most a minute', async () => {
    const watched = start(new Error('down'))
    await watched.time.pass(0)
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      const before = watched.runs
      await watched.time.pass(seconds * 1000 - 1)
      expect(watched.runs).toBe(before)
      await watched.time.pass(1)
      expect(watched.runs).toBe(before + 1)
    }
    expect(watched.failures).toHaveLength(9)
  })

  test('after a success the first retry is short again', async () => {
    const watched = start(new Error('down'), new Error('down'), 10, new Error('down'), 3600)
    for (const seconds of [0, 1, 2, 10, 1]) await watched.time.pass(seconds * 1000)
    expect(watched.runs).toBe(5)
  })

  test('woken, it runs at once and forgets when it meant to', async () => {
    const watched = start(30)
    await watched.time.pass(0)
    watched.work.wake()
    await watched.time.pass(0)
    expect(watched.runs).toBe(2)
    expect(watched.time.pending).toBe(1)
  })

  test('never twice at once: woken while it runs, it runs once more right after', async () => {
    const time = heldTime()
    let [runs, atOnce] = [0, 0]
    const ends: (() => void)[] = []
    const task = async (): Promise<Date> => {
      runs += 1
      atOnce += 1
      expect(atOnce).toBe(1)
      await new Promise<void>((end) => ends.push(end))
      atOnce -= 1
      return addSeconds(time.now(), 30)
    }
    const work = startBackground(task, { clock: time, timer: time, onFailure: () => undefined })
    for (let i = 0; i < 5; i += 1) work.wake()
    await time.pass(0)
    expect(runs).toBe(1)
    ends.shift()?.()
    await time.pass(0)
    expect(runs).toBe(2)
    ends.shift()?.()
    await time.pass(0)
    expect(runs).toBe(2)
  })

  test('stopped, it waits for the run that goes on, and begins none', async () => {
    const time = heldTime()
    const ended = Promise.withResolvers<undefined>()
    let runs = 0
    const task = async (): Promise<Date> => {
      runs += 1
      await ended.promise
      return time.now()
    }
    const work = startBackground(task, { clock: time, timer: time, onFailure: () => undefined })
    let hasStopped = false
    const stopping = work.stop().then(() => (hasStopped = true))
    work.wake()
    await time.pass(60_000)
    expect(hasStopped).toBe(false)
    ended.resolve(undefined)
    await stopping
    await time.pass(120_000)
    expect({ runs, pending: time.pending }).toEqual({ runs: 1, pending: 0 })
  })

  test('stopped while it sleeps, nothing is left', async () => {
    const watched = start(30)
    await watched.time.pass(0)
    await watched.work.stop()
    watched.work.wake()
    await watched.time.pass(120_000)
    expect({ runs: watched.runs, pending: watched.time.pending }).toEqual({ runs: 1, pending: 0 })
  })
})
