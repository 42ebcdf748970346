// CAs, certificates, CRLs and OCSP answers for the tests of revocation, small and signed anew each run, in which anything can
// be changed: distribution points and scopes are written out here, since an issuer of ours never writes most of them.
import { hash } from 'node:crypto'
import { addSeconds } from '../../../src/domain/clock.ts'
import { parsePublicKey } from '../../../src/x509/public-key.ts'
import { parseCrl, type Crl } from '../../../src/x509/crl.ts'
import {
  enumerated,
  explicit,
  generalizedTime,
  implicitConstructed,
  implicitPrimitive,
  namedBitsContents,
  octetString,
  oid,
  sequence,
  type Der,
} from '../../../src/x509/der-writer.ts'
import { encodeName } from '../../../src/x509/distinguished-name.ts'
import { makeExtension, type Extension } from '../../../src/x509/extension.ts'
import { authorityKeyIdentifier } from '../../../src/x509/extensions/authority-key-identifier.ts'
import { basicConstraints } from '../../../src/x509/extensions/basic-constraints.ts'
import { crlNumber } from '../../../src/x509/extensions/crl-number.ts'
import { deltaCrlIndicator } from '../../../src/x509/extensions/delta-crl-indicator.ts'
import { keyUsage, type KeyUsage } from '../../../src/x509/extensions/key-usage.ts'
import { subjectKeyIdentifier } from '../../../src/x509/extensions/subject-key-identifier.ts'
import { encodeGeneralName } from '../../../src/x509/general-name.ts'
import { encodeCertId, type CertIdHash } from '../../../src/x509/ocsp-cert-id.ts'
import { assembleOcspResponse, type OcspResponse, parseOcspResponse } from '../../../src/x509/ocsp-response.ts'
import { OID } from '../../../src/x509/oid.ts'
import type { CrlEntryReason } from '../../../src/x509/revoked-entry.ts'
import { encodeRevokedEntry } from '../../../src/x509/tbs-crl.ts'
import { type PathCertificate, readPathCertificate } from '../../../src/verifier/path/path-certificate.ts'
import {
  commonName,
  generateKey,
  keyOf,
  makeCertificate,
  makeCrl,
  NOW,
  serial,
  type TestKey,
} from '../../x509/fixtures.ts'

export { NOW, serial }

const DAY_SECONDS = 86_400

export const LATER = addSeconds(NOW, 3600)

export interface Ca {
  readonly name: string
  readonly key: TestKey
  readonly certificate: PathCertificate
}

export interface CaParts {
  readonly parent?: Ca
  readonly key?: TestKey
  readonly usage?: readonly KeyUsage[] | 'none'
  readonly number?: number
  readonly more?: readonly Extension[]
  readonly basic?: Extension
}

export function makeCa(name: string, parts: CaParts = {}): Ca {
  const { parent, key = generateKey('ec-p256'), usage = ['keyCertSign', 'cRLSign'], number = 1, more = [] } = parts
  const signer = parent ?? { name, key }
  const der = makeCertificate(signer.key, key, {
    serial: serial(number),
    subject: encodeName(commonName(name)),
    issuer: encodeName(commonName(signer.name)),
    validity: { notBefore: addSeconds(NOW, -DAY_SECONDS), notAfter: addSeconds(NOW, 1000 * DAY_SECONDS) },
    extensions: [
      parts.basic ?? basicConstraints({ authority: true, pathLength: undefined }, 'critical'),
      ...(usage === 'none' ? [] : [keyUsage(usage, 'critical')]),
      subjectKeyIdentifier(parsePublicKey(key.spki).keyIdentifier),
      authorityKeyIdentifier(parsePublicKey(signer.key.spki).keyIdentifier),
      ...more,
    ],
  })
  return { name, key, certificate: readPathCertificate(der) }
}

const leafKey = keyOf('ec-p256')

