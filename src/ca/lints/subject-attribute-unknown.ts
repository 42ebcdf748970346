// An attribute that no profile has was put there by whoever asked, or by a fault.
import { OID } from '../../x509/oid.ts'
import type { Lint } from '../lint.ts'

export const subjectAttributeUnknown: Lint = {
  name: 'subject_attribute_unknown',
  cites: 'CP §7.1.4; RFC 5280 §4.1.2.4',
  passes: ({ attributes }) => attributes.every(({ type }) => KNOWN.has(type)),
}

const KNOWN: ReadonlySet<string> = new Set([
  OID.commonName,
  OID.organizationName,
  OID.organizationalUnitName,
  OID.localityName,
])
