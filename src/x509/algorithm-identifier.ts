// Signature AlgorithmIdentifiers: what Signet writes for each of its key algorithms, and what it recognises in what others
// signed (RFC 3279 §2.2, RFC 4055, RFC 5758 §3.2, RFC 8410 §3, RFC 9881 §2).
import { KEY_ALGORITHMS, type KeyAlgorithm, type KeyAlgorithmName } from '../domain/key-algorithm.ts'
import { contextConstructed, DerReader, TAG } from './der-reader.ts'
import { nullValue, oid, sequence, type Der } from './der-writer.ts'
import { DerRejected } from './der-rejected.ts'
import { OID } from './oid.ts'

export type SignatureHash = 'sha256' | 'sha384' | 'sha512'

export type SignatureScheme =
  | { readonly kind: 'ec'; readonly hash: SignatureHash }
  | { readonly kind: 'rsa'; readonly hash: SignatureHash }
  | { readonly kind: 'rsa-pss'; readonly hash: SignatureHash; readonly saltBytes: number }
  | { readonly kind: 'ed25519' }
  | { readonly kind: 'ml-dsa'; readonly algorithm: KeyAlgorithmName }
  /** Signed with a hash that collides (MD5, SHA-1) or is outside every profile (SHA-224). Never verified. */
  | { readonly kind: 'weak' }
  /** Not known here, or with parameters that do not belong to it. Never verified. */
  | { readonly kind: 'unknown' }

export interface SignatureAlgorithm {
  /** The whole AlgorithmIdentifier: inner and outer must be equal bytes (RFC 5280 §4.1.1.2). */
  readonly encoded: Uint8Array
  readonly oid: string
  readonly scheme: SignatureScheme
}

/** RFC 4055 §5 has RSA's written as NULL, and taken as well when they are absent: some OCSP responders leave them out. */
type Parameters = 'absent' | 'null-or-absent'

const SCHEMES: ReadonlyMap<string, { readonly parameters: Parameters; readonly scheme: SignatureScheme }> = new Map([
  [OID.ecdsaWithSha256, { parameters: 'absent', scheme: { kind: 'ec', hash: 'sha256' } }],
  [OID.ecdsaWithSha384, { parameters: 'absent', scheme: { kind: 'ec', hash: 'sha384' } }],
  [OID.ecdsaWithSha512, { parameters: 'absent', scheme: { kind: 'ec', hash: 'sha512' } }],
  [OID.sha256WithRsa, { parameters: 'null-or-absent', scheme: { kind: 'rsa', hash: 'sha256' } }],
  [OID.sha384WithRsa, { parameters: 'null-or-absent', scheme: { kind: 'rsa', hash: 'sha384' } }],
  [OID.sha512WithRsa, { parameters: 'null-or-absent', scheme: { kind: 'rsa', hash: 'sha512' } }],
  [OID.ed25519, { parameters: 'absent', scheme: { kind: 'ed25519' } }],
  [OID.mlDsa44, { parameters: 'absent', scheme: { kind: 'ml-dsa', algorithm: 'ml-dsa-44' } }],
  [OID.mlDsa65, { parameters: 'absent', scheme: { kind: 'ml-dsa', algorithm: 'ml-dsa-65' } }],
  [OID.mlDsa87, { parameters: 'absent', scheme: { kind: 'ml-dsa', algorithm: 'ml-dsa-87' } }],
  [OID.md5WithRsa, { parameters: 'null-or-absent', scheme: { kind: 'weak' } }],
  [OID.sha1WithRsa, { parameters: 'null-or-absent', scheme: { kind: 'weak' } }],
  [OID.sha224WithRsa, { parameters: 'null-or-absent', scheme: { kind: 'weak' } }],
  [OID.ecdsaWithSha1, { parameters: 'absent', scheme: { kind: 'weak' } }],
  [OID.ecdsaWithSha224, { parameters: 'absent', scheme: { kind: 'weak' } }],
])

const UNKNOWN: SignatureScheme = { kind: 'unknown' }

const IDENTIFIERS: ReadonlyMap<string, Der> = new Map(
  [...KEY_ALGORITHMS.values()].map((algorithm) => [algorithm.name, encodeIdentifier(algorithm)]),
)

