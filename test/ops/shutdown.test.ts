import { beforeEach, describe, expect, test } from 'vitest'
import { AlreadyStopping, Shutdown } from '../../src/ops/shutdown.ts'
import { type HeldTime, heldTime } from './time.ts'

let time: HeldTime
let shutdown: Shutdown
let events: string[]

beforeEach(() => {
  time = heldTime()
  shutdown = new Shutdown(time)
  events = []
})

/** Closes when the test says so. */
function accepting(name: string): { name: string; close: () => Promise<void>; force: () => void; finish: () => void } {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  return {
    name,
    close: async () => {
      events.push(`close ${name}`)
      await promise
      events.push(`closed ${name}`)
    },
    force: () => void events.push(`force ${name}`),
    finish: () => resolve(undefined),
  }
}

test('stages in their order, whatever order they were added in; one stage at once', async () => {
  const [http, https, database] = [accepting('http'), accepting('https'), accepting('database')]
  shutdown.add('storage', database)
  shutdown.add('work', { name: 'schedules', close: () => void events.push('close schedules') })
  shutdown.add('listeners', http)
  shutdown.add('listeners', https)
  const stopped = shutdown.stop()
  await time.pass(0)
  expect(events).toEqual(['close http', 'close https'])
  https.finish()
  await time.pass(7999)
  expect(events.slice(2)).toEqual(['closed https'])
  http.finish()
  await time.pass(0)
  expect(events.slice(3)).toEqual(['closed http', 'close schedules', 'close database'])
  database.finish()
  expect(await stopped).toEqual({ forced: [], failed: [] })
  expect(time.pending).toBe(0)
})

describe('what outstays its time is forced', () => {
  test.each([
    ['listeners', 8],
    ['work', 9],
    ['storage', 10],
  ] as const)('%s after %i seconds', async (stage, seconds) => {
    shutdown.add(stage, accepting('slow'))
    const stopped = shutdown.stop()
    await time.pass(seconds * 1000 - 1)
    expect(events).toEqual(['close slow'])
    await time.pass(1)
    expect(events).toEqual(['close slow', 'force slow'])
    expect(await stopped).toEqual({ forced: ['slow'], failed: [] })
  })

  test('all of it within ten seconds, storage too', async () => {
    for (const stage of ['listeners', 'work', 'storage'] as const) shutdown.add(stage, accepting(stage))
    const stopped = shutdown.stop()
    await time.pass(10_000)
    expect(await stopped).toEqual({ forced: ['listeners', 'work', 'storage'], failed: [] })
    expect(events.filter((event) => event.startsWith('close '))).toEqual([
      'close listeners',
      'close work',
      'close storage',
    ])
  })

  test('also what has no way to be forced', async () => {
    shutdown.add('work', { name: 'stuck', close: () => new Promise(() => undefined) })
    const stopped = shutdown.stop()
    await time.pass(9_000)
    expect(await stopped).toEqual({ forced: ['stuck'], failed: [] })
  })
})

test('a failure keeps nothing else from closing', async () => {
  const broken = new Error('broken')
  const fail = (): never => {
    throw broken
  }
  shutdown.add('listeners', { name: 'throws', close: fail })
  shutdown.add('listeners', { name: 'rejects', close: () => Promise.reject(broken) })
  shutdown.add('work', { name: 'cannot be forced', close: () => new Promise(() => undefined), force: fail })
  shutdown.add('storage', { name: 'database', close: () => void events.push('close database') })
  const stopped = shutdown.stop()
  await time.pass(9_000)
  const { forced, failed } = await stopped
  expect(forced).toEqual(['cannot be forced'])
  expect(failed.map(({ name }) => name).sort()).toEqual(['cannot be forced', 'rejects', 'throws'])
  expect(failed.every(({ error }) => error === broken)).toBe(true)
  expect(events).toEqual(['close database'])
})

test('a second stop is the first one', async () => {
  const database = accepting('database')
  shutdown.add('storage', database)
  expect(shutdown.stopping).toBe(false)
  const first = shutdown.stop()
  expect(shutdown.stopping).toBe(true)
  expect(shutdown.stop()).toBe(first)
  database.finish()
  await first
  expect(shutdown.stop()).toBe(first)
  expect(events).toEqual(['close database', 'closed database'])
})

test('nothing is added to a stop that has begun', async () => {
  await shutdown.stop()
  expect(() => shutdown.add('work', { name: 'late', close: () => undefined })).toThrow(AlreadyStopping)
})

test('without anything to close it is over at once', async () => {
  expect(await shutdown.stop()).toEqual({ forced: [], failed: [] })
  expect(time.pending).toBe(0)
})
