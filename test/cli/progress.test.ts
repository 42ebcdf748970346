import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { withProgress } from '../../src/cli/progress.ts'
import { hostOf } from './command-line.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

async function shownFor(milliseconds: number, isWatched: boolean): Promise<string> {
  const stderr: string[] = []
  const work = withProgress(hostOf({ isWatched }, [], stderr), 'reading', async (say) => {
    say('reading more')
    await new Promise((resolve) => setTimeout(resolve, milliseconds))
  })
  await vi.advanceTimersByTimeAsync(milliseconds)
  await work
  return stderr.join('')
}

it.each([
  ['what takes under a second', 900, true],
  ['nobody watches', 5000, false],
])('nothing is shown: %s', async (_, milliseconds, isWatched) => {
  expect(await shownFor(milliseconds, isWatched)).toBe('')
})

it('what takes longer is shown, and gone when it is done', async () => {
  const shown = await shownFor(3000, true)
  expect(shown).toContain('reading more … 2 s')
  expect(shown.endsWith('\r\u001b[K')).toBe(true)
})
