// Asks a live proxy chain every case beside its benign twin, and says of each what became of it. From outside status, headers and
// body are all there is to see: what only the model server sees needs an endpoint there that echoes its headers.
import type { Clock } from '../../domain/clock.ts'
import { REASONS } from '../../access/reasons.ts'
import type { RawHeader } from '../../proxies/told-headers.ts'
import { Refused } from '../refused.ts'
import { liesIn, missingFrom, readEchoedHeaders } from './echoed-headers.ts'
import type { Attempt, ProxyCase } from './proxy-case.ts'
import type { ProxyClient } from './proxy-client.ts'
import { type Answered, type RawOutcome, valueOf } from './raw-call.ts'

/**
 * - `refused`; `disarmed`: let through without its trick, as the echo shows
 * - `let-through`: with its trick; `why` says what is seen of it
 * - `unproven`: `why` says what is missing for a proof
 * - `failed`: by an error or no answer in time: refused by accident
 */
export interface Verdict {
  readonly kind: 'refused' | 'disarmed' | 'let-through' | 'unproven' | 'failed'
  readonly why: string
}

export interface Examined {
  readonly row: ProxyCase
  readonly outcome: RawOutcome
  readonly verdict: Verdict
}

export interface Examination {
  readonly client: Pick<ProxyClient, 'send'>
  readonly plain: Attempt
  /** Whether the plain call's path answers with the headers that it got. */
  readonly echo: 'echoes' | 'absent'
  readonly clock: Pick<Clock, 'monotonicMilliseconds'>
  /** For all of it. */
  readonly seconds: number
  readonly say: (text: string) => void
}

const AT_ONCE = 4
const TOO_MANY = 429

