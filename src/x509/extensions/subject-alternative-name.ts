// SubjectAltName (RFC 5280 §4.2.1.6).
import { DerReader } from '../der-reader.ts'
import { sequence } from '../der-writer.ts'
import { ExtensionRejected, makeExtension, type Criticality, type Extension } from '../extension.ts'
import { encodeGeneralName, parseGeneralNames, type GeneralName, type WritableGeneralName } from '../general-name.ts'
import { OID } from '../oid.ts'

/** §4.2.1.6: critical exactly when the subject is empty. Throws `ExtensionRejected` for no names. */
export function subjectAlternativeName(names: readonly WritableGeneralName[], criticality: Criticality): Extension {
  if (names.length === 0) throw new ExtensionRejected('extension_malformed', { oid: OID.subjectAlternativeName })
  return makeExtension(OID.subjectAlternativeName, criticality, sequence(...names.map(encodeGeneralName)))
}

export function parseSubjectAlternativeName(value: Uint8Array): readonly GeneralName[] {
  return DerReader.whole(value, (reader) => parseGeneralNames(reader))
}
