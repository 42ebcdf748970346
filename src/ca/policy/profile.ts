// A certificate profile as `ca/profiles/<name>.json` fixes it (CP §7.1): one kind of certificate, told to the world by a
// policy OID of its own. Nothing here is a default: a file that leaves something out is refused.
import * as z from 'zod'
import { PROFILE_NAMES, type ProfileName } from '../../domain/profile-name.ts'
import { type NameTemplate, parseNameTemplate } from './name-template.ts'
import { cites, reasoned, reasonedSeconds, why } from './reasoned.ts'

/** Attribute types a subject may have; other types never enter a certificate of ours. */
export type SubjectAttribute = 'CN' | 'O' | 'OU' | 'L'
export type KeyUsageBit = 'digitalSignature' | 'keyCertSign' | 'cRLSign'
export type ExtendedKeyUsage = 'serverAuth' | 'clientAuth' | 'OCSPSigning'
export type CountRange = { readonly min: number; readonly max: number }

export interface SubjectField {
  readonly attribute: SubjectAttribute
  readonly template: NameTemplate
}

export interface Profile {
  readonly name: ProfileName
  /** The certificate policy that tells this kind of certificate (rule: kind comes from issuer and policy OID). */
  readonly policyOid: string
  /** Who may issue it: one entry of the hierarchy, every CA whose key is online, or nobody but itself (a root). */
  readonly issuedBy: 'itself' | 'one-authority' | 'each-online-authority'
  /** In the order of the encoded name, one RDN each. */
  readonly subject: readonly SubjectField[]
  readonly subjectAltName: {
    /** The one URI, or `null` for none. */
    readonly uri: NameTemplate | null
    readonly dnsNames: CountRange
    readonly ipAddresses: CountRange
  }
  readonly basicConstraints: {
    readonly critical: boolean
    readonly authority: boolean
    /** `null`: no limit is written. */
    readonly pathLength: number | null
  }
  readonly keyUsage: { readonly critical: boolean; readonly bits: readonly KeyUsageBit[] }
  /** `of-the-authority`: the hierarchy entry of the CA that is certified says it. No purposes: no extension. */
  readonly extendedKeyUsage:
    'of-the-authority' | { readonly critical: boolean; readonly purposes: readonly ExtendedKeyUsage[] }
  /** Its own OID alone, or (an issuing CA) also those of the profiles that it may issue. */
  readonly certificatePolicies: 'own' | 'own-and-issued'
  readonly lifetime: {
    readonly defaultSeconds: number
    /** From the moment of issue to the end of `notAfter`'s second; the backdating comes on top. */
    readonly maxSeconds: number
    /** How long before the moment of issue `notBefore` lies. */
    readonly backdateSeconds: number
  }
  /** Keys that may be certified; what is not listed is refused. */
  readonly subjectKeys: {
    readonly ecCurves: readonly ('P-256' | 'P-384')[]
    /** Modulus sizes; `{min: 0, max: 0}` for none. */
    readonly rsaBits: CountRange
    readonly ed25519: boolean
    readonly mlDsaParameterSets: readonly ('ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87')[]
  }
  readonly crlDistributionPoint: boolean
  readonly caIssuers: boolean
  readonly ocsp: boolean
  readonly ocspNoCheck: boolean
}

const NONE: CountRange = { min: 0, max: 0 }
const range = (min: number, max: number) =>
  z.union([
    z.literal('none').transform(() => NONE),
    z
      .strictObject({ min: reasoned(min, max), max: reasoned(min, max) })
      .refine((counts) => counts.min <= counts.max, 'min is at most max'),
  ])

/** An empty list is an answer; the same value twice is a slip. */
export const distinct = <Item extends z.ZodType<string>>(item: Item) =>
  z.array(item).refine((items) => new Set(items).size === items.length, 'names nothing twice')

const template = z.string().transform((text, context) => {
  const parsed = parseNameTemplate(text)
  if (parsed !== undefined) return parsed
  context.addIssue({ code: 'custom', message: 'holds literal text and known placeholders, each once' })
  return z.NEVER
})

export const profileSchema = z.strictObject({
  name: z.enum(PROFILE_NAMES),
  why,
  cites,
  policyOid: z.string().regex(/^[0-2](?:\.(?:0|[1-9][0-9]*))+$/, 'is a dotted object identifier'),
  issuedBy: z.enum(['itself', 'one-authority', 'each-online-authority']),
  subject: z
    .array(z.strictObject({ attribute: z.enum(['CN', 'O', 'OU', 'L']), template }))
    .refine((fields) => fields.filter((field) => field.attribute === 'CN').length === 1, 'has exactly one CN')
    .refine((fields) => new Set(fields.map((field) => field.attribute)).size === fields.length, 'names nothing twice'),
  subjectAltName: z.strictObject({
    uri: template.nullable(),
    dnsNames: range(0, 100),
    ipAddresses: range(0, 100),
  }),
  basicConstraints: z.strictObject({
    critical: z.boolean(),
    authority: z.boolean(),
    pathLength: reasoned(0, 5).nullable(),
  }),
  keyUsage: z.strictObject({
    critical: z.boolean(),
    bits: distinct(z.enum(['digitalSignature', 'keyCertSign', 'cRLSign'])),
  }),
  extendedKeyUsage: z.union([
    z.literal('of-the-authority'),
    z.strictObject({
      critical: z.boolean(),
      purposes: distinct(z.enum(['serverAuth', 'clientAuth', 'OCSPSigning'])),
    }),
  ]),
  certificatePolicies: z.enum(['own', 'own-and-issued']),
  lifetime: z
    .strictObject({
      defaultSeconds: reasonedSeconds,
      maxSeconds: reasonedSeconds,
      backdateSeconds: reasoned(0, 3600),
    })
    .refine((lifetime) => lifetime.defaultSeconds <= lifetime.maxSeconds, 'defaultSeconds is at most maxSeconds'),
  subjectKeys: z.strictObject({
    ecCurves: distinct(z.enum(['P-256', 'P-384'])),
    rsaBits: range(2048, 8192),
    ed25519: z.boolean(),
    mlDsaParameterSets: distinct(z.enum(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'])),
  }),
  crlDistributionPoint: z.boolean(),
  caIssuers: z.boolean(),
  ocsp: z.boolean(),
  ocspNoCheck: z.boolean(),
}) satisfies z.ZodType<Profile & { why: string; cites: string }>
