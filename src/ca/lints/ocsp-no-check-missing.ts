// Without it a verifier asks OCSP about the responder of OCSP, and turns in a circle.
import { checkOcspNoCheck } from '../../x509/extensions/ocsp-no-check.ts'
import { OID } from '../../x509/oid.ts'
import type { ExtensionLint } from '../lint.ts'

export const ocspNoCheckMissing: ExtensionLint = {
  name: 'ocsp_no_check_missing',
  cites: 'CP §7.3; RFC 6960 §4.2.2.2.1',
  extension: OID.ocspNoCheck,
  passesValue: (value, { profile }) => {
    if (!profile.ocspNoCheck) return true
    if (value === undefined) return false
    checkOcspNoCheck(value)
    return true
  },
}
