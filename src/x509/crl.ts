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
import { bitString, header, sequence, type Der } from './der-writer.ts'
import { GENERALIZED_TIME, UTC_TIME } from './der-time.ts'
import { parseName, type DistinguishedName } from './distinguished-name.ts'
import { parseExtensions, type Extension } from './extension.ts'
import type { DistributionPoint } from './extensions/crl-distribution-points.ts'
import { parseCrlNumber } from './extensions/crl-number.ts'
import { parseDeltaCrlIndicator } from './extensions/delta-crl-indicator.ts'
import { parseAuthorityKeyIdentifier, type AuthorityKeyIdentifier } from './extensions/authority-key-identifier.ts'
import { parseFreshestCrl } from './extensions/freshest-crl.ts'
import {
  parseIssuingDistributionPoint,
  type IssuingDistributionPoint,
} from './extensions/issuing-distribution-point.ts'
import { parseStructure } from './malformed.ts'
import { OID } from './oid.ts'
import type { PublicKey } from './public-key.ts'
import { RevokedEntries } from './revoked-entries.ts'
import { verifyBytes } from './signature.ts'
import type { CrlFrame } from './tbs-crl.ts'

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
  /** Where the deltas to this CRL are (§5.2.6). */
  readonly freshestCrl: readonly DistributionPoint[] | undefined
  readonly entries: RevokedEntries
  readonly extensions: ReadonlyMap<string, Extension>
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly signature: Uint8Array
}

/** What the signature covers, and the algorithm that is named there. */
interface TbsCrl extends Omit<Crl, 'der' | 'signatureAlgorithm' | 'signature'> {
  readonly innerAlgorithm: SignatureAlgorithm
}

export function assembleCrl(tbs: Der, signatureAlgorithm: KeyAlgorithmName, signature: Uint8Array): Der {
  return sequence(tbs, signatureAlgorithmIdentifier(signatureAlgorithm), bitString(signature))
}

/** The whole CRL around the same entries, once the TBSCertList in `tbs` is signed. */
export function frameCrl(
  tbs: CrlFrame,
  entriesLength: number,
  signatureAlgorithm: KeyAlgorithmName,
  signature: Uint8Array,
): CrlFrame {
  const after = Buffer.concat([tbs.after, signatureAlgorithmIdentifier(signatureAlgorithm), bitString(signature)])
  const length = tbs.before.length + entriesLength + after.length
  return { before: Buffer.concat([header(TAG.sequence, length), tbs.before]), after }
}

/** Largest CRL that consumers read, in bytes: a million entries are 50 MB. */
export const MAX_CRL_BYTES = 256 * 1024 * 1024

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
  const { innerAlgorithm, ...tbs } = parseTbsCrl(fields.readEncoded(TAG.sequence))
  const signatureAlgorithm = parseSignatureAlgorithm(fields)
  const signature = fields.readBitString()
  fields.end()
  // §5.1.1.2: the same as inside, where the signature covers it.
  if (Buffer.compare(signatureAlgorithm.encoded, innerAlgorithm.encoded) !== 0) {
    throw new CrlRejected('crl_malformed', { why: 'two signature algorithms' })
  }
  return { der, ...tbs, signatureAlgorithm, signature }
}

function parseTbsCrl(encoded: Uint8Array): TbsCrl {
  const reader = DerReader.over(encoded).readSequence()
  const version = parseVersion(reader)
  const innerAlgorithm = parseSignatureAlgorithm(reader)
  const issuerEncoded = reader.readEncoded(TAG.sequence)
  const dates = { thisUpdate: reader.readTime(), nextUpdate: parseOptionalTime(reader) }
  const list = parseList(reader)
  const extensions = parseCrlExtensions(reader, version)
  reader.end()
  const issuer = parseName(issuerEncoded)
  const known = decodeExtensions(extensions)
  const kind = known.issuingDistributionPoint?.indirect === true ? 'indirect' : 'direct'
  const entries = new RevokedEntries(list ?? NO_ENTRIES, issuer, { version, kind })
  return { tbs: { encoded }, version, innerAlgorithm, issuer, issuerEncoded, ...dates, entries, extensions, ...known }
}

const NO_ENTRIES = new Uint8Array()

/** Contents of revokedCertificates. */
function parseList(reader: DerReader): Uint8Array | undefined {
  const list = reader.readOptionalContents(TAG.sequence)
  // §5.1.2.6: absent when nothing is revoked.
  if (list?.length === 0) throw new CrlRejected('crl_malformed', { why: 'an empty list' })
  return list
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
): Pick<TbsCrl, 'number' | 'deltaBase' | 'authorityKeyIdentifier' | 'issuingDistributionPoint' | 'freshestCrl'> {
  const decode = <T>(id: string, parse: (value: Uint8Array) => T): T | undefined => {
    const extension = extensions.get(id)
    return extension === undefined ? undefined : parse(extension.value)
  }
  return {
    number: decode(OID.crlNumber, parseCrlNumber),
    deltaBase: decode(OID.deltaCrlIndicator, parseDeltaCrlIndicator),
    authorityKeyIdentifier: decode(OID.authorityKeyIdentifier, parseAuthorityKeyIdentifier),
    issuingDistributionPoint: decode(OID.issuingDistributionPoint, parseIssuingDistributionPoint),
    freshestCrl: decode(OID.freshestCrl, parseFreshestCrl),
  }
}

/** Whether `issuer` signed the CRL. Throws `KeyRejected`. */
export function verifyCrlSignature(
  crl: Pick<Crl, 'tbs' | 'signatureAlgorithm' | 'signature'>,
  issuer: PublicKey,
): boolean {
  return verifyBytes(crl.tbs.encoded, crl.signatureAlgorithm, crl.signature, issuer)
}
