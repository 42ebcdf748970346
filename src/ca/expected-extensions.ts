// What the extensions of a certificate must say, from policy and issuer (CP §7.1.2). Issuing writes them from here, and
// the lints hold the finished bytes against the same answers, each by its own reading of them.
import { isWithinZone } from '../domain/dns-name.ts'
import type { GeneralName, WritableGeneralName } from '../x509/general-name.ts'
import { OID } from '../x509/oid.ts'
import type { LintTerms } from './lint.ts'
import type { Authority } from './policy/hierarchy.ts'
import { profileNamed } from './policy/policy.ts'
import type { ExtendedKeyUsage, Profile } from './policy/profile.ts'

const PURPOSES: Readonly<Record<ExtendedKeyUsage, string>> = {
  serverAuth: OID.serverAuth,
  clientAuth: OID.clientAuth,
  OCSPSigning: OID.ocspSigning,
}

export function purposeOids(purposes: readonly ExtendedKeyUsage[]): readonly string[] {
  return purposes.map((purpose) => PURPOSES[purpose])
}

/** Purposes as OIDs; empty when there is no such extension. */
export function expectedPurposes({ profile, certified }: LintTerms): readonly string[] {
  if (profile.extendedKeyUsage !== 'of-the-authority') {
    return purposeOids(profile.extendedKeyUsage.purposes)
  }
  const wanted = certified?.extendedKeyUsage ?? 'any'
  return wanted === 'any' ? [] : purposeOids(wanted)
}

/** Policy OIDs: the profile's own, and in an issuing CA those of the profiles that it may issue (CP §7.1.6). */
export function expectedPolicies({ profile, certified, policy }: LintTerms): readonly string[] {
  if (profile.certificatePolicies === 'own' || certified === undefined) return [profile.policyOid]
  return [profile.policyOid, ...certified.issues.map((name) => profileNamed(policy, name).policyOid)]
}

/** Address and mask of zeros: every address (RFC 5280 §4.2.1.10). */
const EVERY_IPV4 = new Uint8Array(8)
const EVERY_IPV6 = new Uint8Array(32)

export interface ExpectedConstraints {
  readonly permitted: readonly WritableGeneralName[]
  readonly excluded: readonly WritableGeneralName[]
}

/** Subtrees of the authority that is certified; `undefined` when there is no such extension. */
export function expectedConstraints({ certified }: LintTerms): ExpectedConstraints | undefined {
  if (certified === undefined || certified.nameConstraints === 'none') return undefined
  const { dnsNames, ipAddresses } = certified.nameConstraints
  const zones = typeof dnsNames === 'string' ? [] : dnsNames
  const permitted = zones.map((value) => ({ kind: 'dns', value }) as const)
  const excluded: WritableGeneralName[] = []
  // An empty dNSName is the root of all names.
  if (dnsNames === 'none') excluded.push({ kind: 'dns', value: '' })
  if (ipAddresses === 'none') excluded.push({ kind: 'ip', octets: EVERY_IPV4 }, { kind: 'ip', octets: EVERY_IPV6 })
  return permitted.length + excluded.length === 0 ? undefined : { permitted, excluded }
}

/** Whether `authority` may certify `name`: what a verifier that reads its name constraints would say. */
export function isWithinConstraints({ nameConstraints }: Authority, name: GeneralName): boolean {
  if (nameConstraints === 'none') return true
  if (name.kind === 'ip') return nameConstraints.ipAddresses === 'any'
  if (name.kind !== 'dns' || nameConstraints.dnsNames === 'any') return true
  if (nameConstraints.dnsNames === 'none') return false
  return nameConstraints.dnsNames.some((zone) => isWithinZone(name.value, zone))
}

/** OIDs of the extensions that the certificate may have, and whether each is critical. */
export function expectedExtensions(terms: LintTerms): ReadonlyMap<string, boolean> {
  const { profile } = terms
  const { uri, dnsNames, ipAddresses } = profile.subjectAltName
  const rows: readonly (readonly [string, boolean, boolean])[] = [
    [OID.basicConstraints, true, profile.basicConstraints.critical],
    [OID.keyUsage, true, profile.keyUsage.critical],
    [OID.extendedKeyUsage, expectedPurposes(terms).length > 0, isPurposeCritical(profile)],
    [OID.certificatePolicies, true, false],
    [OID.subjectKeyIdentifier, true, false],
    [OID.authorityKeyIdentifier, profile.issuedBy !== 'itself', false],
    [OID.subjectAlternativeName, uri !== null || dnsNames.max > 0 || ipAddresses.max > 0, false],
    [OID.nameConstraints, expectedConstraints(terms) !== undefined, true],
    [OID.crlDistributionPoints, profile.crlDistributionPoint, false],
    [OID.authorityInformationAccess, profile.caIssuers || profile.ocsp, false],
    [OID.ocspNoCheck, profile.ocspNoCheck, false],
  ]
  return new Map(rows.flatMap(([oid, present, critical]) => (present ? [[oid, critical] as const] : [])))
}

/** Never in a CA: verifiers that do not know the restriction there would refuse the chain (RFC 5280 §4.2.1.12). */
export function isPurposeCritical({ extendedKeyUsage }: Profile): boolean {
  return extendedKeyUsage !== 'of-the-authority' && extendedKeyUsage.critical
}
