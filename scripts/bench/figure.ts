// What a benchmark is, and what it gives: figures, each with its unit and, where there is one, the target it is held against.

export interface BenchOptions {
  /** How long one measurement lasts, where time decides it. */
  readonly seconds: number
  /** Where the service writes its CPU profile; `undefined`: it runs without the profiler. */
  readonly profileFolder: string | undefined
  /** Told what is being done; a benchmark takes up to a minute. */
  readonly say: (text: string) => void
}

export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly target?: { readonly kind: 'at-least' | 'at-most'; readonly value: number }
}

export interface Benchmark {
  readonly name: string
  readonly measures: string
  readonly run: (options: BenchOptions) => Promise<readonly Figure[]>
}

export function meets({ value, target }: Figure): boolean {
  if (target === undefined) return true
  return target.kind === 'at-least' ? value >= target.value : value <= target.value
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}
