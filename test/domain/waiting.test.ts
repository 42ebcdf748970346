// Who waits is woken once, by whichever comes first, and nothing of it is left behind.
import { expect, test } from 'vitest'
import { Waiting } from '../../src/domain/waiting.ts'

/** What has resolved after everything that was due. */
async function settledOf(waits: Readonly<Record<string, Promise<void>>>): Promise<readonly string[]> {
  const settled: string[] = []
  for (const [name, wait] of Object.entries(waits)) void wait.then(() => settled.push(name))
  await new Promise(setImmediate)
  return settled
}

test('whoever waits is woken, and only once', async () => {
  const waiting = new Waiting()
  const { signal } = new AbortController()
  const [first, second] = [waiting.next(signal), waiting.next(signal)]
  expect(waiting.size).toBe(2)
  waiting.wake()
  const third = waiting.next(signal)
  expect(await settledOf({ first, second, third })).toEqual(['first', 'second'])
  expect(waiting.size).toBe(1)
})

test('what ends takes those alone that wait under it', async () => {
  const waiting = new Waiting()
  const [ends, stays] = [new AbortController(), new AbortController()]
  const [ending, staying] = [waiting.next(ends.signal), waiting.next(stays.signal)]
  ends.abort()
  expect(await settledOf({ ending, staying })).toEqual(['ending'])
  expect(waiting.size).toBe(1)
})

test('under a signal that has aborted nobody waits', async () => {
  const waiting = new Waiting()
  expect(await settledOf({ late: waiting.next(AbortSignal.abort()) })).toEqual(['late'])
  expect(waiting.size).toBe(0)
})

test('who waits again while being woken waits for the next time', async () => {
  const waiting = new Waiting()
  const { signal } = new AbortController()
  let again: Promise<void> | undefined
  const follower = waiting.next(signal).then(() => {
    again = waiting.next(signal)
  })
  waiting.wake()
  await follower
  expect(waiting.size).toBe(1)
  expect(await settledOf({ again: again ?? Promise.reject(new Error('not asked')) })).toEqual([])
})
