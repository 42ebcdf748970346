// From the bytes of a client certificate to facts about it, for the decision: parsed strictly, its issuer found in our own
// trust, the signature and everything that RFC 5280 §6.1 and our profiles ask of a leaf checked, and its names read.
//
// Time is not judged and revocation is not looked up: facts hold for ever, the decision judges each request. The validity
// in the facts is what the leaf and all CAs above it have in common.
import type { CertificateFacts, CertificateFault, RefusedAsUnfit, VerifiedCertificate } from '../access/facts.ts'
import { parseSerialNumber, SerialRejected, type SerialNumber } from '../domain/serial-number.ts'
import type { ProfileName } from '../domain/profile-name.ts'
import type { Validity } from '../domain/validity.ts'
import { verifySignature } from '../x509/certificate.ts'
import { attributeValues, type NameAttribute } from '../x509/distinguished-name.ts'
import { STRING_TAG } from '../x509/der-string.ts'
import { urisOf } from '../x509/general-name.ts'
import { OID } from '../x509/oid.ts'
import { isCallerProfile, readIdentity } from './certified-identity.ts'
import { type Leaf, readLeaf } from './leaf.ts'
import { constrainedNames } from './path/constrained-names.ts'
import { allowsNames } from './path/name-subtrees.ts'
import { commonValidity } from './path-validity.ts'
import type { Authority, Trust } from './trust.ts'
import { unknownCritical } from './unknown-critical.ts'

export function verifyClientCertificate(der: Uint8Array, trust: Trust): CertificateFacts {
  const leaf = readLeaf(der)
  if (leaf === undefined) return foreign('encoding')
  const issuer = issuerOf(leaf, trust)
  if (issuer === undefined) return foreign('issuer')
  const fault = CHAIN_CHECKS.find(([, holds]) => !holds(leaf, issuer))?.[0]
  return fault === undefined ? fitOrUnfit(leaf, issuer, trust) : foreign(fault)
}

type Check = readonly [CertificateFault, (leaf: Leaf, issuer: Authority) => boolean]

/** Whether the certificate is one of ours. The signature comes first: nothing is said about a text that anyone can write. */
const CHAIN_CHECKS: readonly Check[] = [
  ['signature', ({ certificate }, issuer) => verifySignature(certificate, issuer.publicKey)],
  ['authority', ({ basicConstraints }) => basicConstraints?.authority !== true],
  ['key-usage', ({ keyUsage }) => keyUsage?.size === 1 && keyUsage.has('digitalSignature')],
  ['critical-extension', hasNoUnknownCritical],
  ['policy', (leaf, issuer) => profileOf(leaf, issuer) !== undefined],
  [
    'name-constraints',
    ({ subject, alternativeNames }, issuer) =>
      allowsNames(issuer.nameConstraints, constrainedNames(subject, alternativeNames), uncounted),
  ],
]

/** A leaf has few bytes, and the constraints are our own. */
function uncounted(): void {
  return undefined
}

function issuerOf({ certificate, authorityKeyIdentifier }: Leaf, trust: Trust): Authority | undefined {
  if (authorityKeyIdentifier === undefined) return undefined
  return trust.authority(certificate.tbs.issuerEncoded, authorityKeyIdentifier)
}

/** Extensions of a leaf that are processed here, and may therefore be critical. */
const PROCESSED: ReadonlySet<string> = new Set([
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.subjectAlternativeName,
  OID.certificatePolicies,
])

function hasNoUnknownCritical({ certificate }: Leaf): boolean {
  return unknownCritical(certificate.tbs, PROCESSED) === undefined
}

/** The kind comes from one policy that this very issuer may issue under, and from nothing else. */
function profileOf({ policies }: Leaf, issuer: Authority): ProfileName | undefined {
  const [policy, ...more] = policies
  return policy === undefined || more.length > 0 ? undefined : issuer.issues.get(policy)
}

