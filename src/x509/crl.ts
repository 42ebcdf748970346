// CertificateList (RFC 5280 §5.1.1): put together from what was signed, and parsed. Whether it is the right CRL, fresh and
// complete is the verifier's to decide.
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import {
  parseSignatureAlgorithm,
  signatureAlgorithmIdentifier,
  type SignatureAlgorithm,
} from './algorithm-identifier.ts'
import { CrlRejected } from './crl-rejected.ts'
import { contextConstructed, DerReader, MAX_DER_BYTES, TAG } from './der-reader.ts'
import { bitString, sequence, type Der } from './der-writer.ts'
import { GENERALIZED_TIME, UTC_TIME } from './der-time.ts'
import { parseName, type DistinguishedName } from './distinguished-name.ts'
import { parseExtensions, type Extension } from './extension.ts'
import { parseCrlNumber } from './extensions/crl-number.ts'
import { parseDeltaCrlIndicator } from './extensions/delta-crl-indicator.ts'
import { parseAuthorityKeyIdentifier, type AuthorityKeyIdentifier } from './extensions/authority-key-identifier.ts'
import {
  parseIssuingDistributionPoint,
  type IssuingDistributionPoint,
} from './extensions/issuing-distribution-point.ts'
import { parseStructure } from './malformed.ts'
import { OID } from './oid.ts'
import type { PublicKey } from './public-key.ts'
import { parseRevokedEntries, type RevokedEntries, type RevokedEntry } from './revoked-entry.ts'
import { verifyBytes } from './signature.ts'

interface TbsCrl {
  readonly encoded: Uint8Array
  readonly version: 1 | 2
  readonly innerAlgorithm: SignatureAlgorithm
  readonly issuerEncoded: Uint8Array
  readonly issuer: DistinguishedName
  readonly thisUpdate: Date
  readonly nextUpdate: Date | undefined
  readonly revoked: RevokedEntries
  readonly extensions: ReadonlyMap<string, Extension>
  readonly number: bigint | undefined
  readonly deltaBase: bigint | undefined
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined
  readonly issuingDistributionPoint: IssuingDistributionPoint | undefined
}

export interface Crl {
  readonly der: Uint8Array
  readonly tbs: { readonly encoded: Uint8Array }
  readonly version: 1 | 2
  readonly issuer: DistinguishedName
  readonly issuerEncoded: Uint8Array
  readonly thisUpdate: Date
  /** RFC 5280 §5.1.2.5 requires it; a CRL without it is for the verifier to refuse. */
  readonly nextUpdate: Date | undefined
  /** cRLNumber. */
  readonly number: bigint | undefined
  /** The base's number when this is a delta CRL. */
  readonly deltaBase: bigint | undefined
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined
  readonly issuingDistributionPoint: IssuingDistributionPoint | undefined
  /** Certificates of the CRL's own issuer, by the content octets of their serials in lower-case hexadecimal. */
  readonly entries: ReadonlyMap<string, RevokedEntry>
  /** Certificates of other issuers, which only an indirect CRL lists. */
  readonly foreignEntries: RevokedEntries['foreign']
  /** OIDs of critical entry extensions that the parser does not know: the CRL must not be relied on (§5.3). */
  readonly unknownCriticalEntryExtensions: ReadonlySet<string>
  readonly extensions: ReadonlyMap<string, Extension>
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly signature: Uint8Array
}

export function assembleCrl(tbs: Der, signatureAlgorithm: KeyAlgorithmName, signature: Uint8Array): Der {
  return sequence(tbs, signatureAlgorithmIdentifier(signatureAlgorithm), bitString(signature))
}

/** Throws `CrlRejected`, with the refusal of a deeper layer as its cause. */
export function parseCrl(der: Uint8Array, maxBytes: number = MAX_DER_BYTES): Crl {
  return parseStructure(
    () => parseFields(der, maxBytes),
    (cause) => new CrlRejected('crl_malformed', { ...cause.facts, reason: cause.code }, { cause }),
  )
}

