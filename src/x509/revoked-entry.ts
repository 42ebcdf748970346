// One entry of a CRL as read (RFC 5280 §5.1.2.6, §5.3). Of the many in a CRL `revoked-entries.ts` keeps where they stand.
import { parseRevocationReason, REVOCATION_REASONS, type RevocationReason } from '../domain/revocation-reason.ts'
import { CrlRejected } from './crl-rejected.ts'
import { DerReader } from './der-reader.ts'
import { parseExtensions, type Extension } from './extension.ts'
import { OID } from './oid.ts'

/** `removeFromCRL` belongs to delta CRLs alone (RFC 5280 §5.3.1). */
export type CrlEntryReason = RevocationReason | 'removeFromCRL'

export interface RevokedEntry {
  readonly date: Date
  readonly reason: CrlEntryReason
}

/** At the number of each reason (RFC 5280 §5.3.1); 7 is not used. */
export const CRL_REASONS: readonly (CrlEntryReason | undefined)[] = reasonsByNumber()

function reasonsByNumber(): readonly (CrlEntryReason | undefined)[] {
  const names = new Map<number, CrlEntryReason>([[8, 'removeFromCRL']])
  for (const [name, number] of Object.entries(REVOCATION_REASONS)) names.set(number, parseRevocationReason(name))
  return Array.from({ length: Math.max(...names.keys()) + 1 }, (_, number) => names.get(number))
}

/** What the CRL around an entry allows in it. */
export interface EntryScope {
  readonly version: 1 | 2
  readonly kind: 'direct' | 'indirect'
}

export interface ParsedEntry extends RevokedEntry {
  /** Content octets of the INTEGER. */
  readonly serial: Uint8Array
  /** Value of certificateIssuer, which an indirect CRL alone may have (§5.3.3). */
  readonly certificateIssuer: Uint8Array | undefined
  /** Critical extensions that are not known here: the CRL must not be relied on (§5.3). */
  readonly unknownCritical: readonly string[]
}

const NO_EXTENSIONS: ReadonlyMap<string, Extension> = new Map()

/** The entry at the cursor. Throws `CrlRejected`, or what the layers below throw. */
export function parseRevokedEntry(list: DerReader, scope: EntryScope): ParsedEntry {
  const fields = list.readSequence()
  const serial = fields.readIntegerBytes()
  const date = fields.readTime()
  const extensions = fields.atEnd ? NO_EXTENSIONS : parseEntryExtensions(fields, scope)
  return {
    serial,
    date,
    reason: parseReason(extensions),
    certificateIssuer: scope.kind === 'indirect' ? extensions.get(OID.certificateIssuer)?.value : undefined,
    unknownCritical: unknownCriticalOf(extensions, scope),
  }
}

function parseEntryExtensions(fields: DerReader, { version }: EntryScope): ReadonlyMap<string, Extension> {
  // §5.1.2.1: a CRL that has extensions, of its own or of entries, MUST say that it is version 2.
  if (version === 1) throw new CrlRejected('crl_malformed', { version, why: 'entry extensions' })
  const extensions = parseExtensions(fields)
  fields.end()
  return extensions
}

/** In a direct CRL every entry is the issuer's own, whatever it says: so no revocation is lost. */
function unknownCriticalOf(extensions: ReadonlyMap<string, Extension>, { kind }: EntryScope): readonly string[] {
  if (extensions.size === 0) return []
  const critical = [...extensions.values()].filter((extension) => extension.critical).map(({ oid }) => oid)
  return critical.filter((oid) => !(oid === OID.certificateIssuer ? kind === 'indirect' : isKnown(oid)))
}

/** invalidityDate says nothing that a verifier acts on. */
function isKnown(oid: string): boolean {
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
