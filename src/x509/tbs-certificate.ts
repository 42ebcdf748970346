// TBSCertificate (RFC 5280 §4.1.2): encoded from its fields, and parsed back. The parser takes what is well formed, of any
// issuer; what a certificate should say is for lints and verifiers.
import { CodedError } from '../domain/coded-error.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import { serialBytes, type SerialNumber } from '../domain/serial-number.ts'
import type { Validity } from '../domain/validity.ts'
import {
  parseSignatureAlgorithm,
  signatureAlgorithmIdentifier,
  type SignatureAlgorithm,
} from './algorithm-identifier.ts'
import { parseName, type DistinguishedName } from './distinguished-name.ts'
import { contextConstructed, contextPrimitive, DerReader, TAG } from './der-reader.ts'
import { explicit, integer, sequence, smallInteger, time, type Der } from './der-writer.ts'
import { encodeExtensions, parseExtensions, type Extension } from './extension.ts'
import {
  parseAuthorityInformationAccess,
  type AuthorityInformationAccess,
} from './extensions/authority-information-access.ts'
import { parseAuthorityKeyIdentifier, type AuthorityKeyIdentifier } from './extensions/authority-key-identifier.ts'
import { parseBasicConstraints, type BasicConstraints } from './extensions/basic-constraints.ts'
import { parseCertificatePolicies } from './extensions/certificate-policies.ts'
import { parseCrlDistributionPoints, type DistributionPoint } from './extensions/crl-distribution-points.ts'
import { parseExtendedKeyUsage } from './extensions/extended-key-usage.ts'
import { parseKeyUsage, type KeyUsage } from './extensions/key-usage.ts'
import { parseNameConstraints, type NameConstraints } from './extensions/name-constraints.ts'
import { parseSubjectAlternativeName } from './extensions/subject-alternative-name.ts'
import { parseSubjectKeyIdentifier } from './extensions/subject-key-identifier.ts'
import type { GeneralName } from './general-name.ts'
import { hexOf } from './hex.ts'
import { OID } from './oid.ts'
import { parsePublicKey, type PublicKey } from './public-key.ts'

export type CertificateErrorCode = 'certificate_malformed'

export class CertificateRejected extends CodedError<CertificateErrorCode> {}

/** RFC 5280 §4.1.2.2: at most 20 octets. */
const MAX_SERIAL_BYTES = 20

/** Version is its number less one (RFC 5280 §4.1). */
const V3 = explicit(0, smallInteger(2))

export interface TbsCertificateFields {
  readonly serial: SerialNumber
  readonly signatureAlgorithm: KeyAlgorithmName
  /** Name, encoded: the issuer's subject byte for byte. */
  readonly issuer: Der
  readonly validity: Validity
  /** Name, encoded. */
  readonly subject: Der
  /** SubjectPublicKeyInfo. */
  readonly spki: Der
  readonly extensions: readonly Extension[]
}

export function encodeTbsCertificate(fields: TbsCertificateFields): Der {
  return sequence(
    V3,
    integer(serialBytes(fields.serial)),
    signatureAlgorithmIdentifier(fields.signatureAlgorithm),
    fields.issuer,
    sequence(time(fields.validity.notBefore), time(fields.validity.notAfter)),
    fields.subject,
    fields.spki,
    explicit(3, encodeExtensions(fields.extensions)),
  )
}

interface ParsedFields {
  readonly version: 1 | 2 | 3
  readonly serialNumber: Uint8Array
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly issuerEncoded: Uint8Array
  readonly validityEncoded: Uint8Array
  readonly validity: Validity
  readonly subjectEncoded: Uint8Array
  readonly spki: Uint8Array
  readonly hasUniqueIdentifier: boolean
  readonly extensions: ReadonlyMap<string, Extension>
}

/**
 * A parsed TBSCertificate. The getters of extensions decode at each use and are undefined when the extension is absent;
 * they throw `DerRejected`, `ExtensionRejected`, `GeneralNameRejected` or `DistinguishedNameRejected` when it is broken.
 */
export class TbsCertificate {
  readonly encoded: Uint8Array
  readonly version: 1 | 2 | 3
  /** Content octets of the INTEGER, at most 20; of other issuers it may be negative. */
  readonly serialNumber: Uint8Array
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly issuer: DistinguishedName
  readonly issuerEncoded: Uint8Array
  readonly validity: Validity
  readonly validityEncoded: Uint8Array
  readonly subject: DistinguishedName
  readonly subjectEncoded: Uint8Array
  /** SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
  /** issuerUniqueID or subjectUniqueID (§4.1.2.8): nobody uses them, and they are no error. */
  readonly hasUniqueIdentifier: boolean
  /** By OID, in their order. */
  readonly extensions: ReadonlyMap<string, Extension>
  #publicKey: PublicKey | undefined

  constructor(encoded: Uint8Array, fields: ParsedFields, known?: PublicKey) {
    this.encoded = encoded
    this.version = fields.version
    this.serialNumber = fields.serialNumber
    this.signatureAlgorithm = fields.signatureAlgorithm
    this.issuerEncoded = fields.issuerEncoded
    this.issuer = parseName(fields.issuerEncoded)
    this.validity = fields.validity
    this.validityEncoded = fields.validityEncoded
    this.subjectEncoded = fields.subjectEncoded
    this.subject = parseName(fields.subjectEncoded)
    this.spki = fields.spki
    this.hasUniqueIdentifier = fields.hasUniqueIdentifier
    this.extensions = fields.extensions
    if (known !== undefined && Buffer.compare(known.spki, fields.spki) === 0) this.#publicKey = known
  }

