// Over 64 characters OpenSSL refuses the name, and others cut it: what is left may be the name of somebody else.
import { attributeValues } from '../../x509/distinguished-name.ts'
import { OID } from '../../x509/oid.ts'
import type { Lint } from '../lint.ts'

export const commonNameTooLong: Lint = {
  name: 'common_name_too_long',
  cites: 'CP §3.1; RFC 5280 appendix A.1 (ub-common-name)',
  passes: ({ tbs, policy }) =>
    attributeValues(tbs.subject, OID.commonName).every((name) => name.length <= policy.names.commonNameMaxLength),
}
