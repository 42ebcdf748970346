// What a sidecar counts, as Prometheus text (exposition format 0.0.4).

interface Gauges {
  readonly leftSeconds: number
  readonly openCalls: number
}

export class SidecarFigures {
  readonly #decisions = new Map<string, number>()
  readonly #answers = new Map<string, number>()
  readonly #cuts = new Map<string, number>()
  readonly #followed = new Map<string, number>()
  #lost = 0

  decided(reason: string): void {
    count(this.#decisions, reason)
  }

  passed(status: number): void {
    count(this.#answers, String(status))
  }

  cut(reason: string): void {
    count(this.#cuts, reason)
  }

  followed(what: 'snapshot' | 'checkpoint'): void {
    count(this.#followed, what)
  }

  lost(): void {
    this.#lost += 1
  }

  text({ leftSeconds, openCalls }: Gauges): string {
    return [
      ...family('decisions_total', 'Decisions by reason', 'reason', this.#decisions),
      ...family('answers_total', 'Answers of the model server by status', 'status', this.#answers),
      ...family('cuts_total', 'Calls that were cut while they went on, by reason', 'reason', this.#cuts),
      ...family('policy_updates_total', 'Snapshots and checkpoints taken', 'kind', this.#followed),
      ...single('policy_losses_total', 'counter', 'Times that the feed was lost', this.#lost),
      ...single('policy_left_seconds', 'gauge', 'How long the policy may still be used', Math.max(0, leftSeconds)),
      ...single('open_calls', 'gauge', 'Calls that go on', openCalls),
      '',
    ].join('\n')
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function family(name: string, help: string, label: string, counts: ReadonlyMap<string, number>): string[] {
  const full = `signet_sidecar_${name}`
  const lines = [...counts].map(([value, number]) => `${full}{${label}="${value}"} ${String(number)}`)
  return [`# HELP ${full} ${help}`, `# TYPE ${full} counter`, ...lines]
}

function single(name: string, type: 'counter' | 'gauge', help: string, value: number): string[] {
  const full = `signet_sidecar_${name}`
  return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, `${full} ${String(value)}`]
}
