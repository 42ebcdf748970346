// The name rules of `ca/names.json` (CP §3.1, §3.2): those that the parsers of `domain/` take, and the two that only
// certificates have. A pattern must hold for the whole name, so it is anchored at both ends.
import * as z from 'zod'
import type { NameRule, NameRules } from '../../domain/name-rules.ts'
import { cites, reasoned, why } from './reasoned.ts'

export interface PolicyNames extends NameRules {
  /** The identifier of a job: the OU of its certificate, and a segment of its URI. */
  readonly jobId: NameRule
  /** The organization in the names of the CAs. */
  readonly organization: NameRule
}

const pattern = z.string().transform((source, context) => {
  const isAnchored = source.startsWith('^') && source.endsWith('$') && !source.includes('|')
  if (isAnchored && isRegularExpression(source)) return new RegExp(source)
  const rule = isAnchored ? 'is a regular expression' : 'is anchored by ^ and $ and holds no alternative (|)'
  context.addIssue({ code: 'custom', message: rule })
  return z.NEVER
})

function isRegularExpression(source: string): boolean {
  try {
    return RegExp(source).source === source
  } catch {
    return false
  }
}

const nameRule = z
  .strictObject({ why, cites, pattern, minLength: reasoned(1, 255), maxLength: reasoned(1, 255) })
  .refine((rule) => rule.minLength <= rule.maxLength, 'minLength is at most maxLength')
  .transform(({ pattern, minLength, maxLength }): NameRule => ({ pattern, minLength, maxLength }))

export const namesSchema = z.strictObject({
  why,
  cites,
  project: nameRule,
  user: nameRule,
  serviceAccount: nameRule,
  systemUser: nameRule,
  dnsName: nameRule,
  deployment: nameRule,
  jobId: nameRule,
  organization: nameRule,
  commonNameMaxLength: reasoned(1, 64),
  serviceAccountPrefix: z.string().regex(/^[a-z]+-$/, 'is lower-case letters and a dash'),
  reservedDnsNames: z.array(z.string().regex(/^[a-z0-9.-]+$/, 'is a DNS name in lower case')),
}) satisfies z.ZodType<PolicyNames>