/** A certificate with the serial `number` and no other extensions than those given. */
export function makeLeaf(ca: Ca, number: number, more: readonly Extension[] = []): PathCertificate {
  const der = makeCertificate(ca.key, leafKey, {
    serial: serial(number),
    issuer: encodeName(commonName(ca.name)),
    validity: { notBefore: addSeconds(NOW, -DAY_SECONDS), notAfter: addSeconds(NOW, 30 * DAY_SECONDS) },
    extensions: [basicConstraints({ authority: false }, 'critical'), ...more],
  })
  return readPathCertificate(der)
}

export type Revoked = readonly [number: number, reason?: CrlEntryReason]

export interface CrlParts {
  readonly number?: number
  readonly base?: number
  readonly revoked?: readonly Revoked[]
  /** The whole issuingDistributionPoint. */
  readonly scope?: Extension
  readonly thisUpdate?: Date
  readonly nextUpdate?: Date
  /** In place of number, base and scope. */
  readonly extensions?: readonly Extension[]
  readonly entries?: readonly Der[]
  readonly signer?: TestKey
}

export function encodeCrl(ca: Ca, parts: CrlParts = {}): Uint8Array {
  const { number = 7, base, scope, revoked = [], signer = ca.key } = parts
  const extensions = [
    crlNumber(number),
    ...(base === undefined ? [] : [deltaCrlIndicator(base)]),
    ...(scope === undefined ? [] : [scope]),
  ]
  return makeCrl(signer, {
    issuer: encodeName(commonName(ca.name)),
    thisUpdate: parts.thisUpdate ?? NOW,
    nextUpdate: parts.nextUpdate ?? addSeconds(NOW, DAY_SECONDS),
    entries: parts.entries ?? revoked.map(encodeRevoked),
    extensions: parts.extensions ?? extensions,
  })
}

export function crlOf(ca: Ca, parts: CrlParts = {}): Crl {
  return parseCrl(encodeCrl(ca, parts))
}

function encodeRevoked([number, reason]: Revoked): Der {
  return encodeRevokedEntry({
    serial: serial(number),
    revocationDate: NOW,
    ...(reason === undefined ? {} : { reason }),
  })
}

/** ReasonFlags by the numbers of their bits. */
export type ReasonBits = readonly number[]

export interface PointParts {
  readonly uris?: readonly string[]
  /** nameRelativeToCRLIssuer, a common name. */
  readonly relative?: string
  readonly directory?: string
  readonly reasons?: ReasonBits
  readonly crlIssuer?: string
}

export function distributionPoints(...points: readonly PointParts[]): Extension {
  return makeExtension(OID.crlDistributionPoints, 'non-critical', sequence(...points.map(encodePoint)))
}

function encodePoint(parts: PointParts): Der {
  const issuer = parts.crlIssuer === undefined ? [] : [implicitConstructed(2, directoryName(parts.crlIssuer))]
  return sequence(...encodePointName(parts), ...encodeReasons(1, parts.reasons), ...issuer)
}

export interface ScopeParts extends PointParts {
  readonly only?: 'user' | 'authority' | 'attribute'
  readonly indirect?: 'indirect'
}

const ONLY = { user: 1, authority: 2, attribute: 5 } as const

export function scopeOf(parts: ScopeParts): Extension {
  const flag = (number: number): Der => implicitPrimitive(number, Uint8Array.of(0xff))
  const fields = [
    ...encodePointName(parts),
    ...(parts.only === 'user' || parts.only === 'authority' ? [flag(ONLY[parts.only])] : []),
    ...encodeReasons(3, parts.reasons),
    ...(parts.indirect === undefined ? [] : [flag(4)]),
    ...(parts.only === 'attribute' ? [flag(ONLY.attribute)] : []),
  ]
  return makeExtension(OID.issuingDistributionPoint, 'critical', sequence(...fields))
}

