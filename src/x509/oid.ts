// Object identifiers that X.509 needs, as dotted strings, and their content octets (X.690 §8.19). Which of them a
// certificate may carry is policy and stands elsewhere.
import { DerRejected } from './der-rejected.ts'

export const OID = {
  // Attribute types: RFC 4519, RFC 4524, RFC 5280 appendix A.1
  commonName: '2.5.4.3',
  surname: '2.5.4.4',
  serialNumber: '2.5.4.5',
  countryName: '2.5.4.6',
  localityName: '2.5.4.7',
  stateOrProvinceName: '2.5.4.8',
  streetAddress: '2.5.4.9',
  organizationName: '2.5.4.10',
  organizationalUnitName: '2.5.4.11',
  title: '2.5.4.12',
  givenName: '2.5.4.42',
  dnQualifier: '2.5.4.46',
  userId: '0.9.2342.19200300.100.1.1',
  domainComponent: '0.9.2342.19200300.100.1.25',
  emailAddress: '1.2.840.113549.1.9.1',

  // Keys: RFC 3279, RFC 5480, RFC 8410, RFC 9881
  rsaEncryption: '1.2.840.113549.1.1.1',
  ecPublicKey: '1.2.840.10045.2.1',
  p256: '1.2.840.10045.3.1.7',
  p384: '1.3.132.0.34',
  p521: '1.3.132.0.35',
  ed25519: '1.3.101.112',
  mlDsa44: '2.16.840.1.101.3.4.3.17',
  mlDsa65: '2.16.840.1.101.3.4.3.18',
  mlDsa87: '2.16.840.1.101.3.4.3.19',

  // Signatures: RFC 4055, RFC 5758
  md5WithRsa: '1.2.840.113549.1.1.4',
  sha1WithRsa: '1.2.840.113549.1.1.5',
  mgf1: '1.2.840.113549.1.1.8',
  rsaPss: '1.2.840.113549.1.1.10',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  sha384WithRsa: '1.2.840.113549.1.1.12',
  sha512WithRsa: '1.2.840.113549.1.1.13',
  sha224WithRsa: '1.2.840.113549.1.1.14',
  ecdsaWithSha1: '1.2.840.10045.4.1',
  ecdsaWithSha224: '1.2.840.10045.4.3.1',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  ecdsaWithSha512: '1.2.840.10045.4.3.4',
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',

  // Certificate and CRL extensions: RFC 5280 §4.2, §5.2, §5.3; RFC 6960 §4.2.2.2.1
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  issuerAlternativeName: '2.5.29.18',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  invalidityDate: '2.5.29.24',
  deltaCrlIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  certificateIssuer: '2.5.29.29',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  cpsQualifier: '1.3.6.1.5.5.7.2.1',
  userNoticeQualifier: '1.3.6.1.5.5.7.2.2',
  smtpUtf8Mailbox: '1.3.6.1.5.5.7.8.9',
  anyPolicy: '2.5.29.32.0',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  anyExtendedKeyUsage: '2.5.29.37.0',
  freshestCrl: '2.5.29.46',
  inhibitAnyPolicy: '2.5.29.54',
  authorityInformationAccess: '1.3.6.1.5.5.7.1.1',
  ocspNoCheck: '1.3.6.1.5.5.7.48.1.5',

  // Access methods and extended key usages: RFC 5280 §4.2.1.12, §4.2.2.1
  ocsp: '1.3.6.1.5.5.7.48.1',
  caIssuers: '1.3.6.1.5.5.7.48.2',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  ocspSigning: '1.3.6.1.5.5.7.3.9',

  // OCSP: RFC 6960 §4.4, RFC 9654
  ocspBasic: '1.3.6.1.5.5.7.48.1.1',
  ocspNonce: '1.3.6.1.5.5.7.48.1.2',
  ocspAcceptableResponses: '1.3.6.1.5.5.7.48.1.4',
  ocspArchiveCutoff: '1.3.6.1.5.5.7.48.1.6',
  ocspServiceLocator: '1.3.6.1.5.5.7.48.1.7',
  ocspPreferredSignatureAlgorithms: '1.3.6.1.5.5.7.48.1.8',
  ocspExtendedRevoke: '1.3.6.1.5.5.7.48.1.9',

  // Certification requests: RFC 2985 §5.4.2
  extensionRequest: '1.2.840.113549.1.9.14',
} as const