function parseFields(der: Uint8Array, maxBytes: number): Crl {
  const outer = DerReader.over(der, maxBytes)
  const fields = outer.readSequence()
  outer.end()
  const { revoked, innerAlgorithm, encoded, ...tbs } = parseTbsCrl(fields.readEncoded(TAG.sequence))
  const signatureAlgorithm = parseSignatureAlgorithm(fields)
  const signature = fields.readBitString()
  fields.end()
  // §5.1.1.2: the same as inside, where the signature covers it.
  if (Buffer.compare(signatureAlgorithm.encoded, innerAlgorithm.encoded) !== 0) {
    throw new CrlRejected('crl_malformed', { why: 'two signature algorithms' })
  }
  const { own, foreign, unknownCritical } = revoked
  const entries = { entries: own, foreignEntries: foreign, unknownCriticalEntryExtensions: unknownCritical }
  return { der, tbs: { encoded }, ...tbs, ...entries, signatureAlgorithm, signature }
}

function parseTbsCrl(encoded: Uint8Array): TbsCrl {
  const reader = DerReader.over(encoded).readSequence()
  const version = parseVersion(reader)
  const innerAlgorithm = parseSignatureAlgorithm(reader)
  const issuerEncoded = reader.readEncoded(TAG.sequence)
  const thisUpdate = reader.readTime()
  const nextUpdate = parseOptionalTime(reader)
  const list = reader.readOptional(TAG.sequence)
  const extensions = parseCrlExtensions(reader, version)
  reader.end()
  const known = decodeExtensions(extensions)
  const indirect = known.issuingDistributionPoint?.indirect === true ? 'indirect' : 'direct'
  const issuer = parseName(issuerEncoded)
  const revoked = parseRevokedEntries(list, issuer, indirect)
  return {
    encoded,
    version,
    innerAlgorithm,
    issuerEncoded,
    issuer,
    thisUpdate,
    nextUpdate,
    revoked,
    extensions,
    ...known,
  }
}

function parseVersion(reader: DerReader): 1 | 2 {
  if (reader.peekTag() !== TAG.integer) return 1
  const version = reader.readSmallInteger()
  // §5.1.2.1: if there, it must be v2, whose number is 1.
  if (version !== 1) throw new CrlRejected('crl_malformed', { version })
  return 2
}

function parseOptionalTime(reader: DerReader): Date | undefined {
  const tag = reader.peekTag()
  return tag === UTC_TIME || tag === GENERALIZED_TIME ? reader.readTime() : undefined
}

function parseCrlExtensions(reader: DerReader, version: number): ReadonlyMap<string, Extension> {
  if (reader.peekTag() !== contextConstructed(0)) return new Map()
  if (version !== 2) throw new CrlRejected('crl_malformed', { version, why: 'extensions' })
  return reader.readExplicit(0, parseExtensions)
}

function decodeExtensions(
  extensions: ReadonlyMap<string, Extension>,
): Pick<TbsCrl, 'number' | 'deltaBase' | 'authorityKeyIdentifier' | 'issuingDistributionPoint'> {
  const decode = <T>(id: string, parse: (value: Uint8Array) => T): T | undefined => {
    const extension = extensions.get(id)
    return extension === undefined ? undefined : parse(extension.value)
  }
  return {
    number: decode(OID.crlNumber, parseCrlNumber),
    deltaBase: decode(OID.deltaCrlIndicator, parseDeltaCrlIndicator),
    authorityKeyIdentifier: decode(OID.authorityKeyIdentifier, parseAuthorityKeyIdentifier),
    issuingDistributionPoint: decode(OID.issuingDistributionPoint, parseIssuingDistributionPoint),
  }
}

/** Whether `issuer` signed the CRL. Throws `KeyRejected`. */
export function verifyCrlSignature(
  crl: Pick<Crl, 'tbs' | 'signatureAlgorithm' | 'signature'>,
  issuer: PublicKey,
): boolean {
  return verifyBytes(crl.tbs.encoded, crl.signatureAlgorithm, crl.signature, issuer)
}
