// A histogram of times that is cheap to observe: the library's own works out its labels and their text at every observation, which
// costs more than a decision. Read out in the library's form (Prometheus exposition format, "histogram").
import type { Histogram as LibraryHistogram, Registry } from 'prom-client'

interface Series<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>
  /** Observations in each bucket by itself; the last one is over every bound. */
  readonly counts: number[]
  sum: number
}

/** By one label after the other: a key made of all of them would be a new text at each observation. */
interface Found<Label extends string> {
  series: Series<Label> | undefined
  readonly byNext: Map<string, Found<Label>>
}

interface Sample {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

export class Histogram<Label extends string> {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly #labelNames: readonly Label[]
  /** Upper bounds, rising. */
  readonly #bounds: readonly number[]
  readonly #series: Series<Label>[] = []
  readonly #found: Found<Label> = { series: undefined, byNext: new Map() }

  constructor(registry: Registry, shape: { name: string; help: string; labelNames: Label[]; buckets: number[] }) {
    this.name = shape.name
    this.help = shape.help
    this.#labelNames = shape.labelNames
    this.#bounds = shape.buckets
    // Without labels there is one series, and it says 0 before anything happened.
    if (shape.labelNames.length === 0) this.#found.series = this.#begin([])
    // What a registry asks of a metric is its name and `get`; its type names only the library's classes.
    registry.registerMetric(this as unknown as LibraryHistogram)
  }

  /** `values` of the labels in their order. */
  observe(value: number, ...values: readonly string[]): void {
    const series = this.#seriesOf(values)
    let bucket = 0
    while (value > (this.#bounds[bucket] ?? Infinity)) bucket += 1
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1
    series.sum += value
  }

  /** For the registry. */
  get(): Promise<object> {
    const { name, help, type } = this
    const values = this.#series.flatMap((series) => this.#samplesOf(series))
    return Promise.resolve({ name, help, type, values, aggregator: 'sum' })
  }

  #seriesOf(values: readonly string[]): Series<Label> {
    let found = this.#found
    for (const value of values) found = nextOf(found, value)
    found.series ??= this.#begin(values)
    return found.series
  }

  #begin(values: readonly string[]): Series<Label> {
    const labels = Object.fromEntries(this.#labelNames.map((name, at) => [name, values[at] ?? ''])) as Record<
      Label,
      string
    >
    const begun: Series<Label> = { labels, counts: [...this.#bounds, Infinity].map(() => 0), sum: 0 }
    this.#series.push(begun)
    return begun
  }

  #samplesOf({ labels, counts, sum }: Series<Label>): readonly Sample[] {
    let upTo = 0
    const buckets = counts.map((count, at): Sample => {
      upTo += count
      return { metricName: `${this.name}_bucket`, labels: { ...labels, le: this.#bounds[at] ?? '+Inf' }, value: upTo }
    })
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: upTo },
    ]
  }
}

function nextOf<Label extends string>({ byNext }: Found<Label>, value: string): Found<Label> {
  const known = byNext.get(value)
  if (known !== undefined) return known
  const made: Found<Label> = { series: undefined, byNext: new Map() }
  byNext.set(value, made)
  return made
}
