// Whoever checks revocation looks exactly where this says: one CRL of the issuer, that of the partition which the serial number
// falls into or, where there are none, the complete one.
import { crlUris } from '../../x509/extensions/crl-distribution-points.ts'
import { partitionOf } from '../crl-partitions.ts'
import type { CertificateLint } from '../lint.ts'

export const crlDistributionPointWrong: CertificateLint = {
  name: 'crl_distribution_point_wrong',
  cites: 'CP §7.1.2; RFC 5280 §4.2.1.13',
  passes: ({ tbs, profile, signatory, partitions }) => {
    if (!profile.crlDistributionPoint) return true
    const points = tbs.crlDistributionPoints ?? []
    const isComplete = points.every(({ reasons, crlIssuer }) => reasons === undefined && crlIssuer === undefined)
    const expected = partitionOf(partitions, tbs.serialHex)?.url ?? signatory.urls.crl
    return points.length === 1 && isComplete && crlUris(points).join() === expected
  },
}
