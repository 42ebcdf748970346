// Whether a CRL can be relied on for all certificates of one issuer (RFC 5280 §6.3.3): signed by it, in force, complete.
// The issuer itself is trusted already.
import type { Certificate } from '../x509/certificate.ts'
import { type Crl, verifyCrlSignature } from '../x509/crl.ts'
import { OID } from '../x509/oid.ts'

export type CrlFault =
  | 'crl_issuer_other'
  | 'crl_issuer_may_not'
  | 'crl_signature_invalid'
  | 'crl_extension_unknown'
  | 'crl_scope_partial'
  | 'crl_not_yet_valid'
  | 'crl_stale'

type Holds = (crl: Crl, issuer: Certificate, at: Date) => boolean

/** In this order: of what is not signed by the issuer nothing else is said. */
const RULES: readonly (readonly [CrlFault, Holds])[] = [
  ['crl_issuer_other', (crl, { tbs }) => Buffer.compare(crl.issuerEncoded, tbs.subjectEncoded) === 0],
  ['crl_issuer_may_not', (_, { tbs }) => tbs.keyUsage?.has('cRLSign') === true],
  ['crl_signature_invalid', (crl, { tbs }) => verifyCrlSignature(crl, tbs.publicKey)],
  ['crl_extension_unknown', hasNoUnknownCritical],
  ['crl_scope_partial', isComplete],
  ['crl_not_yet_valid', ({ thisUpdate }, _, at) => thisUpdate <= at],
  ['crl_stale', ({ nextUpdate }, _, at) => nextUpdate !== undefined && at <= nextUpdate],
]

/** Undefined: it can be relied on. Throws `KeyRejected` for an issuer whose key is none. */
export function faultOfCrl(crl: Crl, issuer: Certificate, at: Date): CrlFault | undefined {
  return RULES.find(([, holds]) => !holds(crl, issuer, at))?.[0]
}

const PROCESSED: ReadonlySet<string> = new Set([
  OID.issuingDistributionPoint,
  OID.crlNumber,
  OID.authorityKeyIdentifier,
])

function hasNoUnknownCritical({ extensions, entries }: Crl): boolean {
  if (entries.unknownCritical.size > 0) return false
  // A delta CRL is known as such, and told apart by its scope.
  return [...extensions.values()].every(({ oid, critical }) => {
    return !critical || PROCESSED.has(oid) || oid === OID.deltaCrlIndicator
  })
}

function isComplete({ deltaBase, issuingDistributionPoint: scope }: Crl): boolean {
  if (deltaBase !== undefined) return false
  if (scope === undefined) return true
  const { onlyUserCertificates, onlyAuthorityCertificates, onlyAttributeCertificates, onlySomeReasons, indirect } =
    scope
  if (onlySomeReasons !== undefined || indirect) return false
  return !onlyUserCertificates && !onlyAuthorityCertificates && !onlyAttributeCertificates
}
