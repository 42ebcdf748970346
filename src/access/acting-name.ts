// The one name that a certificate answers to (steps 10u and 10s of the decision): the common name of a person, a job or an account,
// the system user of a service. A certificate whose texts leave a choice answers to none.
import { SEPARATOR } from '../domain/name-rules.ts'
import type { VerifiedCertificate } from './facts.ts'

export type ActingName =
  | { readonly kind: 'named'; readonly name: string; readonly otherwise: 'CERT_CN_MISMATCH' | 'CERT_L_MISMATCH' }
  | { readonly kind: 'none'; readonly otherwise: 'CERT_L_MISMATCH' }

/** `otherwise`: what acting under any other name is refused for. */
export function actingNameOf(certificate: VerifiedCertificate): ActingName {
  if (certificate.profile !== 'service') {
    return { kind: 'named', name: certificate.commonName, otherwise: 'CERT_CN_MISMATCH' }
  }
  const [locality, ...more] = certificate.localities
  const otherwise = 'CERT_L_MISMATCH'
  // The URI SAN names the system user too; a certificate that contradicts itself names nobody.
  if (locality === undefined || more.length > 0 || certificate.systemUser !== locality)
    return { kind: 'none', otherwise }
  // A name with `__` is a member's, whatever a certificate's L says: it is never answered by this rule.
  if (locality.includes(SEPARATOR)) return { kind: 'none', otherwise }
  return { kind: 'named', name: locality, otherwise }
}
