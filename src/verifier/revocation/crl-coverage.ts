// Which reasons a CRL covers for one certificate at one of its distribution points (RFC 5280 §6.3.3 (b), (d)): whether the
// CRL speaks for this certificate at all. Signature and dates are looked at elsewhere.
import type { PathCertificate } from '../path/path-certificate.ts'
import type { CertificatePoint } from './certificate-points.ts'
import type { KnownCrl } from './known-crl.ts'
import type { RevocationPolicy } from './revocation-policy.ts'
import type { RevocationFault } from './revocation-status.ts'

export type CrlCoverage =
  { readonly kind: 'covers'; readonly reasons: number } | { readonly kind: 'fault'; readonly code: RevocationFault }

export function coverageOf(
  certificate: PathCertificate,
  point: CertificatePoint,
  crl: KnownCrl,
  policy: RevocationPolicy,
): CrlCoverage {
  const code =
    (crl.indirect && policy.indirectCrls === 'refused' ? 'crl-indirect-refused' : undefined) ??
    (isOfIssuer(certificate, point, crl) ? undefined : 'crl-issuer-other') ??
    (namesMatch(point, crl) && isAmong(certificate, crl) ? undefined : 'crl-scope-other')
  return code === undefined ? { kind: 'covers', reasons: point.reasons & crl.reasons } : { kind: 'fault', code }
}

/** (b)(1). Only a CRL that says it is indirect lists certificates of another issuer. */
function isOfIssuer({ issuer }: PathCertificate, { crlIssuers }: CertificatePoint, crl: KnownCrl): boolean {
  return crlIssuers === undefined ? crl.issuer === issuer : crl.indirect && crlIssuers.includes(crl.issuer)
}

/** (b)(2)(i). */
function namesMatch({ names }: CertificatePoint, crl: KnownCrl): boolean {
  return crl.names === undefined || names.some((name) => crl.names?.has(name) === true)
}

/** (b)(2)(ii)-(iv). §5.2.5: versions 1 and 2 cannot say which they are, and are in the scope of neither. */
function isAmong({ certificate, basicConstraints }: PathCertificate, { certificates }: KnownCrl): boolean {
  if (certificates === 'all') return true
  if (certificates === 'attribute' || certificate.tbs.version !== 3) return false
  return (basicConstraints?.authority === true) === (certificates === 'authority')
}
