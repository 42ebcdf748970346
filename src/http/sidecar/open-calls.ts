// Calls that go on: streams, WebSockets, long answers. Each is looked at again whenever the policy changes and once a second, as if
// it were made now; what would be refused is cut.
import type { CallDesk } from '../../proxies/answer-call.ts'
import type { ToldCall } from '../../proxies/told-call.ts'

/** How late the end of a right is noticed that comes with time alone. */
const LOOK_MILLISECONDS = 1000

interface OpenCall {
  readonly told: ToldCall
  readonly cut: (reason: string) => void
}

export class OpenCalls {
  readonly #desk: Pick<CallDesk, 'lookAgain'>
  readonly #calls = new Set<OpenCall>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #isAskedAgain = false

  constructor(desk: Pick<CallDesk, 'lookAgain'>) {
    this.#desk = desk
  }

  get size(): number {
    return this.#calls.size
  }

  /** Gives what takes it out again. */
  add(told: ToldCall, cut: (reason: string) => void): () => void {
    const call = { told, cut }
    this.#calls.add(call)
    this.#timer ??= setInterval(() => void this.lookAgain(), LOOK_MILLISECONDS).unref()
    return () => {
      this.#calls.delete(call)
      if (this.#calls.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  /** Resolves when every call has been looked at by what is known now. */
  async lookAgain(): Promise<void> {
    if (this.#looking !== undefined) {
      this.#isAskedAgain = true
      return this.#looking
    }
    this.#looking = this.#lookUntilDone()
    await this.#looking
  }

  cutAll(reason: string): void {
    for (const { cut } of [...this.#calls]) cut(reason)
  }

  async #lookUntilDone(): Promise<void> {
    this.#isAskedAgain = false
    // A call whose credential has to be worked out again must not keep the others waiting.
    await Promise.all([...this.#calls].map((call) => this.#look(call)))
    if (this.#wasAskedAgain()) await this.#lookUntilDone()
    this.#looking = undefined
  }

  /** Meanwhile: what was known when the look began may have changed. */
  #wasAskedAgain(): boolean {
    return this.#isAskedAgain
  }

  async #look(call: OpenCall): Promise<void> {
    const { decision, reason } = await this.#desk.lookAgain(call.told, { kind: 'self' })
    if (decision.decision === 'deny' && this.#calls.has(call)) call.cut(reason)
  }
}
