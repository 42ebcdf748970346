// Issuers whose tokens name identities here: one entry an issuer, by a name of the operator's choice (of a cluster, for Kubernetes).
// The rules of each kind, and what no single entry can know. Whoever fetches keys and judges tokens is elsewhere.
import { z } from 'zod'
import type { Given } from './configuration-sources.ts'
import { baseUrl, duration, matching, path, text } from './setting-rules.ts'

/** It stands in the audit record and in error documents. */
const ENTRY_NAME = /^[a-z][a-z0-9-]{0,31}$/

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA'] as const
const ALGORITHM_RULE = `one or more of ${ALGORITHMS.join(', ')}`

/** Compared byte for byte, so it is written as the issuer writes it; RFC 8414 §2 knows no query and no fragment. */
const issuerUrl = matching(/^https:\/\/[\x21-\x7e]{1,240}$/, 'an https URL without query or fragment').refine(
  (url) => URL.canParse(url) && !/[?#@]/.test(url),
  'an https URL without query or fragment',
)
const httpsUrl = matching(/^https:\/\/[\x21-\x7e]{1,1000}$/, 'an https URL').refine(
  (url) => URL.canParse(url),
  'an https URL',
)
const audience = matching(/^[\x21-\x7e]{1,255}$/, '1 to 255 visible ASCII characters')
const word = matching(/^[\x21-\x7e]{1,255}$/, '1 to 255 visible ASCII characters')

const identity = {
  project: text('a project'),
  user: text('a user').optional(),
  account: text('a service account').optional(),
}
const ONE_IDENTITY = 'exactly one of user and account'
const isOne = ({ user, account }: { user?: string | undefined; account?: string | undefined }) =>
  (user === undefined) !== (account === undefined)

const common = {
  issuer: issuerUrl,
  algorithms: z
    .array(z.enum(ALGORITHMS, { error: ALGORITHM_RULE }), { error: ALGORITHM_RULE })
    .min(1, ALGORITHM_RULE)
    .default(['RS256', 'ES256']),
  jwksUrl: httpsUrl.optional(),
  jwksFile: path.optional(),
  /** CA certificates (PEM) of the server that keeps the keys; the public ones without. */
  caFile: path.optional(),
  /** Bearer token for that server. */
  bearerFile: path.optional(),
}

const oidc = z.strictObject({
  kind: z.literal('oidc'),
  ...common,
  /** No default: a token for whom nobody named is for nobody. */
  audience,
  typ: z.enum(['JWT', 'at+jwt'], { error: 'JWT or at+jwt' }).default('JWT'),
  /** Of the issuer's own tokens. A day at most: what lives longer is no token but a password. */
  maxTokenLife: duration(60, 86_400).prefault('1h'),
  /** Subjects that are not listed are external users, with the groups that this claim names. Without it they are nobody. */
  groupClaim: word.optional(),
  /** `empty`: a token without the claim has no groups; otherwise it is refused. */
  missingGroups: z.enum(['refuse', 'empty'], { error: 'refuse or empty' }).default('refuse'),
  subjects: z
    .array(
      z
        .strictObject({
          sub: word,
          claims: z.record(word, word, { error: 'claims with their texts' }).default({}),
          ...identity,
        })
        .refine(isOne, ONE_IDENTITY),
      { error: 'a list of subjects' },
    )
    .default([]),
})

const kubernetes = z.strictObject({
  kind: z.literal('kubernetes'),
  ...common,
  /** Signet's own URL without it. */
  audience: audience.optional(),
  /** The API server, which is asked what service accounts may (`access-review.ts`); `bearerFile` is then whom it answers. */
  reviewUrl: baseUrl('https:').optional(),
  /** Whether it is asked for each token too, which it may have taken back. */
  tokenReview: z.boolean({ error: 'true or false' }).default(false),
  serviceAccounts: z
    .array(z.strictObject({ namespace: word, name: word, ...identity }).refine(isOne, ONE_IDENTITY), {
      error: 'a list of service accounts',
    })
    .default([]),
})

export type TrustedIssuerSettings = z.output<typeof oidc> | z.output<typeof kubernetes>

/** By name. */
export const trustedIssuers = z.record(
  z.string().regex(ENTRY_NAME, 'is named by lower case letters, digits and dashes, at most 32'),
  z.discriminatedUnion('kind', [oidc, kubernetes], { error: 'a mapping with kind: oidc or kubernetes' }),
  { error: 'a mapping of issuers by name' },
)

/**
 * Names by which the API server of a cluster is asked for: a token for it is a key to the cluster, and must never come here
 * (the default of TokenReview, https://kubernetes.default.svc, and its neighbours).
 */
const API_SERVER = /^(?:https:\/\/)?kubernetes(?:\.default(?:\.svc(?:\.[a-z0-9.-]+)?)?)?(?::[0-9]+)?\/?$/i

function isApiServerAudience(name: string): boolean {
  return API_SERVER.test(name)
}

/** What no single setting can know. */
export function trustedIssuerFaults(given: ReadonlyMap<string, Given>): string[] {
  const entries = given.get('trustedIssuers')
  const parsed = trustedIssuers.safeParse(entries?.value)
  if (entries === undefined || !parsed.success) return []
  const own = given.get('publicUrl')?.value
  const seen = new Map<string, string>()
  return Object.entries(parsed.data).flatMap(([name, entry]) => {
    const place = `${entries.origin}: trustedIssuers.${name}`
    const other = seen.get(entry.issuer)
    seen.set(entry.issuer, name)
    return [
      ...(other === undefined
        ? []
        : [`${place}: issuer: not the same as of ${other}: their tokens could not be told apart`]),
      ...(sameUrl(entry.issuer, own) ? [`${place}: issuer: not Signet itself`] : []),
      ...faultsOf(entry, place),
    ]
  })
}

function faultsOf(entry: TrustedIssuerSettings, place: string): string[] {
  const { audience: name } = entry
  const faults = []
  if (entry.kind === 'oidc' && entry.subjects.length === 0 && entry.groupClaim === undefined) {
    faults.push(`${place}.subjects: at least one subject, or a groupClaim for external users`)
  }
  if (entry.jwksUrl !== undefined && entry.jwksFile !== undefined) faults.push(`${place}: one of jwksUrl and jwksFile`)
  if (entry.kind === 'kubernetes' && entry.jwksUrl === undefined && entry.jwksFile === undefined) {
    faults.push(`${place}: jwksUrl or jwksFile: where the keys of the cluster are`)
  }
  if (entry.kind === 'kubernetes') faults.push(...clusterFaults(entry, place))
  const isForCluster =
    name !== undefined && (isApiServerAudience(name) || (entry.kind === 'kubernetes' && name === entry.issuer))
  if (isForCluster) faults.push(`${place}: audience: Signet's own, never that of the API server`)
  return [...faults, ...repeatedSubjects(entry, place)]
}

function clusterFaults(entry: z.output<typeof kubernetes>, place: string): string[] {
  const { reviewUrl, tokenReview, bearerFile, serviceAccounts } = entry
  if (reviewUrl === undefined) {
    return [
      ...(serviceAccounts.length === 0
        ? [`${place}.serviceAccounts: at least one service account, or a reviewUrl`]
        : []),
      ...(tokenReview ? [`${place}: tokenReview: with reviewUrl alone`] : []),
    ]
  }
  return bearerFile === undefined ? [`${place}: bearerFile: whom the API server answers, with reviewUrl`] : []
}

function repeatedSubjects(entry: TrustedIssuerSettings, place: string): string[] {
  const subjects =
    entry.kind === 'oidc'
      ? entry.subjects.map(({ sub }) => sub)
      : entry.serviceAccounts.map(({ namespace, name }) => `${namespace}/${name}`)
  return new Set(subjects).size === subjects.length ? [] : [`${place}: each subject once`]
}

function sameUrl(one: string, other: unknown): boolean {
  return typeof other === 'string' && one.replace(/\/$/, '') === other.replace(/\/$/, '')
}
