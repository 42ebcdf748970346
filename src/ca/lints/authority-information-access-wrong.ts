// The addresses of the issuer certificate and of OCSP are those of this issuer, and no others.
import { parseAuthorityInformationAccess } from '../../x509/extensions/authority-information-access.ts'
import { OID } from '../../x509/oid.ts'
import type { ExtensionLint } from '../lint.ts'

export const authorityInformationAccessWrong: ExtensionLint = {
  name: 'authority_information_access_wrong',
  cites: 'CP §2.1; RFC 5280 §4.2.2.1',
  extension: OID.authorityInformationAccess,
  passesValue: (value, { profile, signatory }) => {
    const access = value && parseAuthorityInformationAccess(value)
    return (
      (access?.caIssuers ?? []).join() === (profile.caIssuers ? signatory.urls.caIssuers : '') &&
      (access?.ocsp ?? []).join() === (profile.ocsp ? signatory.urls.ocsp : '')
    )
  },
}
