// Unique identifiers let a name be used again, which this policy forbids; conforming CAs never write them.
import { contextPrimitive, DerReader, TAG } from '../../x509/der-reader.ts'
import type { Lint } from '../lint.ts'

export const uniqueIdentifierPresent: Lint = {
  name: 'unique_identifier_present',
  cites: 'CP §7.1.1; RFC 5280 §4.1.2.8',
  passes: ({ tbs }) => !hasUniqueIdentifier(tbs.encoded),
}

function hasUniqueIdentifier(encoded: Uint8Array): boolean {
  const fields = DerReader.over(encoded).readSequence()
  // Version, serial number, signature, issuer, validity, subject, subjectPublicKeyInfo.
  if (fields.peekTag() !== TAG.integer) fields.readEncoded()
  for (let field = 0; field < 6; field++) fields.readEncoded()
  return fields.peekTag() === contextPrimitive(1) || fields.peekTag() === contextPrimitive(2)
}
