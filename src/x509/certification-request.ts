// PKCS#10 certification requests (RFC 2986): parsed strictly, and held to their proof of possession. Of what they ask for
// only the key is ever certified; subject and extensions are here so that policy can compare and refuse.
import { CodedError } from '../domain/coded-error.ts'
import { parseSignatureAlgorithm, type SignatureAlgorithm } from './algorithm-identifier.ts'
import { parseName, type DistinguishedName } from './distinguished-name.ts'
import { contextConstructed, DerReader, TAG } from './der-reader.ts'
import { parseExtensions, type Extension } from './extension.ts'
import { parseStructure } from './malformed.ts'
import { OID } from './oid.ts'
import { parsePem, PemRejected } from './pem.ts'
import { parsePublicKey, refuseWeakKey, type PublicKey } from './public-key.ts'
import { belongsTo, verifyBytes } from './signature.ts'

export type CsrErrorCode =
  'csr_too_large' | 'csr_malformed' | 'csr_pem_malformed' | 'csr_signature_invalid' | 'csr_signature_weak'

export class CsrRejected extends CodedError<CsrErrorCode> {}

/** Largest CSR we parse, in bytes. An RSA-4096 CSR with 100 names is under 6 KiB in PEM, one for ML-DSA-87 under 11 KiB. */
export const MAX_CSR_BYTES = 16 * 1024

export interface CertificationRequest {
  readonly der: Uint8Array
  /** CertificationRequestInfo, which the signature covers. */
  readonly info: Uint8Array
  readonly subject: DistinguishedName
  readonly publicKey: PublicKey
  /** Of the extensionRequest attribute (RFC 2985 §5.4.2); empty without it. */
  readonly requestedExtensions: readonly Extension[]
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly signature: Uint8Array
}

/** Reads DER, or PEM as text or bytes. Throws `CsrRejected`, or `KeyRejected` for a key that Signet never certifies. */
export function parseCertificationRequest(input: Uint8Array | string): CertificationRequest {
  if (input.length > MAX_CSR_BYTES) throw new CsrRejected('csr_too_large', { maxBytes: MAX_CSR_BYTES })
  const der = typeof input !== 'string' && input[0] === TAG.sequence ? input : derOfPem(input)
  return parseStructure(
    () => parseRequest(der),
    (cause) => new CsrRejected('csr_malformed', { ...cause.facts, reason: cause.code }, { cause }),
  )
}

function derOfPem(input: Uint8Array | string): Uint8Array {
  const text = typeof input === 'string' ? input : Buffer.from(input).toString('latin1')
  // The second label is what old Windows tools write.
  const label = text.includes('-----BEGIN NEW ') ? 'NEW CERTIFICATE REQUEST' : 'CERTIFICATE REQUEST'
  try {
    return parsePem(text, label)
  } catch (cause) {
    if (!(cause instanceof PemRejected)) throw cause
    throw new CsrRejected('csr_pem_malformed', { ...cause.facts, reason: cause.code }, { cause })
  }
}

function parseRequest(der: Uint8Array): CertificationRequest {
  const outer = DerReader.over(der)
  const fields = outer.readSequence()
  outer.end()
  const info = fields.readEncoded(TAG.sequence)
  const signatureAlgorithm = parseSignatureAlgorithm(fields)
  const signature = fields.readBitString()
  fields.end()
  return { der, info, ...parseInfo(info), signatureAlgorithm, signature }
}

function parseInfo(info: Uint8Array): Pick<CertificationRequest, 'subject' | 'publicKey' | 'requestedExtensions'> {
  const fields = DerReader.over(info).readSequence()
  const version = fields.readSmallInteger()
  if (version !== 0) throw new CsrRejected('csr_malformed', { version })
  const subject = parseName(fields)
  const publicKey = parsePublicKey(fields.readEncoded(TAG.sequence))
  const requestedExtensions = parseAttributes(fields)
  fields.end()
  return { subject, publicKey, requestedExtensions }
}

/** Attributes, `[0]` IMPLICIT: all but the one for extensions (challenge passwords, say) are passed over. */
function parseAttributes(fields: DerReader): readonly Extension[] {
  const found = fields.readEach(contextConstructed(0), parseAttribute).filter((extensions) => extensions !== undefined)
  if (found.length > 1) throw new CsrRejected('csr_malformed', { why: 'two extension requests' })
  return found[0] ?? []
}

function parseAttribute(reader: DerReader): readonly Extension[] | undefined {
  const attribute = reader.readSequence()
  const type = attribute.readOid()
  const values = attribute.readSet()
  attribute.end()
  if (type !== OID.extensionRequest) return undefined
  const extensions = parseExtensions(values)
  // RFC 2985 §5.4.2: SINGLE VALUE.
  values.end()
  return [...extensions.values()]
}

/**
 * Checks that the sender holds the private key: the request's own signature, after the key's structural checks, so that
 * nobody makes us compute with an absurd key. Throws `CsrRejected`, `KeyRejected`.
 */
export function verifyProofOfPossession(request: CertificationRequest): void {
  const { info, publicKey, signature, signatureAlgorithm } = request
  refuseWeakKey(publicKey)
  const { oid, scheme } = signatureAlgorithm
  if (scheme.kind === 'weak') throw new CsrRejected('csr_signature_weak', { algorithm: oid })
  if (!belongsTo(scheme, publicKey)) {
    throw new CsrRejected('csr_signature_invalid', { algorithm: oid, key: publicKey.algorithm })
  }
  if (!verifyBytes(info, signatureAlgorithm, signature, publicKey)) {
    throw new CsrRejected('csr_signature_invalid', { algorithm: oid })
  }
}
