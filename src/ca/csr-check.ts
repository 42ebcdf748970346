// What a certification request may ask for: exactly what it will get, or less (CP §3.2.2). The subject comes from caller
// and profile; a request that names something else is refused as a whole, never trimmed, so that nobody believes they
// hold a name which the certificate does not have.
import { CodedError } from '../domain/coded-error.ts'
import type { TrustDomain } from '../domain/spiffe-id.ts'
import { type CertificationRequest, CsrRejected } from '../x509/certification-request.ts'
import { attributeValues, type DistinguishedName, type NameAttribute, sameName } from '../x509/distinguished-name.ts'
import type { Extension } from '../x509/extension.ts'
import { parseBasicConstraints } from '../x509/extensions/basic-constraints.ts'
import { parseExtendedKeyUsage } from '../x509/extensions/extended-key-usage.ts'
import { parseKeyUsage } from '../x509/extensions/key-usage.ts'
import { parseSubjectAlternativeName } from '../x509/extensions/subject-alternative-name.ts'
import type { GeneralName, WritableGeneralName } from '../x509/general-name.ts'
import { hexOf } from '../x509/hex.ts'
import { parseStructure } from '../x509/malformed.ts'
import { OID } from '../x509/oid.ts'
import { generalNamesOf, sanOf } from './alternative-names.ts'
import type { CertifiedIdentity } from './certificate-request.ts'
import { purposeOids } from './expected-extensions.ts'
import { type Policy, profileNamed } from './policy/policy.ts'
import type { Profile } from './policy/profile.ts'
import { subjectOf } from './subject.ts'

export type CsrRefusalCode =
  | 'csr_asks_for_ca'
  | 'csr_names_ca'
  | 'csr_names_other'
  | 'csr_two_common_names'
  | 'csr_common_name_too_long'
  | 'csr_name_not_ascii'
  | 'csr_san_kind_refused'
  | 'csr_asks_beyond_profile'

/** A sound request that asks for what its sender will not get. */
export class CsrRefused extends CodedError<CsrRefusalCode> {}

/** What the request is held against: the certificate that its sender will get, and the CAs there are. */
export interface CsrExpectation {
  readonly identity: CertifiedIdentity
  readonly policy: Policy
  readonly trustDomain: TrustDomain
  /** Subjects of every CA generation of the installation. */
  readonly caSubjects: readonly DistinguishedName[]
}

interface Check extends CsrExpectation {
  readonly csr: CertificationRequest
  readonly profile: Profile
}

const CHECKS: readonly ((check: Check) => void)[] = [refuseCa, refuseSubject, refuseOtherSubject, refuseExtensions]

/** Throws `CsrRefused`, and `CsrRejected` (`csr_malformed`) for an extension that cannot be read. */
export function checkCsr(csr: CertificationRequest, expected: CsrExpectation): void {
  const profile = profileNamed(expected.policy, expected.identity.profile)
  parseStructure(
    () => CHECKS.forEach((check) => check({ ...expected, csr, profile })),
    (cause) => new CsrRejected('csr_malformed', { ...cause.facts, reason: cause.code }, { cause }),
  )
}

/** A CA gets its certificate in a ceremony, from a request that asks for one; nobody else asks. */
function refuseCa({ csr, profile }: Check): void {
  const extension = csr.requestedExtensions.find(({ oid }) => oid === OID.basicConstraints)
  if (extension === undefined) return
  if (parseBasicConstraints(extension.value).authority && !profile.basicConstraints.authority) {
    throw new CsrRefused('csr_asks_for_ca')
  }
}