/** Throws `Refused` (`caller_not_allowed`, `echo_unreadable`) where nothing can be told from answers. */
export async function examineProxy(
  examination: Examination,
  cases: readonly ProxyCase[],
): Promise<readonly Examined[]> {
  const examiner = await Examiner.begin(examination)
  const results: Examined[] = []
  const waiting = cases.values()
  const worker = async (): Promise<void> => {
    for (const row of waiting) {
      results.push(await examiner.examine(row))
      examination.say(`asking the proxy: ${String(results.length)} of ${String(cases.length)}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  // A proxy that went away meanwhile would have refused everything.
  await examiner.askPlainly()
  const order = new Map(cases.map((row, at) => [row, at]))
  return results.toSorted((a, b) => (order.get(a.row) ?? 0) - (order.get(b.row) ?? 0))
}

class Examiner {
  readonly #with: Examination
  readonly #until: number
  readonly #twins = new Map<string, Promise<RawOutcome>>()
  /** The model server's own answer to a path that it does not know; undefined where the proxy refuses that. */
  #stranger: Answered | undefined

  private constructor(examination: Examination) {
    this.#with = examination
    this.#until = examination.clock.monotonicMilliseconds() + examination.seconds * 1000
  }

  static async begin(examination: Examination): Promise<Examiner> {
    const examiner = new Examiner(examination)
    await examiner.askPlainly()
    const { plain, client } = examination
    const call = { ...plain.call, target: '/signet-doctor-asks-for-nothing' }
    const stranger = await client.send({ ...plain, call })
    if (stranger.kind === 'answered' && reasonIn(stranger) === undefined) examiner.#stranger = stranger
    return examiner
  }

  /** The honest call, which must be allowed. */
  async askPlainly(): Promise<Answered> {
    const { client, plain, echo } = this.#with
    const outcome = await client.send(plain)
    if (outcome.kind !== 'answered')
      throw new Refused('caller_not_allowed', { path: plain.call.target, answer: outcome.kind })
    if (!isSuccess(outcome)) throw notAllowed(plain, outcome)
    const unreadable = echo === 'echoes' && readEchoedHeaders(outcome.body) === undefined
    if (unreadable) throw new Refused('echo_unreadable', { path: plain.call.target })
    return outcome
  }

  async examine(row: ProxyCase): Promise<Examined> {
    if (this.#with.clock.monotonicMilliseconds() > this.#until) {
      const verdict = { kind: 'unproven', why: 'the time is over; allow more with --time' } as const
      return { row, outcome: { kind: 'late' }, verdict }
    }
    const twin = await this.#twinOf(row)
    const outcome = await this.#with.client.send(row.hostile)
    return { row, outcome, verdict: this.#judge(row, outcome, twin) }
  }

  /** The same for many cases. Trap 10 is about what it leaves behind, and wants a new one. */
  #twinOf({ trap, twin }: ProxyCase): Promise<RawOutcome> {
    const key = JSON.stringify(twin)
    const known = trap === 10 ? undefined : this.#twins.get(key)
    const sent = known ?? this.#with.client.send(twin)
    this.#twins.set(key, sent)
    return sent
  }

  #judge({ hostile, trick }: ProxyCase, outcome: RawOutcome, twin: RawOutcome): Verdict {
    if (outcome.kind === 'answered' && this.#isOfModel(outcome)) {
      if (trick === 'refused') return { kind: 'let-through', why: `${String(outcome.status)} from the model server` }
      return this.#judgeArrival(outcome, twin, hostile.call.target)
    }
    if (twin.kind !== 'answered' || !this.#isOfModel(twin))
      return { kind: 'unproven', why: `its benign twin is refused too: ${shown(twin)}` }
    if (outcome.kind === 'late') return { kind: 'failed', why: 'no answer in time' }
    if (outcome.kind === 'closed') return { kind: 'refused', why: 'the connection was closed' }
    if (outcome.status === TOO_MANY) return { kind: 'unproven', why: 'wrong credentials are limited: 429' }
    return { kind: outcome.status >= 500 ? 'failed' : 'refused', why: shown(outcome) }
  }

  /** Let through on purpose, without its trick: the model server alone knows. */
  #judgeArrival(outcome: Answered, twin: RawOutcome, target: string): Verdict {
    const arrived = this.#echoed(outcome)
    const honest = this.#echoed(twin)
    if (arrived === undefined || honest === undefined) {
      return { kind: 'unproven', why: `${target} does not echo what the model server was told (--echo)` }
    }
    const lies = liesIn(arrived, honest)
    if (lies.length > 0) return { kind: 'let-through', why: `at the model server: ${lies.join('; ')}` }
    const missing = missingFrom(arrived, honest)
    if (missing.length > 0) return { kind: 'let-through', why: `the model server was not told ${missing.join(', ')}` }
    return { kind: 'disarmed', why: 'nothing of it reached the model server' }
  }

  #echoed(outcome: RawOutcome): readonly RawHeader[] | undefined {
    if (this.#with.echo === 'absent' || outcome.kind !== 'answered') return undefined
    return readEchoedHeaders(outcome.body)
  }

  /** A success, or just what the model server answers for what it does not have. */
  #isOfModel(answer: Answered): boolean {
    if (isSuccess(answer)) return true
    const stranger = this.#stranger
    return stranger !== undefined && reasonIn(answer) === undefined && looksOf(answer) === looksOf(stranger)
  }
}

function isSuccess({ status }: Answered): boolean {
  return status === 101 || (status >= 200 && status < 300)
}

/** Why Signet refused; undefined where it did not, or was not asked. */
function reasonIn({ headers }: Answered): string | undefined {
  const reason = valueOf(headers, 'x-authz-reason') ?? ''
  const isRefusal = Object.entries(REASONS).some(([name, { category }]) => name === reason && category !== 'allowed')
  return isRefusal ? reason : undefined
}

/** Status and the names of all headers but those that come and go. */
function looksOf({ status, headers }: Answered): string {
  const names = headers
    .map(([name]) => name.toLowerCase())
    .filter((name) => !/^(date|x-authz-.*|set-cookie)$/.test(name))
  return JSON.stringify([status, names.toSorted(), valueOf(headers, 'content-type')])
}

export function shown(outcome: RawOutcome): string {
  if (outcome.kind !== 'answered') return outcome.kind
  const reason = reasonIn(outcome)
  return `${String(outcome.status)}${reason === undefined ? '' : ` ${reason}`}`
}

function notAllowed({ call }: Attempt, outcome: Answered): Refused {
  const reason = reasonIn(outcome)
  return new Refused('caller_not_allowed', {
    path: call.target,
    status: outcome.status,
    ...(reason === undefined ? {} : { reason }),
  })
}
