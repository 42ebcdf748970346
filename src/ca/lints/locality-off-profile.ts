// L is the system user that a service may act as: exactly one in a service, none in anybody else.
import { attributeValues } from '../../x509/distinguished-name.ts'
import { OID } from '../../x509/oid.ts'
import type { Lint } from '../lint.ts'

export const localityOffProfile: Lint = {
  name: 'locality_off_profile',
  cites: 'CP §3.1; RFC 5280 §4.1.2.6',
  passes: ({ tbs, profile }) =>
    attributeValues(tbs.subject, OID.localityName).length ===
    profile.subject.filter(({ attribute }) => attribute === 'L').length,
}
