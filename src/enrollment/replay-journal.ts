// Brings into a restored database what its journals tell of the time since the backup: certificates, revocations, releases, and what
// has ended. What cannot be brought back is named for the operator, so that nothing returns in silence.
//
// It gives nothing that the lines do not say: a line about a commit that never came is a certificate that nobody has, or an end that
// somebody asked for.
import { randomUUID } from 'node:crypto'
import { CrlPartitions, partitionOf } from '../ca/crl-partitions.ts'
import type { CertificateRecord } from '../ca/inventory.ts'
import type { JournalEntry, JournalledChange } from '../domain/journal-entry.ts'
import { KeyRefused } from '../domain/key-refused.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { ProxyName } from '../domain/proxy-name.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import type { Recording } from '../domain/transactions.ts'
import { parseCertificate } from '../x509/certificate.ts'
import { attributeValues } from '../x509/distinguished-name.ts'
import { OID } from '../x509/oid.ts'
import { releaseRecord } from '../revocation/revocation.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** A transaction on a database that nobody follows yet: what is written is told to nobody. */
export type QuietUnit = Omit<UnitOfWork, keyof Recording>

export interface ToldRevocation {
  readonly issuer: IssuerId
  readonly serial: SerialNumber
  readonly status: 'revoked' | 'held' | 'released'
  readonly reason: RevocationReason
  readonly revokedAt: Date
}

type Issued = Extract<JournalEntry, { readonly kind: 'issued' }>

/** Whether it was not there before. */
export async function replayIssued(tx: QuietUnit, entry: Issued, at: Date): Promise<boolean> {
  if ((await tx.certificateStanding(entry.serial, 'none')) !== undefined) return false
  const record = recordOf(entry, at)
  await claimKey(tx, record)
  await tx.insertCertificate(record)
  return true
}

function recordOf(entry: Issued, at: Date): CertificateRecord {
  const der = Buffer.from(entry.certificate, 'base64')
  const { tbs } = parseCertificate(der)
  const { serial, issuer, profile, identity, requester, project, partition, obtainedWith, renewUntil } = entry
  return {
    serial,
    issuer,
    profile,
    identity,
    requester,
    commonName: attributeValues(tbs.subject, OID.commonName)[0] ?? '',
    // Names were checked before they were written.
    ...(project === undefined ? {} : { project: project as ProjectName }),
    ...(partition === undefined ? {} : { crlPartition: partition }),
    keyFingerprint: tbs.publicKey.fingerprint,
    validity: tbs.validity,
    der,
    obtainedWith: obtainedWith ?? 'journal',
    ...(renewUntil === undefined ? {} : { renewUntil: new Date(renewUntil) }),
    issuedAt: at,
    status: 'good',
  }
}

/** Certificates name these URLs, and numbers are never given again. */
export async function replayPartitions(
  tx: QuietUnit,
  { issuer, generation, first, urls, at }: Extract<JournalEntry, { readonly kind: 'partitions' }>,
): Promise<void> {
  const there = new Set((await tx.crlPartitions()).flatMap((each) => (each.issuer === issuer ? [each.number] : [])))
  for (const [index, url] of urls.entries()) {
    const number = first + index
    if (there.has(number)) continue
    await tx.insertCrlPartition({ issuer, number, generation, url, openedAt: new Date(at) })
  }
}

/** The certificate is there, whatever the table of keys says by now. */
async function claimKey(tx: QuietUnit, { keyFingerprint, identity }: CertificateRecord): Promise<void> {
  try {
    await tx.claimKey(keyFingerprint, identity)
  } catch (error) {
    if (!(error instanceof KeyRefused)) throw error
  }
}

/** Whether anything was changed. What is revoked stays so, with its first date. */
export async function replayRevocation(tx: QuietUnit, told: ToldRevocation, unknownEnds: Date): Promise<boolean> {
  const record = await tx.certificate(told.serial, 'update')
  if (record === undefined) return told.status !== 'released' && recordUnknown(tx, told, unknownEnds)
  const next = afterRevocation(record, told)
  if (next === undefined) return false
  await tx.updateRevocation(next)
  if (next.reason === 'keyCompromise') await tx.markKeyCompromised(next.keyFingerprint)
  return true
}

export function afterRevocation(record: CertificateRecord, told: ToldRevocation): CertificateRecord | undefined {
  const { status } = record
  if (told.status === 'released') {
    if (status !== 'held') return undefined
    return releaseRecord(record)
  }
  const revokedAt = record.revokedAt ?? told.revokedAt
  if (status === 'good' || (status === 'held' && told.status === 'revoked')) {
    return { ...record, status: told.status, reason: told.reason, revokedAt }
  }
  const isWorse = status === 'revoked' && told.reason === 'keyCompromise' && record.reason !== 'keyCompromise'
  return isWorse ? { ...record, reason: told.reason } : undefined
}

