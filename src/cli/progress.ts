// A line on the terminal for what takes over a second. Nothing is shown when nobody watches (a pipe, a log).
import type { Host } from './host.ts'

const PATIENCE_MILLISECONDS = 1000
const STEP_MILLISECONDS = 250
const CLEAR_LINE = '\r\u001b[K'

/** Runs `work`; `say` replaces the text that is shown. The line is gone when it is done. */
export async function withProgress<T>(
  host: Host,
  text: string,
  work: (say: (text: string) => void) => Promise<T>,
): Promise<T> {
  if (!host.isWatched) return work(() => undefined)
  const line = new ProgressLine(host, text)
  try {
    return await work((next) => line.say(next))
  } finally {
    line.end()
  }
}

class ProgressLine {
  readonly #host: Host
  readonly #started: number
  readonly #timer: NodeJS.Timeout
  #text: string
  #shown = false

  constructor(host: Host, text: string) {
    this.#host = host
    this.#text = text
    this.#started = host.clock.monotonicMilliseconds()
    this.#timer = setInterval(() => this.#draw(), STEP_MILLISECONDS)
    // A line is no reason to stay.
    this.#timer.unref()
  }

  say(text: string): void {
    this.#text = text
  }

  end(): void {
    clearInterval(this.#timer)
    if (this.#shown) this.#host.stderr(CLEAR_LINE)
  }

  #draw(): void {
    const elapsed = this.#host.clock.monotonicMilliseconds() - this.#started
    if (elapsed < PATIENCE_MILLISECONDS) return
    this.#shown = true
    this.#host.stderr(`${CLEAR_LINE}${this.#text} … ${String(Math.floor(elapsed / 1000))} s`)
  }
}
