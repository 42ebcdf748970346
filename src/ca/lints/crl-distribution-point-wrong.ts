// Whoever checks revocation looks exactly where this says: one complete CRL of the issuer.
import { crlUris, parseCrlDistributionPoints } from '../../x509/extensions/crl-distribution-points.ts'
import { OID } from '../../x509/oid.ts'
import type { ExtensionLint } from '../lint.ts'

export const crlDistributionPointWrong: ExtensionLint = {
  name: 'crl_distribution_point_wrong',
  cites: 'CP §7.1.2; RFC 5280 §4.2.1.13',
  extension: OID.crlDistributionPoints,
  passesValue: (value, { profile, signatory }) => {
    if (!profile.crlDistributionPoint) return true
    const points = value === undefined ? [] : parseCrlDistributionPoints(value)
    const isComplete = points.every(({ reasons, crlIssuer }) => reasons === undefined && crlIssuer === undefined)
    return points.length === 1 && isComplete && crlUris(points).join() === signatory.urls.crl
  },
}
