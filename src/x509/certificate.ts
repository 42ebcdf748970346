// Certificate (RFC 5280 §4.1.1): put together from what was signed, and parsed. Trust is not decided here.
import { hash } from 'node:crypto'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import {
  parseSignatureAlgorithm,
  signatureAlgorithmIdentifier,
  type SignatureAlgorithm,
} from './algorithm-identifier.ts'
import { DerReader, TAG } from './der-reader.ts'
import { bitString, sequence, type Der } from './der-writer.ts'
import { parseStructure } from './malformed.ts'
import type { PublicKey } from './public-key.ts'
import { verifyBytes } from './signature.ts'
import { CertificateRejected, parseTbsCertificate, type TbsCertificate } from './tbs-certificate.ts'

/** Largest certificate we parse, in bytes. One with an ML-DSA-87 key and signature is under 9 KiB. */
export const MAX_CERTIFICATE_BYTES = 64 * 1024

/** No plain number, which `map` would fill with an index. */
export interface CertificateSize {
  readonly maxBytes: number
}

const COMMON_SIZE: CertificateSize = { maxBytes: MAX_CERTIFICATE_BYTES }

/** What of a certificate is needed to check its signature. */
export interface SignedCertificate {
  readonly tbs: { readonly encoded: Uint8Array }
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly signature: Uint8Array
}

export class Certificate implements SignedCertificate {
  readonly der: Uint8Array
  readonly tbs: TbsCertificate
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly signature: Uint8Array
  #fingerprint: string | undefined

  constructor(der: Uint8Array, tbs: TbsCertificate, signatureAlgorithm: SignatureAlgorithm, signature: Uint8Array) {
    this.der = der
    this.tbs = tbs
    this.signatureAlgorithm = signatureAlgorithm
    this.signature = signature
  }

  /** SHA-256 of the whole certificate, lower-case hexadecimal. */
  get fingerprint(): string {
    this.#fingerprint ??= hash('sha256', this.der, 'hex')
    return this.#fingerprint
  }
}

/** `signature` as the algorithm defines it: ECDSA in DER (RFC 3279 §2.2.3). */
export function assembleCertificate(tbs: Der, signatureAlgorithm: KeyAlgorithmName, signature: Uint8Array): Der {
  return sequence(tbs, signatureAlgorithmIdentifier(signatureAlgorithm), bitString(signature))
}

/** Throws `CertificateRejected`, with the refusal of a deeper layer as its cause. */
export function parseCertificate(der: Uint8Array, { maxBytes }: CertificateSize = COMMON_SIZE): Certificate {
  return parseStructure(
    () => parseFields(der, maxBytes),
    (cause) => new CertificateRejected('certificate_malformed', { ...cause.facts, reason: cause.code }, { cause }),
  )
}

function parseFields(der: Uint8Array, maxBytes: number): Certificate {
  const outer = DerReader.over(der, maxBytes)
  const fields = outer.readSequence()
  outer.end()
  const tbs = parseTbsCertificate(fields.readEncoded(TAG.sequence))
  const signatureAlgorithm = parseSignatureAlgorithm(fields)
  const signature = fields.readBitString()
  fields.end()
  // RFC 5280 §4.1.1.2: the same as inside, where the signature covers it.
  if (Buffer.compare(signatureAlgorithm.encoded, tbs.signatureAlgorithm.encoded) !== 0) {
    throw new CertificateRejected('certificate_malformed', { why: 'two signature algorithms' })
  }
  return new Certificate(der, tbs, signatureAlgorithm, signature)
}

/** Whether the issuer's key signed it. Names, times and usages are not looked at. Throws `KeyRejected`. */
export function verifySignature(certificate: SignedCertificate, issuer: PublicKey): boolean {
  return verifyBytes(certificate.tbs.encoded, certificate.signatureAlgorithm, certificate.signature, issuer)
}
