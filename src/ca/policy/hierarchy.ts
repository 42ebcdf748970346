// The CAs of an installation as `ca/hierarchy.json` declares them (CP §1.3.1, §7.1.5): who certifies whom, what each may
// issue, and how each is constrained. One entry is one authority; its key generations are issuers (`users-1`).
import * as z from 'zod'
import { KEY_ALGORITHMS, type KeyAlgorithmName } from '../../domain/key-algorithm.ts'
import { PROFILE_NAMES, type ProfileName } from '../../domain/profile-name.ts'
import { type NameTemplate, parseNameTemplate } from './name-template.ts'
import { distinct, type ExtendedKeyUsage } from './profile.ts'
import { cites, reasoned, why } from './reasoned.ts'

/** DNS names that may be certified under an authority: all, none, or those in the listed zones. */
export type DnsConstraint = 'any' | 'none' | readonly string[]

export interface Authority {
  readonly name: string
  /** The authority that certifies it; `null` for a root. */
  readonly parent: string | null
  /** The profile of its own certificate. */
  readonly profile: ProfileName
  readonly key: 'offline' | 'online'
  /** Its common name; holds `{organization}` and `{generation}`, so that each generation has a subject of its own. */
  readonly commonName: NameTemplate
  /** The only kinds of certificate that are accepted from it. */
  readonly issues: readonly ProfileName[]
  /** `any`: no extension. */
  readonly extendedKeyUsage: 'any' | readonly ExtendedKeyUsage[]
  /** `none`: no extension. */
  readonly nameConstraints: 'none' | { readonly dnsNames: DnsConstraint; readonly ipAddresses: 'any' | 'none' }
}

/** Algorithms that may stand together in one chain. */
export interface KeyFamily {
  readonly name: string
  readonly algorithms: readonly KeyAlgorithmName[]
}

export interface Hierarchy {
  /** Every policy OID lies below it (CP §1.2). */
  readonly policyArc: string
  /** The organization in the names of the CAs, unless `init` is told another. */
  readonly organization: string
  readonly defaultKeyAlgorithm: KeyAlgorithmName
  readonly keyFamilies: readonly KeyFamily[]
  /** An issuer hands over when its remaining life is below this many lives of its longest leaf (CP §5.6). */
  readonly renewBeforeLeafLives: number
  readonly authorities: ReadonlyMap<string, Authority>
}

const keyAlgorithm = z.custom<KeyAlgorithmName>(
  (input) => typeof input === 'string' && KEY_ALGORITHMS.has(input),
  'is a known key algorithm',
)

const authorityName = z
  .string()
  .regex(/^[a-z](?:[a-z-]{0,30}[a-z])?$/, 'is lower-case letters and dashes')
  .refine((name) => name !== 'delta' && name !== 'bundle', 'is not a reserved word of CRL URLs')

const commonName = z.string().transform((text, context) => {
  const parsed = parseNameTemplate(text)
  const isNumbered = parsed?.placeholders.includes('generation') ?? false
  if (parsed !== undefined && isNumbered && parsed.placeholders.every(isOfAuthority)) return parsed
  context.addIssue({ code: 'custom', message: 'holds {generation}, and beside it at most {organization}' })
  return z.NEVER
})

function isOfAuthority(placeholder: string): boolean {
  return placeholder === 'generation' || placeholder === 'organization'
}

const zone = z.string().regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/, 'is a DNS zone in lower case without a leading dot')

const authoritySchema = z.strictObject({
  name: authorityName,
  why,
  cites,
  parent: z.string().nullable(),
  profile: z.enum(PROFILE_NAMES),
  key: z.enum(['offline', 'online']),
  commonName,
  issues: distinct(z.enum(PROFILE_NAMES)),
  extendedKeyUsage: z.union([z.literal('any'), distinct(z.enum(['serverAuth', 'clientAuth', 'OCSPSigning']))]),
  nameConstraints: z.union([
    z.literal('none'),
    z.strictObject({
      dnsNames: z.union([z.enum(['any', 'none']), distinct(zone).refine((zones) => zones.length > 0, 'lists a zone')]),
      ipAddresses: z.enum(['any', 'none']),
    }),
  ]),
}) satisfies z.ZodType<Authority & { why: string; cites: string }>

export const hierarchySchema = z.strictObject({
  why,
  cites,
  policyArc: z.string().regex(/^[0-2](?:\.(?:0|[1-9][0-9]*))+$/, 'is a dotted object identifier'),
  organization: z.string(),
  defaultKeyAlgorithm: keyAlgorithm,
  keyFamilies: z.array(z.strictObject({ name: z.string().min(1), why, cites, algorithms: z.array(keyAlgorithm) })),
  renewBeforeLeafLives: reasoned(1, 100),
  authorities: z
    .array(authoritySchema)
    .refine((all) => new Set(all.map((authority) => authority.name)).size === all.length, 'names nothing twice'),
})
