// Which lints run, from `ca/lints.json` (CP §8.1). The rules themselves are code, one file each in `ca/lints/`; the policy
// says of every one whether it refuses and why it is there, and both lists must name the same lints.
import * as z from 'zod'
import { cites, why } from './reasoned.ts'

export type LintScope = 'every-certificate' | 'leaves' | 'authorities'

export interface LintPolicy {
  readonly name: string
  /** `off` is for an installation that has argued why; the file says so in `why`. */
  readonly effect: 'refuse' | 'off'
  readonly appliesTo: LintScope
  /** The section of CP.md, which the lint's own citation must hold too. */
  readonly cites: string
}

const lintSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]*$/, 'is lower case with underscores'),
  effect: z.enum(['refuse', 'off']),
  appliesTo: z.enum(['every-certificate', 'leaves', 'authorities']),
  why,
  cites,
}) satisfies z.ZodType<LintPolicy & { why: string }>

export const lintsSchema = z.strictObject({
  why,
  cites,
  lints: z
    .array(lintSchema)
    .refine((all) => new Set(all.map((lint) => lint.name)).size === all.length, 'names nothing twice'),
})
