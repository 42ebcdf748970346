// Who acts is told by the common name: of two, programs pick different ones; of none, they pick something else.
import { attributeValues } from '../../x509/distinguished-name.ts'
import { OID } from '../../x509/oid.ts'
import type { Lint } from '../lint.ts'

export const commonNameNotSingle: Lint = {
  name: 'common_name_not_single',
  cites: 'CP §7.1.4; RFC 5280 §4.1.2.6',
  passes: ({ tbs }) => attributeValues(tbs.subject, OID.commonName).length === 1,
}