/**
 * A serial that the inventory lacks, as one that was issued after the backup: revoked it stands on every CRL until the last of its
 * issuer's certificates has ended, and OCSP knows it. Of the certificate nothing else is known but the CRL that it names, which its
 * serial tells.
 */
export async function recordUnknown(tx: QuietUnit, told: ToldRevocation, endsAt: Date): Promise<boolean> {
  const { serial, issuer, status, reason, revokedAt } = told
  if (status === 'released') return false
  const partition = await openPartitionOf(tx, told)
  await tx.insertCertificate({
    serial,
    issuer,
    profile: 'project-user',
    identity: 'unknown',
    commonName: '',
    keyFingerprint: `unknown:${serial}`,
    validity: { notBefore: revokedAt, notAfter: endsAt },
    der: new Uint8Array(),
    requester: 'restore',
    obtainedWith: 'restore',
    issuedAt: revokedAt,
    status,
    revokedAt,
    reason,
    ...(partition === undefined ? {} : { crlPartition: partition }),
  })
  return true
}

/** Among those that certificates are put into now: they were then too, unless more have opened in between. */
async function openPartitionOf(
  tx: QuietUnit,
  { issuer, serial }: Pick<ToldRevocation, 'issuer' | 'serial'>,
): Promise<number | undefined> {
  const partitions = new CrlPartitions()
  partitions.load(await tx.crlPartitions())
  return partitionOf(partitions.open(issuer), serial)?.number
}

/** `review`: it is not, or not wholly, as it was. */
export type Replayed =
  { readonly kind: 'applied' } | { readonly kind: 'nothing' } | { readonly kind: 'review'; readonly what: string }

const APPLIED: Replayed = { kind: 'applied' }
const NOTHING: Replayed = { kind: 'nothing' }
const review = (what: string): Replayed => ({ kind: 'review', what })

type Told<Kind extends JournalledChange['kind']> = Extract<JournalledChange, { readonly kind: Kind }>

export async function replayChange(tx: QuietUnit, change: JournalledChange, at: Date): Promise<Replayed> {
  switch (change.kind) {
    case 'user':
      return replayUser(tx, change, at)
    case 'project':
      return replayProject(tx, change, at)
    case 'member':
      return replayMember(tx, change, at)
    case 'account':
      return replayAccount(tx, change, at)
    case 'service':
      return replayService(tx, change, at)
    case 'deployment':
      return replayDeployment(tx, change)
    case 'model-group':
      return replayModelGroup(tx, change)
    case 'model':
      return replayModel(tx, change)
    case 'proxy':
      return replayProxy(tx, change)
    case 'sidecar':
      return replaySidecar(tx, change)
    case 'user-roles':
      return replayRoles(tx, change)
    case 'role-mapping':
      return replayMapping(tx, change)
    case 'setting':
      await tx.setAccessSwitch(change.value)
      return APPLIED
    case 'api-key':
      return replayApiKey(tx, change, at)
    case 'issuer':
      return replayIssuer(tx, change)
    // Every session and token ends with the restore; CRLs, revocations and quarantine are looked at by themselves.
    case 'session':
    case 'sign-in':
    case 'token-revocation':
    case 'token-key':
    case 'revocation':
    case 'crl':
    case 'quarantine':
    case 'restored':
      return NOTHING
    default:
      return change satisfies never
  }
}

async function replayUser(tx: QuietUnit, { name, status, platformRole }: Told<'user'>, at: Date): Promise<Replayed> {
  const user = await tx.user(name, 'update')
  // Also one that was deleted since: its name stays taken.
  if (user === undefined) await tx.insertUser({ id: randomUUID(), name, status, platformRole, createdAt: at })
  else await tx.updateUser({ ...user, status, platformRole })
  return APPLIED
}

async function replayProject(tx: QuietUnit, { name, status }: Told<'project'>, at: Date): Promise<Replayed> {
  const project = await tx.project(name, 'update')
  if (project === undefined) await tx.insertProject({ id: randomUUID(), name, status, createdAt: at })
  else await tx.updateProject({ ...project, status })
  return APPLIED
}

async function replayMember(
  tx: QuietUnit,
  { project, user, role, status }: Told<'member'>,
  at: Date,
): Promise<Replayed> {
  const found = await tx.membership(project, user, 'update')
  if (found === undefined) await tx.insertMember({ id: randomUUID(), project, user, role, status, createdAt: at })
  else await tx.updateMember({ ...found.member, role, status })
  return APPLIED
}

