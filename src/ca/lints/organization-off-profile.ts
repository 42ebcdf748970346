// Only the names of CAs have an organization: access lists match on it.
import { attributeValues } from '../../x509/distinguished-name.ts'
import { OID } from '../../x509/oid.ts'
import type { Lint } from '../lint.ts'

export const organizationOffProfile: Lint = {
  name: 'organization_off_profile',
  cites: 'CP §3.1; RFC 5280 §4.1.2.6',
  passes: ({ tbs, profile }) =>
    attributeValues(tbs.subject, OID.organizationName).length ===
    profile.subject.filter(({ attribute }) => attribute === 'O').length,
}
