// The entries of a CRL as read (RFC 5280 §5.1.2.6, §5.3); those of an indirect CRL have issuers of their own (§5.3.3).
import type { RevocationReason } from '../domain/revocation-reason.ts'
import { CrlRejected } from './crl-rejected.ts'
import { DerReader } from './der-reader.ts'
import { sameName, type DistinguishedName } from './distinguished-name.ts'
import { parseExtensions, type Extension } from './extension.ts'
import { parseGeneralNames } from './general-name.ts'
import { hexOf } from './hex.ts'
import { OID } from './oid.ts'

/** `removeFromCRL` belongs to delta CRLs alone (RFC 5280 §5.3.1). */
export type CrlEntryReason = RevocationReason | 'removeFromCRL'

export interface RevokedEntry {
  readonly date: Date
  readonly reason: CrlEntryReason
}

export interface ForeignRevokedEntry extends RevokedEntry {
  readonly issuer: DistinguishedName
  readonly serialHex: string
}

export interface RevokedEntries {
  /** Certificates of the CRL's own issuer, by the content octets of their serials in lower-case hexadecimal. */
  readonly entries: ReadonlyMap<string, RevokedEntry>
  /** Certificates of other issuers, which only an indirect CRL lists. */
  readonly foreignEntries: readonly ForeignRevokedEntry[]
  /** OIDs of critical entry extensions that are not known here: the CRL must not be relied on (§5.3). */
  readonly unknownCriticalEntryExtensions: ReadonlySet<string>
}

/** At the number of each reason (RFC 5280 §5.3.1); 7 is not used. */
export const CRL_REASONS: readonly (CrlEntryReason | undefined)[] = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
]

interface ParsedEntry extends RevokedEntry {
  readonly serialHex: string
  /** Undefined: the issuer of the entry before, at first the CRL's own (§5.3.3). */
  readonly issuer: DistinguishedName | undefined
}

/** Reads revokedCertificates, `list` being a cursor over its elements. Throws `CrlRejected` for one serial twice. */
export function parseRevokedEntries(
  list: DerReader | undefined,
  crlIssuer: DistinguishedName,
  scope: 'direct' | 'indirect',
): RevokedEntries {
  const entries = new Map<string, RevokedEntry>()
  const foreignEntries: ForeignRevokedEntry[] = []
  const unknownCritical = new Set<string>()
  let current = crlIssuer
  while (list !== undefined && !list.atEnd) {
    const { issuer, serialHex, date, reason } = parseEntry(list, scope, unknownCritical)
    if (issuer !== undefined) current = sameName(issuer, crlIssuer) ? crlIssuer : issuer
    if (current !== crlIssuer) foreignEntries.push({ issuer: current, serialHex, date, reason })
    // Of two entries readers could take either, and one may be removeFromCRL.
    else if (entries.has(serialHex)) throw new CrlRejected('crl_malformed', { why: 'one serial twice' })
    else entries.set(serialHex, { date, reason })
  }
  return { entries, foreignEntries, unknownCriticalEntryExtensions: unknownCritical }
}

function parseEntry(list: DerReader, scope: 'direct' | 'indirect', unknownCritical: Set<string>): ParsedEntry {
  const fields = list.readSequence()
  const serialHex = hexOf(fields.readIntegerBytes())
  const date = fields.readTime()
  if (fields.atEnd) return { serialHex, date, reason: 'unspecified', issuer: undefined }
  const extensions = parseExtensions(fields)
  fields.end()
  for (const { oid, critical } of extensions.values()) {
    if (critical && !isKnown(oid, scope)) unknownCritical.add(oid)
  }
  return { serialHex, date, reason: parseReason(extensions), issuer: parseIssuer(extensions, scope) }
}

/** invalidityDate says nothing that a verifier acts on; certificateIssuer belongs to indirect CRLs alone (§5.3.3). */
function isKnown(oid: string, scope: 'direct' | 'indirect'): boolean {
  if (oid === OID.certificateIssuer) return scope === 'indirect'
  return oid === OID.reasonCode || oid === OID.invalidityDate
}

function parseReason(extensions: ReadonlyMap<string, Extension>): CrlEntryReason {
  const extension = extensions.get(OID.reasonCode)
  if (extension === undefined) return 'unspecified'
  const number = DerReader.whole(extension.value, (reader) => reader.readEnumerated())
  const reason = CRL_REASONS[number]
  if (reason === undefined) throw new CrlRejected('crl_malformed', { reasonCode: number })
  return reason
}

function parseIssuer(
  extensions: ReadonlyMap<string, Extension>,
  scope: 'direct' | 'indirect',
): DistinguishedName | undefined {
  // In a direct CRL every entry is the issuer's own, whatever it says: so no revocation is lost.
  if (scope === 'direct') return undefined
  const extension = extensions.get(OID.certificateIssuer)
  if (extension === undefined) return undefined
  const names = DerReader.whole(extension.value, (reader) => parseGeneralNames(reader))
  const issuer = names.find((name) => name.kind === 'directory')
  if (issuer === undefined) throw new CrlRejected('crl_malformed', { why: 'certificateIssuer without a DN' })
  return issuer.name
}
