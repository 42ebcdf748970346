// Brings into a restored database what its journals tell of certificates since the backup: issued, replaced, held, revoked, released. All
// other changes are in `replay-changes.ts`.
//
// It gives nothing that the lines do not say: a line about a commit that never came is a certificate that nobody has, or an end that
// somebody asked for.
import { CrlPartitions, partitionOf } from '../ca/crl-partitions.ts'
import type { CertificateRecord } from '../ca/inventory.ts'
import type { JournalEntry } from '../domain/journal-entry.ts'
import { KeyRefused } from '../domain/key-refused.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import type { Recording } from '../domain/transactions.ts'
import { fullScope } from '../domain/crl-scope.ts'
import { wholeCrl } from '../revocation/crl-store.ts'
import { parseCertificate } from '../x509/certificate.ts'
import { type Crl, parseCrl, verifyCrlSignature } from '../x509/crl.ts'
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

/** Taken when the root has signed it, and it is newer than what is there. The CRLs of issuing CAs are made anew. */
export async function replayAuthorityCrl(
  tx: QuietUnit,
  { issuer, crl }: Extract<JournalEntry, { readonly kind: 'authority-crl' }>,
): Promise<void> {
  const record = (await tx.issuers()).find(({ id }) => id === issuer)
  if (record === undefined || record.sealedKey !== undefined) return
  await keepNewerCrl(tx, issuer, record.certificate, Buffer.from(crl, 'base64'))
}

/** Whether it is in force now. The certificate is its issuer's, DER. */
export async function keepNewerCrl(
  tx: QuietUnit,
  issuer: IssuerId,
  certificate: Uint8Array,
  der: Uint8Array,
): Promise<boolean> {
  const { number, thisUpdate, nextUpdate } = verifiedCrl(der, certificate) ?? {}
  if (number === undefined || thisUpdate === undefined || nextUpdate === undefined) return false
  const latest = await tx.latestCrl(fullScope(issuer))
  if (latest !== undefined && (number <= BigInt(latest.number) || thisUpdate <= latest.thisUpdate)) return false
  const dates = { number: Number(number), thisUpdate, nextUpdate }
  const facts = { scope: fullScope(issuer), ...dates, endedBefore: new Date(0), base: undefined }
  const coversRevision = latest?.coversRevision ?? 0
  await tx.advanceCrl(latest?.number ?? 0, wholeCrl({ ...facts, coversRevision }, der))
  return true
}

function verifiedCrl(der: Uint8Array, certificate: Uint8Array): Crl | undefined {
  const crl = parseCrl(der)
  return verifyCrlSignature(crl, parseCertificate(certificate).tbs.publicKey) ? crl : undefined
}

/** Nothing else is revoked by it: with the certificate that takes its place missing, it stays as it is. */
export async function replayReplaced(
  tx: QuietUnit,
  { serial, by, revokeAt }: Extract<JournalEntry, { readonly kind: 'replaced' }>,
): Promise<void> {
  const record = await tx.certificate(serial, 'update')
  if (record === undefined || record.replacedBy !== undefined) return
  if ((await tx.certificateStanding(by, 'none')) === undefined) return
  await tx.markReplaced({ serial, replacedBy: by, ...(revokeAt === undefined ? {} : { revokeAt: new Date(revokeAt) }) })
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
