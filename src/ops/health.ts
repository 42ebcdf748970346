// Whether this process may be sent work, and what is missing when not. A check says what is wrong and how to mend it;
// a warning (an issuer with 60 days to live) leaves the process ready. Strangers may ask, so the answer is kept a moment.
import type { Clock } from '../domain/clock.ts'
import { CodedError } from '../domain/coded-error.ts'
import type { Timer } from './timer.ts'

export type CheckResult =
  { readonly kind: 'ok' } | { readonly kind: 'warning' | 'missing'; readonly detail: string; readonly fix: string }

export type Check = () => CheckResult | Promise<CheckResult>

export interface Finding {
  readonly check: string
  readonly detail: string
  readonly fix: string
}

/** `ready` is true exactly when `missing` is empty. */
export interface Readiness {
  readonly ready: boolean
  readonly missing: readonly Finding[]
  readonly warnings: readonly Finding[]
}

/** How long an answer is given again, in milliseconds: load balancers ask once a second or less often. */
const READINESS_KEPT_MILLISECONDS = 1000

/** A check that takes longer is missing. Load balancers give up after a few seconds and learn nothing then. */
const CHECK_LIMIT_MILLISECONDS = 2000

export class CheckNameTaken extends CodedError<'check_name_taken'> {
  constructor(check: string) {
    super('check_name_taken', { check })
  }
}

export class Health {
  readonly #checks = new Map<string, Check>()
  readonly #clock: Clock
  readonly #timer: Timer
  #last: { readonly at: number; readonly readiness: Promise<Readiness> } | undefined

  constructor(clock: Clock, timer: Timer) {
    this.#clock = clock
    this.#timer = timer
  }

  /** Adds a check (`database`, `crl users-1`); the function given back removes it. Throws `CheckNameTaken`. */
  register(name: string, check: Check): () => void {
    if (this.#checks.has(name)) throw new CheckNameTaken(name)
    this.#checks.set(name, check)
    this.#last = undefined
    return () => {
      if (this.#checks.get(name) === check) this.#checks.delete(name)
      this.#last = undefined
    }
  }

  /** Runs every check at once. Never rejects: a check that throws or hangs is missing. */
  readiness(): Promise<Readiness> {
    const now = this.#clock.monotonicMilliseconds()
    if (this.#last === undefined || now - this.#last.at >= READINESS_KEPT_MILLISECONDS) {
      this.#last = { at: now, readiness: this.#run() }
    }
    return this.#last.readiness
  }

  async #run(): Promise<Readiness> {
    const results = await Promise.all(
      [...this.#checks].map(async ([name, check]) => ({ name, result: await this.#bounded(check) })),
    )
    const found = (kind: 'missing' | 'warning'): Finding[] =>
      results.flatMap(({ name, result }) =>
        result.kind === kind ? [{ check: name, detail: result.detail, fix: result.fix }] : [],
      )
    const missing = found('missing')
    return { ready: missing.length === 0, missing, warnings: found('warning') }
  }

  #bounded(check: Check): Promise<CheckResult> {
    return new Promise((settle) => {
      const late = failed(`gave no answer in ${CHECK_LIMIT_MILLISECONDS / 1000} s`)
      const cancel = this.#timer.schedule(CHECK_LIMIT_MILLISECONDS, () => settle(late))
      void attempt(check).then(settle).finally(cancel)
    })
  }
}

async function attempt(check: Check): Promise<CheckResult> {
  try {
    return await check()
  } catch (error) {
    return failed(error instanceof CodedError ? error.message : 'threw an error')
  }
}

function failed(detail: string): CheckResult {
  return { kind: 'missing', detail, fix: 'see the log of this process' }
}