function encodePointName({ uris = [], relative, directory }: PointParts): readonly Der[] {
  if (relative !== undefined) {
    const attribute = commonNameAttribute(relative)
    return [explicit(0, implicitConstructed(1, attribute))]
  }
  const names = [
    ...uris.map((value) => encodeGeneralName({ kind: 'uri', value })),
    ...(directory === undefined ? [] : [directoryName(directory)]),
  ]
  return names.length === 0 ? [] : [explicit(0, implicitConstructed(0, ...names))]
}

function directoryName(text: string): Der {
  return encodeGeneralName({ kind: 'directory', name: commonName(text) })
}

/** The one AttributeTypeAndValue of a common name. */
function commonNameAttribute(text: string): Der {
  // Name, RDN and attribute have headers of two octets each at this length.
  return encodeName(commonName(text)).subarray(4)
}

function encodeReasons(tag: number, reasons: ReasonBits | undefined): readonly Der[] {
  if (reasons === undefined) return []
  const bits = reasons.reduce((sum, bit) => sum | (0x8000 >> bit), 0)
  return [implicitPrimitive(tag, namedBitsContents(bits))]
}

export interface OcspParts {
  readonly issuer: Ca
  /** Of whose certificate; the CertID is made from it and `issuer`. */
  readonly number: number
  readonly hash?: CertIdHash
  readonly status?: Der
  readonly thisUpdate?: Date
  readonly nextUpdate?: Date | 'none'
  readonly producedAt?: Date
  readonly signer?: Pick<Ca, 'key' | 'name'>
  readonly responderId?: 'name' | 'key'
  readonly certificates?: readonly Uint8Array[]
  readonly extensions?: readonly Der[]
  readonly singleExtensions?: readonly Der[]
  /** Behind the first answer. */
  readonly more?: readonly Der[]
}

export const GOOD = implicitPrimitive(0, new Uint8Array())
export const UNKNOWN = implicitPrimitive(2, new Uint8Array())
export const REVOKED = implicitConstructed(1, generalizedTime(NOW), explicit(0, enumerated(1)))

export function singleResponse(parts: OcspParts): Der {
  const { issuer, number, status = GOOD, thisUpdate = NOW, nextUpdate = addSeconds(NOW, DAY_SECONDS) } = parts
  const { subjectEncoded, publicKey } = issuer.certificate.certificate.tbs
  const named = { name: subjectEncoded, keyBytes: publicKey.keyBytes }
  return sequence(
    encodeCertId(parts.hash ?? 'sha256', named, Buffer.from(serial(number), 'hex')),
    status,
    generalizedTime(thisUpdate),
    ...(nextUpdate === 'none' ? [] : [explicit(0, generalizedTime(nextUpdate))]),
    ...(parts.singleExtensions === undefined ? [] : [explicit(1, sequence(...parts.singleExtensions))]),
  )
}

export function ocspOf(parts: OcspParts): OcspResponse {
  return parseOcspResponse(encodeOcsp(parts))
}

export function encodeOcsp(parts: OcspParts): Uint8Array {
  const { issuer, signer = issuer, responderId = 'key' } = parts
  const keyHash = hash('sha1', parsePublicKey(signer.key.spki).keyBytes, 'buffer')
  const responder =
    responderId === 'key' ? explicit(2, octetString(keyHash)) : explicit(1, encodeName(commonName(signer.name)))
  const data = sequence(
    responder,
    generalizedTime(parts.producedAt ?? NOW),
    sequence(singleResponse(parts), ...(parts.more ?? [])),
    ...(parts.extensions === undefined ? [] : [explicit(1, sequence(...parts.extensions))]),
  )
  return assembleOcspResponse(data, signer.key.algorithm, signer.key.sign(data), parts.certificates ?? [])
}

/** An extension that nobody knows. */
export function unknownExtension(criticality: 'critical' | 'non-critical'): Extension {
  return makeExtension('1.2.3', criticality, sequence())
}

export function encodeExtension(id: string, value: Der, criticality: 'critical' | 'non-critical'): Der {
  const critical = criticality === 'critical' ? [Uint8Array.of(1, 1, 0xff)] : []
  return sequence(oid(id), ...critical, octetString(value))
}