/** Longest encoding we read, in octets: a UUID under 2.25 takes 20. */
const MAX_OID_BYTES = 64

/** Longest arc, in octets of seven bits: 128 bits (X.667) take 19. */
const MAX_ARC_BYTES = 19

const encodings: ReadonlyMap<string, Uint8Array> = new Map(Object.values(OID).map((oid) => [oid, encodeArcs(oid)]))

/** Content octets of an OBJECT IDENTIFIER. Throws `DerRejected` (`der_unencodable`). */
export function encodeOid(dotted: string): Uint8Array {
  return encodings.get(dotted) ?? encodeArcs(dotted)
}

/** Dotted form of the content octets from `from` up to `to`. Throws `DerRejected` (`der_oid_invalid`). */
export function decodeOid(bytes: Uint8Array, from = 0, to = bytes.length): string {
  const length = to - from
  if (length <= 0 || length > MAX_OID_BYTES) throw new DerRejected('der_oid_invalid', { length })
  const key = keyOf(bytes, from, to)
  const known = decodings.get(key)
  if (known !== undefined && holds(known.octets, bytes, from, to)) return known.dotted
  return learn(key, bytes.slice(from, to))
}

interface Decoding {
  readonly octets: Uint8Array
  readonly dotted: string
}

/**
 * By a key of the octets; of two with the same key the second is decoded each time. OIDs that the table lacks, the policies of
 * profiles first of all, come again with every certificate and are added.
 */
const decodings = new Map<number, Decoding>(
  [...encodings].map(([dotted, octets]) => [keyOf(octets, 0, octets.length), { octets, dotted }]),
)

/** What strangers send fills it no further: then their OIDs are decoded each time. */
const MAX_DECODINGS = 512

function learn(key: number, octets: Uint8Array): string {
  const dotted = decodeArcs(octets)
  if (decodings.size < MAX_DECODINGS && !decodings.has(key)) decodings.set(key, { octets, dotted })
  return dotted
}

function keyOf(bytes: Uint8Array, from: number, to: number): number {
  let key = to - from
  for (let at = from; at < to; at++) key = (Math.imul(key, 31) + (bytes[at] ?? 0)) | 0
  return key
}

function holds(octets: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (octets.length !== to - from) return false
  for (let at = 0; at < octets.length; at++) if (octets[at] !== bytes[from + at]) return false
  return true
}

function encodeArcs(dotted: string): Uint8Array {
  if (!/^(?:[01]\.(?:[0-9]|[1-3][0-9])|2\.(?:0|[1-9][0-9]{0,38}))(?:\.(?:0|[1-9][0-9]{0,38}))*$/.test(dotted)) {
    throw new DerRejected('der_unencodable', { oid: dotted.slice(0, 80) })
  }
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt)
  const octets = [first * 40n + second, ...rest].flatMap(encodeArc)
  if (octets.length > MAX_OID_BYTES) throw new DerRejected('der_unencodable', { oid: dotted.slice(0, 80) })
  return Uint8Array.from(octets)
}

function encodeArc(arc: bigint): number[] {
  const octets = [Number(arc & 0x7fn)]
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.unshift(Number(rest & 0x7fn) | 0x80)
  return octets
}

function decodeArcs(contents: Uint8Array): string {
  const arcs: bigint[] = []
  let arc = 0n
  let octets = 0
  for (const byte of contents) {
    // X.690 §8.19.2: the fewest possible octets.
    if (octets === 0 && byte === 0x80) throw new DerRejected('der_oid_invalid', { why: 'padded arc' })
    if (++octets > MAX_ARC_BYTES) throw new DerRejected('der_oid_invalid', { why: 'long arc' })
    arc = (arc << 7n) | BigInt(byte & 0x7f)
    if (byte >= 0x80) continue
    arcs.push(arc)
    arc = 0n
    octets = 0
  }
  if (octets > 0) throw new DerRejected('der_oid_invalid', { why: 'unfinished arc' })
  return dottedArcs(arcs)
}

function dottedArcs(arcs: readonly bigint[]): string {
  const [joined = 0n, ...rest] = arcs
  const first = joined < 80n ? joined / 40n : 2n
  return [first, joined - first * 40n, ...rest].join('.')
}
