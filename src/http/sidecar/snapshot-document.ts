// What stands in a snapshot and in a checkpoint, as Signet writes it and a sidecar reads it. Whoever calls a parser has verified the
// signature: what is checked here is that both sides mean the same.
import { createHash } from 'node:crypto'
import * as z from 'zod'
import { AUTH_MODES, type AccessRules } from '../../domain/access-policy.ts'
import type { Change } from '../../domain/change.ts'
import { parseIssuerId } from '../../domain/issuer-id.ts'
import type { NameRule, NameRules } from '../../domain/name-rules.ts'
import { PROFILE_NAMES } from '../../domain/profile-name.ts'
import { parseTrustDomain } from '../../domain/spiffe-id.ts'
import { TOKEN_ALGORITHMS } from '../../domain/token-algorithm.ts'
import { parseSnapshotJson } from '../../tokens/snapshot-jws.ts'
import { SnapshotRejected } from '../../tokens/snapshot-rejected.ts'
import type { Hierarchy, TrustedIssuer } from '../../verifier/trust.ts'

/** Another one is not understood, and therefore refused. */
const VERSION = 1

const milliseconds = z.int().min(0)
const count = z.int().min(0)
const hex = z.string().regex(/^[0-9a-f]{64}$/)

const recital = {
  version: z.literal(VERSION),
  iss: z.string(),
  /** The sidecar that it is for. */
  aud: z.string(),
  /** Changes when the installation is restored from a backup: numbers begin again. */
  epoch: z.string().min(1).max(200),
  /** Of the change log: the last change that is in it. */
  seq: count,
  issuedAt: milliseconds,
  validUntil: milliseconds,
}

/** Entries of the change log. Their shapes are `Change`'s, on both sides of one version. */
const changes = z.array(z.custom<Change>((entry) => typeof entry === 'object' && entry !== null && 'kind' in entry))

/** What the operator's configuration says: superadmins manage models, and never call one here. */
const rules = z.object({
  activatedAuthModes: z.array(z.enum(AUTH_MODES)),
  externalLoginAfterHours: z.number(),
  adminSeesModelGroups: z.boolean(),
  ownerMustHoldRole: z.boolean(),
})

const nameRule = z.object({ pattern: z.string(), flags: z.string(), minLength: count, maxLength: count })
const names = z.object({
  project: nameRule,
  user: nameRule,
  serviceAccount: nameRule,
  systemUser: nameRule,
  dnsName: nameRule,
  deployment: nameRule,
  commonNameMaxLength: count,
  serviceAccountPrefix: z.string(),
})

const issuer = z.object({
  id: z.string(),
  root: z.boolean(),
  certificate: z.base64(),
  issues: z.array(z.tuple([z.string(), z.enum(PROFILE_NAMES)])),
})

const tokenKey = z.looseObject({ kid: z.string(), alg: z.enum(TOKEN_ALGORITHMS) })

const SnapshotClaims = z.object({
  ...recital,
  /** Of the border of what is within. */
  scope: hex,
  installation: z.string(),
  trustDomain: z.string(),
  names,
  issuers: z.array(issuer),
  tokens: z.object({ issuer: z.string(), maxLifetimeSeconds: count, keys: z.array(tokenKey) }),
  rules,
  changes,
})

const CheckpointClaims = z.object({
  ...recital,
  /** Follows the state of that number. */
  after: count,
  previous: hex,
  head: hex,
  rules,
  changes,
})

export type SnapshotClaims = z.output<typeof SnapshotClaims>
export type CheckpointClaims = z.output<typeof CheckpointClaims>

/** Throws `SnapshotRejected` (`snapshot_malformed`). */
export function parseSnapshotClaims(payload: Uint8Array): SnapshotClaims {
  return parsedBy(SnapshotClaims, payload)
}

/** Throws `SnapshotRejected` (`snapshot_malformed`). */
export function parseCheckpointClaims(payload: Uint8Array): CheckpointClaims {
  return parsedBy(CheckpointClaims, payload)
}

function parsedBy<Schema extends z.ZodType>(schema: Schema, payload: Uint8Array): z.output<Schema> {
  const parsed = schema.safeParse(parseSnapshotJson(payload))
  if (!parsed.success) throw new SnapshotRejected('snapshot_malformed')
  return parsed.data
}

/** Where the chain begins: at the payload of the snapshot, byte for byte. */
export function firstHead(payload: Uint8Array): string {
  return createHash('sha256').update(payload).digest('hex')
}

/** Each link holds everything before it. */
export function nextHead(previous: string, after: number, seq: number, entries: readonly Change[]): string {
  const link = JSON.stringify([previous, after, seq, entries])
  return createHash('sha256').update(link).digest('hex')
}

export function rulesClaim({ activatedAuthModes, ...others }: AccessRules): z.output<typeof rules> {
  const { externalLoginAfterHours, adminSeesModelGroups, ownerMustHoldRole } = others
  return {
    activatedAuthModes: [...activatedAuthModes],
    externalLoginAfterHours,
    adminSeesModelGroups,
    ownerMustHoldRole,
  }
}

export function accessRulesOf({ activatedAuthModes, ...others }: z.output<typeof rules>): AccessRules {
  return { ...others, activatedAuthModes: new Set(activatedAuthModes), superadmins: new Set() }
}

export function namesClaim(policy: NameRules): z.output<typeof names> {
  const rule = ({ pattern, minLength, maxLength }: NameRule) => {
    return { pattern: pattern.source, flags: pattern.flags, minLength, maxLength }
  }
  return {
    project: rule(policy.project),
    user: rule(policy.user),
    serviceAccount: rule(policy.serviceAccount),
    systemUser: rule(policy.systemUser),
    dnsName: rule(policy.dnsName),
    deployment: rule(policy.deployment),
    commonNameMaxLength: policy.commonNameMaxLength,
    serviceAccountPrefix: policy.serviceAccountPrefix,
  }
}

export function nameRulesOf(claim: SnapshotClaims['names']): NameRules {
  const rule = ({ pattern, flags, minLength, maxLength }: z.output<typeof nameRule>): NameRule => {
    return { pattern: new RegExp(pattern, flags), minLength, maxLength }
  }
  return {
    project: rule(claim.project),
    user: rule(claim.user),
    serviceAccount: rule(claim.serviceAccount),
    systemUser: rule(claim.systemUser),
    dnsName: rule(claim.dnsName),
    deployment: rule(claim.deployment),
    commonNameMaxLength: claim.commonNameMaxLength,
    serviceAccountPrefix: claim.serviceAccountPrefix,
    reservedDnsNames: [],
  }
}

/** Whose certificates callers may show. Throws `SnapshotRejected` when the root is not the pinned one. */
export function hierarchyOf(claims: SnapshotClaims, pinnedRoots: readonly Uint8Array[]): Hierarchy {
  const trusted = (root: boolean): TrustedIssuer[] =>
    claims.issuers
      .filter((each) => each.root === root)
      .map(({ id, certificate, issues }) => ({
        id: parseIssuerId(id),
        certificate: Buffer.from(certificate, 'base64'),
        issues: new Map(issues),
      }))
  const roots = trusted(true)
  const isPinned = ({ certificate }: TrustedIssuer): boolean =>
    pinnedRoots.some((pinned) => Buffer.compare(pinned, certificate) === 0)
  if (roots.length === 0 || !roots.every(isPinned)) throw new SnapshotRejected('snapshot_signer', { why: 'root' })
  return {
    roots,
    issuing: trusted(false),
    names: nameRulesOf(claims.names),
    trustDomain: parseTrustDomain(claims.trustDomain),
  }
}
