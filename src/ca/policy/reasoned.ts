// The shape of a number in a policy file: never alone, always with its reason and the section of CP.md that promises it.
import * as z from 'zod'

/** A sentence, not a word: `why` is read by whoever reviews the policy. */
export const why = z.string().min(15, 'says why in a sentence')

/** The section of CP.md; `findUnknownSections` checks that the folder's own CP.md has it. */
export const cites = z
  .string()
  .regex(/^CP §[1-9][0-9]*(?:\.[1-9][0-9]*)*$/, 'cites a section of CP.md, such as "CP §6.3.2"')

/** `{value, why, cites}` → value. Whole, between `min` and `max` inclusive. */
export function reasoned(min: number, max: number) {
  return z.strictObject({ value: z.int().min(min).max(max), why, cites }).transform((number) => number.value)
}

/** A duration in whole seconds, at least one, at most thirty years. */
export const reasonedSeconds = reasoned(1, 30 * 366 * 86_400)
