// What waits begins together, in its order, and never so much of it that the event loop stands still.
import { expect, test } from 'vitest'
import { nextTurn, Turns } from '../../src/domain/next-turn.ts'

const MOST = 8

const turn = (): Promise<undefined> => new Promise((over) => void setImmediate(over, undefined))

test('nothing begins before what has arrived is read, then all of it does in its order', async () => {
  const turns = new Turns(MOST)
  const begun: number[] = []
  for (const number of [1, 2, 3]) void turns.next().then(() => begun.push(number))
  await Promise.resolve()
  expect(begun).toEqual([])
  await turn()
  expect(begun).toEqual([1, 2, 3])
})

test('each turn of the event loop begins no more than so many, and all of them begin', async () => {
  const turns = new Turns(MOST)
  let begun = 0
  const all = Array.from({ length: 3 * MOST - 1 }, () => turns.next().then(() => (begun += 1)))
  const after: number[] = []
  for (let passed = 0; passed < 3; passed++) {
    await turn()
    after.push(begun)
  }
  await Promise.all(all)
  expect(after).toEqual([MOST, 2 * MOST, 3 * MOST - 1])
})

test('what comes when a turn has begun has the next one', async () => {
  const turns = new Turns(MOST)
  const begun: string[] = []
  void turns.next().then(() => {
    begun.push('first')
    void turns.next().then(() => begun.push('second'))
  })
  await turn()
  expect(begun).toEqual(['first'])
  await turn()
  expect(begun).toEqual(['first', 'second'])
})

test('without a bound all of them begin in one turn', async () => {
  let begun = 0
  for (let number = 0; number < 1000; number++) void nextTurn().then(() => (begun += 1))
  await turn()
  expect(begun).toBe(1000)
})