async function replayAccount(
  tx: QuietUnit,
  { project, account, status }: Told<'account'>,
  at: Date,
): Promise<Replayed> {
  const found = await tx.account(project, account, 'update')
  const made = { id: randomUUID(), project, name: account, status, createdBy: 'restore', createdAt: at }
  if (found === undefined) await tx.insertAccount(made)
  else await tx.updateAccount({ ...found, status })
  return APPLIED
}

async function replayService(tx: QuietUnit, change: Told<'service'>, at: Date): Promise<Replayed> {
  const { name, systemUser, dnsNames, roles, projects, status } = change
  const found = await tx.service(name, 'update')
  const told = { name, systemUser, dnsNames, roles, projects, status }
  if (found !== undefined) {
    await tx.updateService({ ...found, ...told })
    return APPLIED
  }
  await tx.insertService({ id: randomUUID(), ...told, createdAt: at })
  return status === 'deleted' ? APPLIED : review(`service ${name}: its owner and its rotation are not known`)
}

async function replayDeployment(tx: QuietUnit, { name, project, status }: Told<'deployment'>): Promise<Replayed> {
  const found = await tx.deployment(name, 'update')
  if (found === undefined && status === 'deleted') return NOTHING
  if (found === undefined) return review(`deployment ${name} of project ${project} was added: it is not there`)
  if (status === 'active') return review(`deployment ${name} of project ${project} was changed: it is as in the backup`)
  await tx.putDeployment({ ...found, status })
  return APPLIED
}

async function replayModelGroup(tx: QuietUnit, { id, name, status }: Told<'model-group'>): Promise<Replayed> {
  const found = await tx.modelGroup(id, 'update')
  if (found === undefined && status === 'deleted') return NOTHING
  if (found === undefined) return review(`model group ${name} was added: it is not there`)
  if (status === 'active') return review(`model group ${name} was changed: it is as in the backup`)
  await tx.deleteModelGroup(id)
  return APPLIED
}

async function replayModel(tx: QuietUnit, { id, name, status }: Told<'model'>): Promise<Replayed> {
  const found = await tx.model(id, 'update')
  if (found === undefined && status === 'deleted') return NOTHING
  if (found === undefined) return review(`model ${name} (${id}) was added: it is not there`)
  if (status === 'active') return review(`model ${name} (${id}) was changed: it is as in the backup`)
  await tx.deleteModel(id)
  return APPLIED
}

async function replayProxy(tx: QuietUnit, change: Told<'proxy'>): Promise<Replayed> {
  const { service, certificateDialect, hops, deployments, status } = change
  // It was checked before it was written.
  const name = change.name as ProxyName
  if (status === 'active') await tx.putProxy({ name, service, certificateDialect, hops, deployments })
  else await tx.deleteProxy(name)
  return APPLIED
}

async function replaySidecar(
  tx: QuietUnit,
  { name, service, deployments, status }: Told<'sidecar'>,
): Promise<Replayed> {
  await tx.putSidecar({ name, service, deployments, status })
  return APPLIED
}

async function replayRoles(tx: QuietUnit, { user, roles }: Told<'user-roles'>): Promise<Replayed> {
  const found = await tx.internalUser(user)
  if (found === undefined) return review(`user ${user} was given backend roles: they are not there`)
  await tx.putInternalUser({ ...found, roles })
  return APPLIED
}

async function replayMapping(
  tx: QuietUnit,
  { role, users, backendRoles, status }: Told<'role-mapping'>,
): Promise<Replayed> {
  if (status === 'active') await tx.putRoleMapping({ role, users, backendRoles })
  else await tx.deleteRoleMapping(role)
  return APPLIED
}

async function replayApiKey(tx: QuietUnit, { prefix, user, status }: Told<'api-key'>, at: Date): Promise<Replayed> {
  const found = await tx.apiKey(prefix, 'update')
  if (status === 'ended') return (await tx.endApiKeys({ kind: 'one', prefix }, at)).length > 0 ? APPLIED : NOTHING
  if (found === undefined) return review(`API key ${prefix} of ${user} was made: it is not there`)
  // What a key may do was perhaps made less.
  await tx.endApiKeys({ kind: 'one', prefix }, at)
  return review(`API key ${prefix} of ${user} was changed, nobody knows how: it is ended`)
}

async function replayIssuer(tx: QuietUnit, { issuer }: Told<'issuer'>): Promise<Replayed> {
  if ((await tx.issuers()).some(({ id }) => id === issuer)) return NOTHING
  return review(`issuing CA ${issuer} was made: its key is lost, revoke its certificate with the root`)
}
