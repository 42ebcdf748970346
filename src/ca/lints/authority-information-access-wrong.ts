// The addresses of the issuer certificate and of OCSP are those of this issuer, and no others.
import type { Lint } from '../lint.ts'

export const authorityInformationAccessWrong: Lint = {
  name: 'authority_information_access_wrong',
  cites: 'CP §2.1; RFC 5280 §4.2.2.1',
  passes: ({ tbs, profile, signatory }) => {
    const access = tbs.authorityInformationAccess
    return (
      (access?.caIssuers ?? []).join() === (profile.caIssuers ? signatory.urls.caIssuers : '') &&
      (access?.ocsp ?? []).join() === (profile.ocsp ? signatory.urls.ocsp : '')
    )
  },
}
