// Without it a verifier asks OCSP about the responder of OCSP, and turns in a circle.
import { checkOcspNoCheck } from '../../x509/extensions/ocsp-no-check.ts'
import { OID } from '../../x509/oid.ts'
import type { Lint } from '../lint.ts'

export const ocspNoCheckMissing: Lint = {
  name: 'ocsp_no_check_missing',
  cites: 'CP §7.3; RFC 6960 §4.2.2.2.1',
  passes: ({ tbs, profile }) => {
    if (!profile.ocspNoCheck) return true
    const extension = tbs.extensions.get(OID.ocspNoCheck)
    if (extension === undefined) return false
    checkOcspNoCheck(extension.value)
    return true
  },
}
