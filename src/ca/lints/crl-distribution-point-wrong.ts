// Whoever checks revocation looks exactly where this says: one complete CRL of the issuer.
import { crlUris } from '../../x509/extensions/crl-distribution-points.ts'
import type { Lint } from '../lint.ts'

export const crlDistributionPointWrong: Lint = {
  name: 'crl_distribution_point_wrong',
  cites: 'CP §7.1.2; RFC 5280 §4.2.1.13',
  passes: ({ tbs, profile, signatory }) => {
    if (!profile.crlDistributionPoint) return true
    const points = tbs.crlDistributionPoints ?? []
    const isComplete = points.every(({ reasons, crlIssuer }) => reasons === undefined && crlIssuer === undefined)
    return points.length === 1 && isComplete && crlUris(points).join() === signatory.urls.crl
  },
}
