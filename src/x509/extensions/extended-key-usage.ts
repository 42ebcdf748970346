// ExtKeyUsageSyntax (RFC 5280 §4.2.1.12): key purposes as dotted OIDs.
import { DerReader, TAG } from '../der-reader.ts'
import { oid, sequence } from '../der-writer.ts'
import { ExtensionRejected, makeExtension, type Criticality, type Extension } from '../extension.ts'
import { OID } from '../oid.ts'

export function extendedKeyUsage(purposes: readonly string[], criticality: Criticality): Extension {
  return makeExtension(OID.extendedKeyUsage, criticality, sequence(...refuseNone(purposes).map(oid)))
}

export function parseExtendedKeyUsage(value: Uint8Array): readonly string[] {
  return DerReader.whole(value, (reader) => refuseNone(reader.readEach(TAG.sequence, (inner) => inner.readOid())))
}

function refuseNone(purposes: readonly string[]): readonly string[] {
  if (purposes.length > 0) return purposes
  throw new ExtensionRejected('extension_malformed', { oid: OID.extendedKeyUsage, why: 'none' })
}