  /** `serialNumber` in lower-case hexadecimal: a `SerialNumber` when it is one of ours. */
  get serialHex(): string {
    return hexOf(this.serialNumber)
  }

  /** Throws `KeyRejected`, `DerRejected`. */
  get publicKey(): PublicKey {
    this.#publicKey ??= parsePublicKey(this.spki)
    return this.#publicKey
  }

  get basicConstraints(): BasicConstraints | undefined {
    return this.#decode(OID.basicConstraints, parseBasicConstraints)
  }

  get keyUsage(): ReadonlySet<KeyUsage> | undefined {
    return this.#decode(OID.keyUsage, parseKeyUsage)
  }

  /** Dotted OIDs. */
  get extendedKeyUsage(): readonly string[] | undefined {
    return this.#decode(OID.extendedKeyUsage, parseExtendedKeyUsage)
  }

  get subjectAlternativeName(): readonly GeneralName[] | undefined {
    return this.#decode(OID.subjectAlternativeName, parseSubjectAlternativeName)
  }

  get subjectKeyIdentifier(): Uint8Array | undefined {
    return this.#decode(OID.subjectKeyIdentifier, parseSubjectKeyIdentifier)
  }

  get authorityKeyIdentifier(): AuthorityKeyIdentifier | undefined {
    return this.#decode(OID.authorityKeyIdentifier, parseAuthorityKeyIdentifier)
  }

  get crlDistributionPoints(): readonly DistributionPoint[] | undefined {
    return this.#decode(OID.crlDistributionPoints, parseCrlDistributionPoints)
  }

  get authorityInformationAccess(): AuthorityInformationAccess | undefined {
    return this.#decode(OID.authorityInformationAccess, parseAuthorityInformationAccess)
  }

  /** Dotted OIDs. */
  get certificatePolicies(): readonly string[] | undefined {
    return this.#decode(OID.certificatePolicies, parseCertificatePolicies)
  }

  get nameConstraints(): NameConstraints | undefined {
    return this.#decode(OID.nameConstraints, parseNameConstraints)
  }

  #decode<T>(id: string, parse: (value: Uint8Array) => T): T | undefined {
    const extension = this.extensions.get(id)
    return extension === undefined ? undefined : parse(extension.value)
  }
}

/**
 * `known`: a key that was parsed before; where the same bytes stand in the certificate they are not parsed again. Throws
 * `DerRejected`, `CertificateRejected`, `ExtensionRejected` or `DistinguishedNameRejected`.
 */
export function parseTbsCertificate(encoded: Uint8Array, known?: PublicKey): TbsCertificate {
  const outer = DerReader.over(encoded)
  const reader = outer.readSequence()
  outer.end()
  const fields = parseFields(reader)
  reader.end()
  return new TbsCertificate(encoded, fields, known)
}

function parseFields(reader: DerReader): ParsedFields {
  const version = parseVersion(reader)
  const serialNumber = parseSerial(reader)
  const signatureAlgorithm = parseSignatureAlgorithm(reader)
  const issuerEncoded = reader.readEncoded(TAG.sequence)
  const validityEncoded = reader.readEncoded(TAG.sequence)
  const validity = parseValidity(DerReader.over(validityEncoded))
  const subjectEncoded = reader.readEncoded(TAG.sequence)
  const spki = reader.readEncoded(TAG.sequence)
  const hasUniqueIdentifier = version > 1 && readUniqueIdentifiers(reader)
  const extensions = parseOptionalExtensions(reader, version)
  return {
    version,
    serialNumber,
    signatureAlgorithm,
    issuerEncoded,
    validityEncoded,
    validity,
    subjectEncoded,
    spki,
    hasUniqueIdentifier,
    extensions,
  }
}

function parseVersion(reader: DerReader): 1 | 2 | 3 {
  const version = reader.readOptionalExplicit(0, (inner) => inner.readSmallInteger())
  if (version === undefined) return 1
  // v1 is the default, which DER leaves out.
  if (version !== 1 && version !== 2) throw new CertificateRejected('certificate_malformed', { version })
  return version === 1 ? 2 : 3
}

function parseSerial(reader: DerReader): Uint8Array {
  const serial = reader.readIntegerBytes()
  if (serial.length <= MAX_SERIAL_BYTES) return serial
  throw new CertificateRejected('certificate_malformed', { serialBytes: serial.length, maxBytes: MAX_SERIAL_BYTES })
}

function parseValidity(reader: DerReader): Validity {
  const inner = reader.readSequence()
  const validity = { notBefore: inner.readTime(), notAfter: inner.readTime() }
  inner.end()
  return validity
}

/** Reads past issuerUniqueID and subjectUniqueID, and says whether there was one. */
function readUniqueIdentifiers(reader: DerReader): boolean {
  const issuers = reader.readOptionalContents(contextPrimitive(1))
  const subjects = reader.readOptionalContents(contextPrimitive(2))
  return issuers !== undefined || subjects !== undefined
}

function parseOptionalExtensions(reader: DerReader, version: number): ReadonlyMap<string, Extension> {
  if (reader.peekTag() !== contextConstructed(3)) return new Map()
  // §4.1.2.9: only in version 3.
  if (version !== 3) throw new CertificateRejected('certificate_malformed', { version, why: 'extensions' })
  return reader.readExplicit(3, parseExtensions)
}
