// Whether a CRL can be relied on (RFC 5280 §6.3.3) for all certificates of one issuer, or for one of them: signed by it, in force, about
// them. The issuer itself is trusted already.
//
// Narrower than §6.3.3, since these CRLs are of Signet and each stands alone: the key of the certificate's issuer signed it, whose key usage
// says so; it speaks for every reason; it is no delta, and not indirect. Names match as §7.1 has it, and a partition's point as §6.3.3 (b).
import { pointsOf } from '../verifier/revocation/certificate-points.ts'
import { coverageOf } from '../verifier/revocation/crl-coverage.ts'
import { knownCrl } from '../verifier/revocation/known-crl.ts'
import { ALL_REASONS } from '../verifier/revocation/reason-mask.ts'
import { STRICT_REVOCATION } from '../verifier/revocation/revocation-policy.ts'
import { readPathCertificate } from '../verifier/path/path-certificate.ts'
import type { Certificate } from '../x509/certificate.ts'
import { type Crl, verifyCrlSignature } from '../x509/crl.ts'
import { canonicalName } from '../x509/distinguished-name.ts'

export type CrlFault =
  | 'crl_issuer_other'
  | 'crl_issuer_may_not'
  | 'crl_signature_invalid'
  | 'crl_extension_unknown'
  | 'crl_scope_partial'
  | 'crl_not_yet_valid'
  | 'crl_stale'

/** `all`: every certificate of the issuer. */
type About = Certificate | 'all'

type Holds = (crl: Crl, issuer: Certificate, at: Date, about: About) => boolean

/** In this order: of what is not signed by the issuer nothing else is said. */
const RULES: readonly (readonly [CrlFault, Holds])[] = [
  ['crl_issuer_other', isOfIssuer],
  ['crl_issuer_may_not', (_, { tbs }) => tbs.keyUsage?.has('cRLSign') === true],
  ['crl_signature_invalid', (crl, { tbs }) => verifyCrlSignature(crl, tbs.publicKey)],
  // A delta CRL is known as such, and told apart by its scope.
  ['crl_extension_unknown', (crl) => knownCrl(crl).unknownCritical.length === 0],
  ['crl_scope_partial', (crl, _, __, about) => (about === 'all' ? isComplete(crl) : speaksFor(crl, about))],
  ['crl_not_yet_valid', ({ thisUpdate }, _, at) => thisUpdate <= at],
  ['crl_stale', ({ nextUpdate }, _, at) => nextUpdate !== undefined && at <= nextUpdate],
]

/** Undefined: it can be relied on. Throws `KeyRejected` for an issuer whose key is none. */
export function faultOfCrl(crl: Crl, issuer: Certificate, at: Date, about: About): CrlFault | undefined {
  return RULES.find(([, holds]) => !holds(crl, issuer, at, about))?.[0]
}

export function isOfIssuer(crl: Crl, { tbs }: Certificate): boolean {
  return knownCrl(crl).issuer === canonicalName(tbs.subject)
}

/** Whether it says of this certificate that it is not revoked, for any reason, where it does not list it. */
export function speaksFor(crl: Crl, certificate: Certificate): boolean {
  if (crl.deltaBase !== undefined) return false
  const subject = readPathCertificate(certificate.der)
  const points = pointsOf(subject)
  if (points.kind === 'fault') return false
  return points.points.some((point) => {
    const coverage = coverageOf(subject, point, knownCrl(crl), STRICT_REVOCATION)
    return coverage.kind === 'covers' && coverage.reasons === ALL_REASONS
  })
}

/** One that names a point may be that of a partition, which says nothing of the others. */
function isComplete(crl: Crl): boolean {
  const { names, certificates, reasons, indirect } = knownCrl(crl)
  const isForAll = names === undefined && certificates === 'all' && reasons === ALL_REASONS && !indirect
  return crl.deltaBase === undefined && isForAll
}