const HASHES: ReadonlyMap<string, SignatureHash> = new Map([
  [OID.sha256, 'sha256'],
  [OID.sha384, 'sha384'],
  [OID.sha512, 'sha512'],
])

/** What a key of this algorithm signs with. */
export function signatureAlgorithmIdentifier(name: KeyAlgorithmName): Der {
  const identifier = IDENTIFIERS.get(name)
  if (identifier === undefined) throw new DerRejected('der_unencodable', { algorithm: name })
  return identifier
}

function encodeIdentifier(algorithm: KeyAlgorithm): Der {
  switch (algorithm.kind) {
    case 'ec':
      return sequence(oid(algorithm.hash === 'sha384' ? OID.ecdsaWithSha384 : OID.ecdsaWithSha256))
    case 'rsa':
      // RFC 4055 §5: the parameters MUST be NULL.
      return sequence(oid(algorithm.hash === 'sha384' ? OID.sha384WithRsa : OID.sha256WithRsa), nullValue())
    case 'ed25519':
      return sequence(oid(OID.ed25519))
    case 'ml-dsa':
      return sequence(oid(mlDsaOid(algorithm.parameterSet)))
    default:
      algorithm satisfies never
      throw new DerRejected('der_unencodable', { why: 'no such algorithm' })
  }
}

function mlDsaOid(parameterSet: string): string {
  if (parameterSet === 'ML-DSA-44') return OID.mlDsa44
  return parameterSet === 'ML-DSA-65' ? OID.mlDsa65 : OID.mlDsa87
}

/** AlgorithmIdentifier of a signature, at the cursor or as all of the bytes. An unknown one is a value, not an error. */
export function parseSignatureAlgorithm(from: DerReader | Uint8Array): SignatureAlgorithm {
  return from instanceof DerReader ? parseAt(from) : DerReader.whole(from, parseAt)
}

function parseAt(reader: DerReader): SignatureAlgorithm {
  const encoded = reader.readEncoded(TAG.sequence)
  const inner = DerReader.over(encoded).readSequence()
  const name = inner.readOid()
  return { encoded, oid: name, scheme: parseScheme(name, inner) }
}

function parseScheme(name: string, parameters: DerReader): SignatureScheme {
  if (name === OID.rsaPss) return parsePssParameters(parameters)
  const known = SCHEMES.get(name)
  if (known === undefined) return UNKNOWN
  if (known.parameters === 'null-or-absent' && !parameters.atEnd) parameters.readNull()
  parameters.end()
  return known.scheme
}

/** RSASSA-PSS-params (RFC 4055 §3.1) with one hash for both purposes, the only form that node verifies. */
function parsePssParameters(reader: DerReader): SignatureScheme {
  const parameters = reader.readSequence()
  reader.end()
  const hash = parameters.readOptionalExplicit(0, parseHash)
  const maskHash = parameters.readOptionalExplicit(1, parseMaskGeneration)
  const saltBytes = parameters.readOptionalExplicit(2, (inner) => inner.readSmallInteger()) ?? 20
  if (parameters.peekTag() === contextConstructed(3)) return UNKNOWN
  parameters.end()
  // Left out means SHA-1.
  if (hash === undefined || maskHash === undefined) return { kind: 'weak' }
  return hash === maskHash && hash !== 'unknown' ? { kind: 'rsa-pss', hash, saltBytes } : UNKNOWN
}

function parseMaskGeneration(reader: DerReader): SignatureHash | 'unknown' {
  const inner = reader.readSequence()
  const function_ = inner.readOid()
  const hash = parseHash(inner)
  inner.end()
  return function_ === OID.mgf1 ? hash : 'unknown'
}

/** RFC 4055 §2.1: NULL and absent parameters are the same for hashes. */
function parseHash(reader: DerReader): SignatureHash | 'unknown' {
  const inner = reader.readSequence()
  const hash = HASHES.get(inner.readOid()) ?? 'unknown'
  if (!inner.atEnd) inner.readNull()
  inner.end()
  return hash
}
