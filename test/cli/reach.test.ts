// How long a service that is away is asked, for what, and what ends the wait. Time is that of the test.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { reach } from '../../src/cli/reach.ts'
import { CommandEnded, Refused, type RefusalCode } from '../../src/cli/refused.ts'
import { ServiceRefused } from '../../src/cli/service-refused.ts'

const PATIENCE_SECONDS = 30

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

interface Run {
  readonly asked: number[]
  readonly said: string[]
  readonly stop: AbortController
  readonly outcome: Promise<unknown>
}

/** `answer` is told how often it was asked before, and may end the wait. */
function run(answer: (before: number, stop: AbortController) => string): Run {
  const [asked, said, stop]: [number[], string[], AbortController] = [[], [], new AbortController()]
  const began = Date.now()
  const clock = { monotonicMilliseconds: () => Date.now() }
  const say = (line: string): void => void said.push(line)
  const outcome = reach({ patienceSeconds: PATIENCE_SECONDS, clock, say, stop: stop.signal }, async () => {
    asked.push((Date.now() - began) / 1000)
    return Promise.resolve(answer(asked.length - 1, stop))
  }).catch((error: unknown) => error)
  return { asked, said, stop, outcome }
}

const away = (code: RefusalCode): never => {
  throw new Refused(code)
}
const refuse = (code: string): never => {
  throw new ServiceRefused({ code, title: code, status: 400, facts: {}, requestId: undefined })
}

describe('a service that is away', () => {
  test('is asked until it answers, and both are said once', async () => {
    const { asked, said, outcome } = run((before) => (before < 4 ? away('connection_refused') : 'here'))
    await vi.runAllTimersAsync()
    expect(await outcome).toBe('here')
    expect(asked).toEqual([0, 1, 3, 7, 15])
    expect(said).toEqual([
      'the service cannot be asked (code connection_refused); trying again for 30 s',
      'the service answers again',
    ])
  })

  test('is asked for the last time when patience is over, and its last answer is told', async () => {
    const { asked, outcome } = run((before) => away(before < 5 ? 'connection_refused' : 'timed_out'))
    await vi.runAllTimersAsync()
    expect(await outcome).toMatchObject({ code: 'timed_out' })
    expect(asked).toEqual([0, 1, 3, 7, 15, 25, PATIENCE_SECONDS])
  })

  test.each(['connection_lost', 'connection_failed', 'host_unknown', 'timed_out'] as const)(
    'is asked again after %s',
    async (code) => {
      const { asked, outcome } = run((before) => (before === 0 ? away(code) : 'here'))
      await vi.runAllTimersAsync()
      expect([await outcome, asked]).toEqual(['here', [0, 1]])
    },
  )

  test.each(['commit_unknown', 'storage_unavailable', 'temporarily_unavailable', 'token_key_none', 'too_busy'])(
    'is asked again after %s, which is no refusal of what was asked',
    async (code) => {
      const { asked, outcome } = run((before) => (before === 0 ? refuse(code) : 'here'))
      await vi.runAllTimersAsync()
      expect([await outcome, asked]).toEqual(['here', [0, 1]])
    },
  )
})

describe('is not asked again', () => {
  test.each(['not_permitted', 'job_finished', 'already_delivered', 'too_many_failures', 'internal'])(
    'after the refusal %s',
    async (code) => {
      const { asked, said, outcome } = run(() => refuse(code))
      expect(await outcome).toMatchObject({ code })
      expect([asked, said]).toEqual([[0], []])
    },
  )

  test.each(['server_untrusted', 'server_name_mismatch', 'answer_unreadable', 'trust_missing'] as const)(
    'after %s',
    async (code) => {
      const { asked, outcome } = run(() => away(code))
      expect(await outcome).toMatchObject({ code })
      expect(asked).toEqual([0])
    },
  )

  test('when a signal ends the wait, which is told in place of what failed', async () => {
    const { asked, stop, outcome } = run(() => away('connection_refused'))
    await vi.advanceTimersByTimeAsync(2500)
    stop.abort(new CommandEnded(143))
    expect(await outcome).toMatchObject({ status: 143 })
    expect(asked).toEqual([0, 1])
  })

  test('when a signal has ended the question itself', async () => {
    const { asked, outcome } = run((_, stop) => {
      stop.abort(new CommandEnded(130))
      return away('timed_out')
    })
    expect(await outcome).toMatchObject({ status: 130 })
    expect(asked).toEqual([0])
  })
})
