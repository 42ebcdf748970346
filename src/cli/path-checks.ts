// What RFC 5280 §6.1 asks of a path, check by check, so that an operator sees which holds and which does not. The path
// itself (names and signatures) was found before; its root is trusted.
import { validityAt } from '../domain/validity.ts'
import type { Certificate } from '../x509/certificate.ts'
import type { Crl } from '../x509/crl.ts'
import { formatName } from '../x509/distinguished-name.ts'
import { OID } from '../x509/oid.ts'
import { constrainedNames } from '../verifier/path/constrained-names.ts'
import { allowsNames, indexConstraints } from '../verifier/path/name-subtrees.ts'
import { unknownCritical } from '../verifier/unknown-critical.ts'
import { faultOfCrl } from './crl-fault.ts'
import type { CertificatePath } from './certificate-path.ts'

export interface Check {
  readonly check: 'chain' | 'authorities' | 'extensions' | 'names' | 'validity' | 'purpose' | 'revocation'
  readonly holds: boolean
  /** Stable; absent when the check holds. */
  readonly fault?: string
  readonly detail: string
}

export type Purpose = 'client' | 'server' | 'any'

export interface Circumstances {
  readonly at: Date
  readonly purpose: Purpose
  /** The CRL that was found for what this CA issued. */
  readonly crlOf: (issuer: Certificate, certificate: Certificate) => Crl | undefined
}

export function checkPath(path: CertificatePath, circumstances: Circumstances): readonly Check[] {
  const { certificates } = path
  return [
    checkChain(path),
    ...certificates.map((certificate) => checkValidity(certificate, circumstances.at)),
    ...certificates.slice(1).map(checkAuthority),
    ...certificates.map(checkExtensions),
    ...checkNames(certificates),
    ...checkPurpose(certificates, circumstances.purpose),
    ...certificates
      .slice(0, -1)
      .map((certificate, i) => checkRevocation(certificate, certificates[i + 1], circumstances)),
  ]
}

function checkChain({ kind, certificates }: CertificatePath): Check {
  const last = certificates.at(-1)
  const issuer = last === undefined ? '' : formatName(last.tbs.issuer)
  if (kind === 'incomplete') return failed('chain', 'issuer_missing', `nothing at hand was signed for: ${issuer}`)
  return held('chain', `leads to ${issuer}, sha256 ${last?.fingerprint ?? ''}`)
}

function checkValidity(certificate: Certificate, at: Date): Check {
  const { validity } = certificate.tbs
  const span = `${validity.notBefore.toISOString()} to ${validity.notAfter.toISOString()}`
  const detail = `${nameOf(certificate)}: ${span}`
  const status = validityAt(validity, at)
  if (status === 'valid') return held('validity', detail)
  return failed('validity', status === 'expired' ? 'expired' : 'not_yet_valid', detail)
}

/** `below` counts the CAs between this one and the leaf (§4.2.1.9). */
function checkAuthority(certificate: Certificate, below: number): Check {
  const { tbs } = certificate
  const name = nameOf(certificate)
  const basic = tbs.basicConstraints
  if (basic?.authority !== true) return failed('authorities', 'not_an_authority', name)
  if (tbs.keyUsage?.has('keyCertSign') !== true) return failed('authorities', 'may_not_certify', name)
  if (below > (basic.pathLength ?? Infinity)) return failed('authorities', 'path_too_long', name)
  return held('authorities', `${name} may certify`)
}

/** Those that are processed here, and may therefore be critical. */
const PROCESSED: ReadonlySet<string> = new Set([
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.nameConstraints,
  OID.subjectAlternativeName,
  // No policy is asked for, so that none is violated (§6.1.1 c).
  OID.certificatePolicies,
])

function checkExtensions(certificate: Certificate): Check {
  const unknown = unknownCritical(certificate.tbs, PROCESSED)
  if (unknown === undefined) return held('extensions', `${nameOf(certificate)}: nothing critical is unknown`)
  return failed('extensions', 'extension_unknown', `${nameOf(certificate)}: ${unknown}`)
}

function checkNames([leaf, ...authorities]: readonly Certificate[]): Check[] {
  const names = leaf === undefined ? [] : constrainedNames(leaf.tbs.subject, leaf.tbs.subjectAlternativeName ?? [])
  return authorities.flatMap((authority) => {
    const constraints = authority.tbs.nameConstraints
    if (constraints === undefined) return []
    const detail = `by the name constraints of ${nameOf(authority)}`
    const subtrees = indexConstraints(constraints)
    if (subtrees === undefined) return [failed('names', 'constraint_unknown', detail)]
    return [
      allowsNames([subtrees], names, () => undefined)
        ? held('names', detail)
        : failed('names', 'name_excluded', detail),
    ]
  })
}

/** Every EKU of the path lists the purpose; a CA without one sets no bound, a leaf without one serves none of ours. */
function checkPurpose([leaf, ...authorities]: readonly Certificate[], purpose: Purpose): Check[] {
  if (purpose === 'any' || leaf === undefined) return []
  const wanted = purpose === 'client' ? OID.clientAuth : OID.serverAuth
  if (leaf.tbs.extendedKeyUsage?.includes(wanted) !== true) {
    return [failed('purpose', 'purpose_missing', `${nameOf(leaf)} is for no TLS ${purpose}`)]
  }
  const bound = authorities.find(({ tbs }) => {
    const purposes = tbs.extendedKeyUsage ?? [OID.anyExtendedKeyUsage]
    return !purposes.includes(wanted) && !purposes.includes(OID.anyExtendedKeyUsage)
  })
  if (bound !== undefined) return [failed('purpose', 'purpose_missing', `${nameOf(bound)} is for no TLS ${purpose}`)]
  return [held('purpose', `for a TLS ${purpose}`)]
}

function checkRevocation(
  certificate: Certificate,
  issuer: Certificate | undefined,
  { at, crlOf }: Circumstances,
): Check {
  const name = nameOf(certificate)
  const crl = issuer === undefined ? undefined : crlOf(issuer, certificate)
  if (issuer === undefined || crl === undefined) return failed('revocation', 'crl_missing', `${name}: no CRL at hand`)
  const fault = faultOfCrl(crl, issuer, at, certificate)
  const which = `CRL ${String(crl.number ?? '')} of ${crl.thisUpdate.toISOString()}`
  if (fault !== undefined) return failed('revocation', fault, `${name}: ${which}`)
  const entry = crl.entries.get(certificate.tbs.serialHex)
  if (entry === undefined) return held('revocation', `${name}: not in ${which}`)
  return failed('revocation', 'revoked', `${name}: since ${entry.date.toISOString()}, ${entry.reason}`)
}

function nameOf({ tbs }: Certificate): string {
  return formatName(tbs.subject)
}

function held(check: Check['check'], detail: string): Check {
  return { check, holds: true, detail }
}

function failed(check: Check['check'], fault: string, detail: string): Check {
  return { check, holds: false, fault, detail }
}
