// CertID (RFC 6960 §4.1.1): a certificate by the hashes of its issuer's name and key, and its serial. SHA-1 names here and
// protects nothing: a responder compares it with hashes of its own issuers (RFC 6960 §4.3, RFC 9654 leaves it as it is).
import { hash } from 'node:crypto'
import { DerReader, TAG } from './der-reader.ts'
import { integer, nullValue, octetString, oid, sequence, type Der } from './der-writer.ts'
import { hexOf } from './hex.ts'
import { OID } from './oid.ts'

export type CertIdHash = 'sha1' | 'sha256' | 'sha384' | 'sha512'

export interface CertId {
  /** All of it: what an answer repeats byte for byte. */
  readonly encoded: Uint8Array
  /** A hash that is not known here is no error: no issuer matches it. */
  readonly hash: CertIdHash | 'unknown'
  readonly issuerNameHash: Uint8Array
  readonly issuerKeyHash: Uint8Array
  /** Content octets of the serial, lower-case hexadecimal. */
  readonly serialHex: string
}

/** What of an issuer a CertID is made from. */
export interface CertIdIssuer {
  /** Its subject, encoded as its certificate has it. */
  readonly name: Uint8Array
  /** Contents of the BIT STRING of its SubjectPublicKeyInfo: `PublicKey.keyBytes`. */
  readonly keyBytes: Uint8Array
}

const HASH_OIDS: Readonly<Record<CertIdHash, string>> = {
  sha1: OID.sha1,
  sha256: OID.sha256,
  sha384: OID.sha384,
  sha512: OID.sha512,
}

export const CERT_ID_HASHES = ['sha1', 'sha256', 'sha384', 'sha512'] as const satisfies readonly CertIdHash[]

const HASHES: ReadonlyMap<string, CertIdHash> = new Map(CERT_ID_HASHES.map((name) => [HASH_OIDS[name], name]))

/** With NULL parameters, as every other implementation writes them. `serial`: content octets, not negative. */
export function encodeCertId(hashName: CertIdHash, issuer: CertIdIssuer, serial: Uint8Array): Der {
  return sequence(
    sequence(oid(HASH_OIDS[hashName]), nullValue()),
    octetString(digest(hashName, issuer.name)),
    octetString(digest(hashName, issuer.keyBytes)),
    integer(serial),
  )
}

/** The name hash and the key hash, one behind the other, in hexadecimal: equal for two CertIDs of one issuer and hash. */
export function issuerHashes(hashName: CertIdHash, issuer: CertIdIssuer): string {
  return hash(hashName, issuer.name, 'hex') + hash(hashName, issuer.keyBytes, 'hex')
}

/** Whether `id` names a certificate of `issuer`; the serial is not looked at. */
export function isOfIssuer(id: CertId, issuer: CertIdIssuer): boolean {
  if (id.hash === 'unknown') return false
  return hexOf(id.issuerNameHash) + hexOf(id.issuerKeyHash) === issuerHashes(id.hash, issuer)
}

/** One CertID at the cursor. Throws `DerRejected`. */
export function parseCertId(reader: DerReader): CertId {
  const encoded = reader.readEncoded(TAG.sequence)
  const fields = DerReader.over(encoded).readSequence()
  const hashName = parseHash(fields.readSequence())
  const issuerNameHash = fields.readOctetString()
  const issuerKeyHash = fields.readOctetString()
  const serialHex = hexOf(fields.readIntegerBytes())
  fields.end()
  return { encoded, hash: hashName, issuerNameHash, issuerKeyHash, serialHex }
}

/** RFC 4055 §2.1: NULL and absent parameters are the same for hashes. */
function parseHash(algorithm: DerReader): CertIdHash | 'unknown' {
  const known = HASHES.get(algorithm.readOid())
  if (known === undefined) return 'unknown'
  if (!algorithm.atEnd) algorithm.readNull()
  algorithm.end()
  return known
}

function digest(hashName: CertIdHash, bytes: Uint8Array): Uint8Array {
  return hash(hashName, bytes, 'buffer')
}
