// The graceful stop: listeners take nothing new and finish what they accepted, then the work behind them ends, then what
// it stood on is closed. A stage that outstays its time is forced, so that the process is gone before a supervisor kills
// it: systemd and Kubernetes wait far longer than the ten seconds here.
import { CodedError } from '../domain/coded-error.ts'
import type { Timer } from './timer.ts'

/** In this order; each stage has until so many seconds after the stop began. What is in one stage closes at once. */
const STAGES = [
  { name: 'listeners', untilSeconds: 8 },
  { name: 'work', untilSeconds: 9 },
  { name: 'storage', untilSeconds: 10 },
] as const

export type StageName = (typeof STAGES)[number]['name']

export interface Closer {
  readonly name: string
  /** Resolves when what was accepted is finished. Called once. */
  readonly close: () => void | Promise<void>
  /** Called when the time of the stage is over and `close` has not resolved: breaks off. */
  readonly force?: () => void
}

export interface StopReport {
  /** Closers that were forced. */
  readonly forced: readonly string[]
  readonly failed: readonly { readonly name: string; readonly error: unknown }[]
}

/** Something is to be closed although the stop has begun: it was opened too late. */
export class AlreadyStopping extends CodedError<'already_stopping'> {
  constructor(closer: string) {
    super('already_stopping', { closer })
  }
}

export class Shutdown {
  readonly #closers = new Map<StageName, Closer[]>(STAGES.map(({ name }) => [name, []]))
  readonly #timer: Timer
  #stopping: Promise<StopReport> | undefined

  constructor(timer: Timer) {
    this.#timer = timer
  }

  get stopping(): boolean {
    return this.#stopping !== undefined
  }

  /** Throws `AlreadyStopping` once `stop` was called. */
  add(stage: StageName, closer: Closer): void {
    if (this.#stopping !== undefined) throw new AlreadyStopping(closer.name)
    this.#closers.get(stage)?.push(closer)
  }

  /** Never rejects; the second call and every later one get the report of the first. */
  stop(): Promise<StopReport> {
    this.#stopping ??= this.#run()
    return this.#stopping
  }

  async #run(): Promise<StopReport> {
    const report: { forced: string[]; failed: { name: string; error: unknown }[] } = { forced: [], failed: [] }
    const deadlines = STAGES.map(({ untilSeconds }) => this.#deadline(untilSeconds))
    for (const [index, { name }] of STAGES.entries()) {
      const over = deadlines[index]?.passed
      await Promise.all((this.#closers.get(name) ?? []).map((closer) => closeUntil(closer, over, report)))
    }
    for (const deadline of deadlines) deadline.cancel()
    return report
  }

  #deadline(seconds: number): { readonly passed: Promise<'over'>; readonly cancel: () => void } {
    const { promise, resolve } = Promise.withResolvers<'over'>()
    return { passed: promise, cancel: this.#timer.schedule(seconds * 1000, () => resolve('over')) }
  }
}

async function closeUntil(
  closer: Closer,
  over: Promise<'over'> | undefined,
  report: { readonly forced: string[]; readonly failed: { name: string; error: unknown }[] },
): Promise<void> {
  const attempt = async (step: () => void | Promise<void>): Promise<void> => {
    try {
      await step()
    } catch (error) {
      report.failed.push({ name: closer.name, error })
    }
  }
  if ((await Promise.race([attempt(closer.close), over])) !== 'over') return
  report.forced.push(closer.name)
  if (closer.force !== undefined) await attempt(closer.force)
}
