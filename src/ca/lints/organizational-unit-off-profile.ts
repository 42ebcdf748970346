// An OU where the profile has none could pass for the identifier of a job or for an administrator.
import { attributeValues } from '../../x509/distinguished-name.ts'
import { OID } from '../../x509/oid.ts'
import type { Lint } from '../lint.ts'

export const organizationalUnitOffProfile: Lint = {
  name: 'organizational_unit_off_profile',
  cites: 'CP §3.1; RFC 5280 §4.1.2.6',
  passes: ({ tbs, profile }) =>
    attributeValues(tbs.subject, OID.organizationalUnitName).length ===
    profile.subject.filter(({ attribute }) => attribute === 'OU').length,
}
