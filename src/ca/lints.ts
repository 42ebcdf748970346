// Every lint there is, in the order in which they run.
import type { Lint } from './lint.ts'

export const LINTS: readonly Lint[] = []
