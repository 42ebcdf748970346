// Who asks at the same time shares one question, and there is at most one a second.
import { expect, test } from 'vitest'
import { Refresh } from '../../src/main/refresh.ts'

function started() {
  let now = 0
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = []
  const poll = (): Promise<void> => new Promise((resolve, reject) => ends.push({ resolve: () => resolve(), reject }))
  const clock = { now: () => new Date(0), monotonicMilliseconds: () => now }
  return { refresh: new Refresh(clock, poll), ends, pass: (milliseconds: number) => (now += milliseconds) }
}

test('all who ask at once share one question', async () => {
  const { refresh, ends, pass } = started()
  const asked = [refresh.run(), refresh.run()]
  pass(5000)
  asked.push(refresh.run())
  expect(ends).toHaveLength(1)
  ends[0]?.resolve()
  await Promise.all(asked)
})

test('once a second: a millisecond earlier nothing is asked', async () => {
  const { refresh, ends, pass } = started()
  const first = refresh.run()
  ends[0]?.resolve()
  await first
  pass(999)
  await refresh.run()
  expect(ends).toHaveLength(1)
  pass(1)
  const second = refresh.run()
  expect(ends).toHaveLength(2)
  ends[1]?.resolve()
  await second
})

test('a failure reaches all who waited, and the next second asks again', async () => {
  const { refresh, ends, pass } = started()
  const asked = [refresh.run(), refresh.run()]
  ends[0]?.reject(new Error('down'))
  for (const each of asked) await expect(each).rejects.toThrow('down')
  await refresh.run()
  expect(ends).toHaveLength(1)
  pass(1000)
  const again = refresh.run()
  ends[1]?.resolve()
  await again
})