/** The certificate is ours; is it a client's, and whose? */
function fitOrUnfit(leaf: Leaf, issuer: Authority, trust: Trust): CertificateFacts {
  const validity = commonValidity(issuer.validity, leaf.certificate.tbs.validity)
  if (!isForClients(leaf, issuer)) return unfit('extended-key-usage', validity)
  const profile = profileOf(leaf, issuer)
  if (profile === undefined || !isCallerProfile(profile)) return unfit('profile', validity)
  const commonName = singleCommonName(leaf)
  if (commonName === undefined) return unfit('common-name', validity)
  return verifiedFacts(leaf, issuer, trust, { profile, commonName, validity })
}

interface Established {
  readonly profile: VerifiedCertificate['profile']
  readonly commonName: string
  readonly validity: Validity
}

function verifiedFacts(leaf: Leaf, issuer: Authority, trust: Trust, established: Established): CertificateFacts {
  const { profile, commonName, validity } = established
  const { certificate, subject, alternativeNames } = leaf
  const [uri, ...moreUris] = urisOf(alternativeNames)
  const serial = ownSerial(certificate.tbs.serialHex)
  if (uri === undefined || moreUris.length > 0 || serial === undefined) return unfit('names', validity)
  const organizationalUnits = attributeValues(subject, OID.organizationalUnitName)
  const dnsNames = alternativeNames.flatMap((name) => (name.kind === 'dns' ? [name.value] : []))
  const named = readIdentity(profile, { commonName, organizationalUnits, dnsNames, uri }, trust)
  if (named === undefined) return unfit('names', validity)
  return {
    kind: 'verified',
    ...named.identity,
    issuer: issuer.id,
    serial,
    commonName,
    localities: attributeValues(subject, OID.localityName),
    organizationalUnits,
    spiffeId: named.spiffeId,
    validity,
    fingerprint: certificate.fingerprint,
  }
}

/** By its own EKU, and by that of every CA above it that has one. A leaf without EKU is not meant for clients. */
function isForClients({ purposes }: Leaf, issuer: Authority): boolean {
  return purposes.includes(OID.clientAuth) && (issuer.purposes === 'any' || issuer.purposes.has(OID.clientAuth))
}

/** Undefined unless there is exactly one, as text of an unambiguous type, and every RDN has one attribute. */
function singleCommonName({ subject }: Leaf): string | undefined {
  if (subject.some((rdn) => rdn.length !== 1)) return undefined
  const [found, ...more] = subject.flat().filter(({ type }) => type === OID.commonName)
  return found === undefined || more.length > 0 || !isPlainText(found) ? undefined : found.value
}

/** RFC 5280 §4.1.2.4: UTF8String or PrintableString. Readers disagree on what the other types say. */
function isPlainText({ tag }: NameAttribute): boolean {
  return tag === STRING_TAG.utf8 || tag === STRING_TAG.printable
}

function ownSerial(hex: string): SerialNumber | undefined {
  try {
    return parseSerialNumber(hex)
  } catch (error) {
    if (error instanceof SerialRejected) return undefined
    throw error
  }
}

function foreign(fault: CertificateFault): CertificateFacts {
  const reason = fault === 'encoding' ? 'CERT_MALFORMED' : 'CERT_UNTRUSTED'
  return { kind: 'refused', reason, fault, validity: 'unproven' }
}

type UnfitFault = 'extended-key-usage' | 'profile' | 'common-name' | 'names'

const UNFIT_REASONS: Readonly<Record<UnfitFault, RefusedAsUnfit['reason']>> = {
  'extended-key-usage': 'CERT_EKU',
  profile: 'CERT_UNTRUSTED',
  'common-name': 'CERT_AMBIGUOUS_CN',
  names: 'CERT_MALFORMED',
}

function unfit(fault: UnfitFault, validity: Validity): CertificateFacts {
  return { kind: 'refused', reason: UNFIT_REASONS[fault], fault, validity }
}