function refuseSubject({ csr, policy, profile, caSubjects }: Check): void {
  if (csr.subject.length === 0) return
  const names = attributeValues(csr.subject, OID.commonName)
  if (names.length > 1) throw new CsrRefused('csr_two_common_names', { found: names.length })
  const maxLength = policy.names.commonNameMaxLength
  if (names.some((name) => name.length > maxLength)) throw new CsrRefused('csr_common_name_too_long', { maxLength })
  if (csr.subject.flat().some(({ value }) => !isAscii(value))) throw new CsrRefused('csr_name_not_ascii')
  if (!profile.basicConstraints.authority && caSubjects.some((subject) => namesCa(csr.subject, subject))) {
    throw new CsrRefused('csr_names_ca')
  }
}

/** The whole subject of a CA, or its common name alone: either would be shown as the CA. */
function namesCa(subject: DistinguishedName, ca: DistinguishedName): boolean {
  const caNames = attributeValues(ca, OID.commonName).map(folded)
  return (
    sameName(subject, ca) || attributeValues(subject, OID.commonName).some((name) => caNames.includes(folded(name)))
  )
}

/** An empty subject asks for nothing; each part that is there must be a part of the certificate's. */
function refuseOtherSubject({ csr, identity, policy }: Check): void {
  const granted = subjectOf(identity, policy).flat()
  const other = csr.subject.flat().find((asked) => !granted.some((part) => isSame(part, asked)))
  if (other !== undefined) throw new CsrRefused('csr_names_other', { type: other.type, asked: shown(other.value) })
}

function isSame(granted: NameAttribute, asked: NameAttribute): boolean {
  return granted.type === asked.type && granted.value === asked.value
}

function refuseExtensions(check: Check): void {
  for (const extension of check.csr.requestedExtensions) {
    const isGranted = EXTENSIONS.get(extension.oid)
    if (isGranted === undefined || !isGranted(extension, check)) {
      throw new CsrRefused('csr_asks_beyond_profile', { extension: extension.oid, profile: check.profile.name })
    }
  }
}

/** For each extension that may be asked for, whether this is what the certificate will have. */
const EXTENSIONS: ReadonlyMap<string, (extension: Extension, check: Check) => boolean> = new Map([
  [OID.basicConstraints, (): boolean => true], // see `refuseCa`
  // Java's keytool always asks for one; it names a key and nobody, and ours is computed.
  [OID.subjectKeyIdentifier, (): boolean => true],
  [OID.keyUsage, isKeyUsageGranted],
  [OID.extendedKeyUsage, arePurposesGranted],
  [OID.subjectAlternativeName, areNamesGranted],
])

function isKeyUsageGranted({ value }: Extension, { profile }: Check): boolean {
  const bits: readonly string[] = profile.keyUsage.bits
  return [...parseKeyUsage(value)].every((bit) => bits.includes(bit))
}

function arePurposesGranted({ value }: Extension, { profile }: Check): boolean {
  const granted = profile.extendedKeyUsage === 'of-the-authority' ? [] : purposeOids(profile.extendedKeyUsage.purposes)
  return parseExtendedKeyUsage(value).every((purpose) => granted.includes(purpose))
}

/** Returns true or throws: names have codes of their own. */
function areNamesGranted({ value }: Extension, { identity, trustDomain }: Check): boolean {
  const granted = generalNamesOf(sanOf(identity, trustDomain)).map(textOf)
  for (const name of parseSubjectAlternativeName(value)) {
    if (name.kind !== 'dns' && name.kind !== 'uri' && name.kind !== 'ip') {
      throw new CsrRefused('csr_san_kind_refused', { kind: name.kind })
    }
    const asked = textOf(name)
    if (!granted.includes(asked)) throw new CsrRefused('csr_names_other', { type: name.kind, asked: shown(asked) })
  }
  return true
}

function textOf(name: WritableGeneralName | GeneralName): string {
  if (name.kind === 'ip') return `ip:${hexOf(name.octets)}`
  return 'value' in name ? `${name.kind}:${name.value}` : name.kind
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text)
}

function folded(text: string): string {
  return text.trim().toLowerCase()
}

function shown(text: string): string {
  return text.slice(0, 80)
}
