// SubjectKeyIdentifier (RFC 5280 §4.2.1.2), never critical.
import { DerReader } from '../der-reader.ts'
import { octetString } from '../der-writer.ts'
import { makeExtension, type Extension } from '../extension.ts'
import { OID } from '../oid.ts'

export function subjectKeyIdentifier(keyIdentifier: Uint8Array): Extension {
  return makeExtension(OID.subjectKeyIdentifier, 'non-critical', octetString(keyIdentifier))
}

export function parseSubjectKeyIdentifier(value: Uint8Array): Uint8Array {
  return DerReader.whole(value, (reader) => reader.readOctetString())
}
