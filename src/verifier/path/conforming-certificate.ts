// What RFC 5280 §4 demands of the certificates of conforming CAs and §6.1 does not look at. A CA that breaks these rules
// is careless with the rest; whoever must live with such certificates waives the rules by name.
import { OID } from '../../x509/oid.ts'
import type { GeneralName } from '../../x509/general-name.ts'
import { isPreferredHostName, mailParts } from './name-syntax.ts'
import type { PathCertificate } from './path-certificate.ts'

export interface ConformanceRule {
  readonly name: string
  readonly cites: string
  readonly keeps: (certificate: PathCertificate) => boolean
}

/** In the order in which they are judged; the first that is broken is told. */
export const CONFORMANCE_RULES: readonly ConformanceRule[] = [
  { name: 'serial-not-positive', cites: '§4.1.2.2', keeps: hasPositiveSerial },
  { name: 'issuer-empty', cites: '§4.1.2.4', keeps: ({ certificate }) => certificate.tbs.issuer.length > 0 },
  {
    name: 'authority-subject-empty',
    cites: '§4.1.2.6',
    keeps: (given) => !isAuthority(given) || given.certificate.tbs.subject.length > 0,
  },
  { name: 'subject-key-identifier-missing', cites: '§4.2.1.2', keeps: hasSubjectKeyIdentifier },
  { name: 'authority-key-identifier-missing', cites: '§4.2.1.1', keeps: hasAuthorityKeyIdentifier },
  { name: 'criticality', cites: '§4.2.1, §4.2.2', keeps: hasRightCriticality },
  {
    name: 'names-missing',
    cites: '§4.1.2.6',
    keeps: ({ certificate, alternativeNames }) => certificate.tbs.subject.length > 0 || alternativeNames !== undefined,
  },
  {
    name: 'key-usage-of-authority',
    cites: '§4.2.1.3',
    keeps: (given) => isAuthority(given) || given.keyUsage?.has('keyCertSign') !== true,
  },
  {
    name: 'name-constraints-of-leaf',
    cites: '§4.2.1.10',
    keeps: (given) => isAuthority(given) || given.nameConstraints === undefined,
  },
  {
    name: 'name-syntax',
    cites: '§4.2.1.6',
    keeps: ({ alternativeNames }) => (alternativeNames ?? []).every(isWellFormed),
  },
]

/** Name of the first rule that is broken. */
export function brokenRule(certificate: PathCertificate): string | undefined {
  return CONFORMANCE_RULES.find(({ keeps }) => !keeps(certificate))?.name
}

function isAuthority({ basicConstraints }: PathCertificate): boolean {
  return basicConstraints?.authority === true
}

function hasPositiveSerial({ certificate }: PathCertificate): boolean {
  const { serialNumber } = certificate.tbs
  return (serialNumber[0] ?? 0x80) < 0x80 && serialNumber.some((octet) => octet !== 0)
}

function hasSubjectKeyIdentifier(given: PathCertificate): boolean {
  return !isAuthority(given) || given.subjectKeyIdentifier !== undefined
}

/** A self-signed certificate may leave it out. */
function hasAuthorityKeyIdentifier({ selfIssued, authorityKeyIdentifier }: PathCertificate): boolean {
  return selfIssued || authorityKeyIdentifier?.keyIdentifier !== undefined
}

const ALWAYS_CRITICAL = [OID.nameConstraints, OID.policyConstraints, OID.inhibitAnyPolicy]

const NEVER_CRITICAL = [
  OID.authorityKeyIdentifier,
  OID.subjectKeyIdentifier,
  OID.authorityInformationAccess,
  OID.freshestCrl,
]

function hasRightCriticality(given: PathCertificate): boolean {
  const { extensions, subject } = given.certificate.tbs
  const must: string[] = [...ALWAYS_CRITICAL]
  if (isAuthority(given)) must.push(OID.basicConstraints)
  if (subject.length === 0) must.push(OID.subjectAlternativeName)
  return (
    must.every((id) => extensions.get(id)?.critical !== false) &&
    NEVER_CRITICAL.every((id) => extensions.get(id)?.critical !== true)
  )
}

function isWellFormed(name: GeneralName): boolean {
  switch (name.kind) {
    case 'dns':
      return isPreferredHostName(name.value.replace(/^\*\./, ''))
    case 'email':
      return mailParts(name.value) !== undefined
    case 'ip':
      return name.octets.length === 4 || name.octets.length === 16
    case 'uri':
      // Absolute, with something behind its scheme.
      return /^[A-Za-z][A-Za-z0-9+.-]*:[^\s]/.test(name.value)
    case 'directory':
    case 'registered-id':
    case 'other':
      return true
    default:
      name satisfies never
      return false
  }
}
