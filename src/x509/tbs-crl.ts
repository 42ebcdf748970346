// TBSCertList (RFC 5280 §5.1.2), written in linear time: entries stay encoded, so that an issuer keeps them between CRLs.
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import { serialBytes, type SerialNumber } from '../domain/serial-number.ts'
import { signatureAlgorithmIdentifier } from './algorithm-identifier.ts'
import { TAG } from './der-reader.ts'
import { enumerated, explicit, header, integer, sequence, smallInteger, time, type Der } from './der-writer.ts'
import { encodeExtensions, makeExtension, type Extension } from './extension.ts'
import { OID } from './oid.ts'
import { CRL_REASONS, type CrlEntryReason } from './revoked-entry.ts'

/** Version is its number less one (RFC 5280 §5.1). */
const V2 = smallInteger(1)

/** crlEntryExtensions that hold one reason; §5.3.1 wants `unspecified` left out. */
const REASON_EXTENSIONS: ReadonlyMap<string, Der> = new Map(
  CRL_REASONS.flatMap((reason, number) =>
    reason === undefined || reason === 'unspecified' ? [] : [[reason, encodeReason(number)]],
  ),
)

function encodeReason(number: number): Der {
  return encodeExtensions([makeExtension(OID.reasonCode, 'non-critical', enumerated(number))])
}

export interface RevokedEntryFields {
  readonly serial: SerialNumber
  readonly revocationDate: Date
  /** Left out: unspecified. */
  readonly reason?: CrlEntryReason
}

/** One element of revokedCertificates. */
export function encodeRevokedEntry({ serial, revocationDate, reason = 'unspecified' }: RevokedEntryFields): Der {
  const number = integer(serialBytes(serial))
  const extensions = REASON_EXTENSIONS.get(reason)
  if (extensions === undefined) return sequence(number, time(revocationDate))
  return sequence(number, time(revocationDate), extensions)
}

export interface TbsCrlFields {
  readonly signatureAlgorithm: KeyAlgorithmName
  /** Name, encoded: the issuer's subject byte for byte. */
  readonly issuer: Der
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  /** Encoded by `encodeRevokedEntry`, in the order they shall have. */
  readonly entries: Iterable<Der>
  readonly extensions: readonly Extension[]
}

export function encodeTbsCrl({ entries, ...fields }: TbsCrlFields): Der {
  const list = [...entries]
  const { before, after } = frameTbsCrl(
    fields,
    list.reduce((sum, { length }) => sum + length, 0),
  )
  return Buffer.concat([before, ...list, after])
}

/** What stands around the entries, which may be many and are not copied. */
export interface CrlFrame {
  readonly before: Der
  readonly after: Der
}

/** TBSCertList around entries (encoded by `encodeRevokedEntry`) that are `entriesLength` octets together. */
export function frameTbsCrl(fields: Omit<TbsCrlFields, 'entries'>, entriesLength: number): CrlFrame {
  const start = Buffer.concat([
    V2,
    signatureAlgorithmIdentifier(fields.signatureAlgorithm),
    fields.issuer,
    time(fields.thisUpdate),
    time(fields.nextUpdate),
    // §5.1.2.6: absent when nothing is revoked, never empty.
    entriesLength === 0 ? new Uint8Array() : header(TAG.sequence, entriesLength),
  ])
  const after = explicit(0, encodeExtensions(fields.extensions))
  return { before: Buffer.concat([header(TAG.sequence, start.length + entriesLength + after.length), start]), after }
}
