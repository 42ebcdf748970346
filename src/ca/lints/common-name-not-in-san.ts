// Clients that read DNS names alone and clients that read the common name must reach the same server.
import { attributeValues } from '../../x509/distinguished-name.ts'
import { OID } from '../../x509/oid.ts'
import type { Lint } from '../lint.ts'

export const commonNameNotInSan: Lint = {
  name: 'common_name_not_in_san',
  cites: 'CP §3.1; RFC 9525 §6.1',
  passes: ({ tbs, alternativeNames, profile }) => {
    if (profile.subjectAltName.dnsNames.min === 0) return true
    const names = alternativeNames.flatMap((name) => (name.kind === 'dns' ? [name.value] : []))
    // A server without DNS names, and one without a common name, are other lints' business.
    return names.length === 0 || attributeValues(tbs.subject, OID.commonName).every((name) => names.includes(name))
  },
}
