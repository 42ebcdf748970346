// Asks a service that may be away, again and again with growing pauses, until it answers or patience is over. What was refused
// is not asked again. What is asked must be safe to repeat: nobody knows whether a request that was lost was carried out.
import type { Clock } from '../domain/clock.ts'
import type { CodedError } from '../domain/coded-error.ts'
import { pause } from './pause.ts'
import { Refused, type RefusalCode } from './refused.ts'
import { ServiceRefused } from './service-refused.ts'

const LONGEST_PAUSE_SECONDS = 10

export interface Reaching {
  /** Counted from the first question; a question that is under way then is waited for. */
  readonly patienceSeconds: number
  readonly clock: Pick<Clock, 'monotonicMilliseconds'>
  readonly say: (line: string) => void
  /** Its reason is thrown once it is aborted. */
  readonly stop: AbortSignal
}

/** Throws what `ask` throws. */
export async function reach<Result>(
  { patienceSeconds, clock, say, stop }: Reaching,
  ask: () => Promise<Result>,
): Promise<Result> {
  const until = clock.monotonicMilliseconds() + patienceSeconds * 1000
  for (let failures = 0; ; failures += 1) {
    try {
      const result = await ask()
      if (failures > 0) say('the service answers again')
      return result
    } catch (error) {
      stop.throwIfAborted()
      const leftSeconds = (until - clock.monotonicMilliseconds()) / 1000
      if (!isAway(error) || leftSeconds <= 0) throw error
      if (failures === 0) say(`the service cannot be asked (code ${error.code}); trying again for ${patienceSeconds} s`)
      await pause(Math.min(pauseAfter(failures), leftSeconds), stop)
      stop.throwIfAborted()
    }
  }
}

/** Seconds; `failures` went before the last. */
export function pauseAfter(failures: number): number {
  return Math.min(2 ** failures, LONGEST_PAUSE_SECONDS)
}

/** No connection, or no answer. A server that is not ours stays so. */
const AWAY: ReadonlySet<RefusalCode> = new Set([
  'connection_refused',
  'connection_lost',
  'connection_failed',
  'host_unknown',
  'timed_out',
])

/** The service is there, and cannot do anything for anyone now. */
const BUSY: ReadonlySet<string> = new Set([
  'commit_unknown',
  'storage_unavailable',
  'temporarily_unavailable',
  'token_key_none',
  'too_busy',
])

function isAway(error: unknown): error is CodedError {
  if (error instanceof Refused) return AWAY.has(error.code)
  return error instanceof ServiceRefused && BUSY.has(error.code)
}
