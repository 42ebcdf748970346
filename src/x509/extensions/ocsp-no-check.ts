// id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1): the responder's own certificate needs no revocation check. Not critical.
import { DerReader } from '../der-reader.ts'
import { nullValue } from '../der-writer.ts'
import { makeExtension, type Extension } from '../extension.ts'
import { OID } from '../oid.ts'

export function ocspNoCheck(): Extension {
  return makeExtension(OID.ocspNoCheck, 'non-critical', nullValue())
}

/** Throws `DerRejected` unless the value is NULL. */
export function checkOcspNoCheck(value: Uint8Array): void {
  DerReader.whole(value, (reader) => reader.readNull())
}
