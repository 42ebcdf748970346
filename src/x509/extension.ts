// Extension and Extensions (RFC 5280 §4.1.2.9, §4.2). The values of those that Signet knows are in `extensions/`, a file
// each: a function of the extension's name makes an `Extension`, and `parseX` reads its value.
import { CodedError } from '../domain/coded-error.ts'
import { DerReader, TAG } from './der-reader.ts'
import { boolean, unwritten, written, type Der, type Unwritten } from './der-writer.ts'
import { encodeOid } from './oid.ts'

export interface Extension {
  /** extnID, dotted. */
  readonly oid: string
  readonly critical: boolean
  /** Contents of the extnValue OCTET STRING. */
  readonly value: Uint8Array
  /** All of it, where many certificates have it in common. */
  readonly encoded?: Der
}

export type Criticality = 'critical' | 'non-critical'

export type ExtensionErrorCode = 'extension_duplicate' | 'extension_malformed'

export class ExtensionRejected extends CodedError<ExtensionErrorCode> {}

const TRUE = boolean(true)

export function makeExtension(id: string, criticality: Criticality, value: Der): Extension {
  return { oid: id, critical: criticality === 'critical', value }
}

/** Extensions: a SEQUENCE in the order given. Throws `ExtensionRejected` for none, and for two of one kind. */
export function encodeExtensions(extensions: readonly Extension[]): Der {
  const ids = new Set<string>()
  for (const { oid: id } of extensions) ids.add(id)
  if (ids.size === 0) throw new ExtensionRejected('extension_malformed', { why: 'none' })
  if (ids.size < extensions.length) throw new ExtensionRejected('extension_duplicate', { oids: [...ids] })
  return written(unwritten(TAG.sequence, ...extensions.map((extension) => extension.encoded ?? unwrittenOf(extension))))
}

/** The same extension for many certificates: encoded here, and not again for each of them. */
export function encodedOnce(extension: Extension): Extension {
  return { ...extension, encoded: written(unwrittenOf(extension)) }
}

function unwrittenOf({ oid: id, critical, value }: Extension): Unwritten {
  const name = unwritten(TAG.oid, encodeOid(id))
  const wrapped = unwritten(TAG.octetString, value)
  // X.690 §11.5: a default is left out.
  return critical ? unwritten(TAG.sequence, name, TRUE, wrapped) : unwritten(TAG.sequence, name, wrapped)
}

/** Extensions at the cursor or as all of the bytes, by OID in their order. Throws `ExtensionRejected`, `DerRejected`. */
export function parseExtensions(from: DerReader | Uint8Array): ReadonlyMap<string, Extension> {
  return from instanceof DerReader ? parseExtensionsAt(from) : DerReader.whole(from, parseExtensionsAt)
}

/** Which of them are critical and not processed: what has one must not be relied on (§4.2, §5.2). Each caller says what it processes. */
export function unknownCriticals(
  extensions: ReadonlyMap<string, Extension>,
  processed: { has(oid: string): boolean },
): readonly string[] {
  return [...extensions.values()].filter(({ oid, critical }) => critical && !processed.has(oid)).map(({ oid }) => oid)
}

function parseExtensionsAt(reader: DerReader): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>()
  const list = reader.readSequence()
  while (!list.atEnd) {
    const extension = parseExtension(list)
    // RFC 5280 §4.2: at most one of each; of two, readers would disagree which counts.
    if (extensions.has(extension.oid)) throw new ExtensionRejected('extension_duplicate', { oid: extension.oid })
    extensions.set(extension.oid, extension)
  }
  if (extensions.size === 0) throw new ExtensionRejected('extension_malformed', { why: 'none' })
  return extensions
}

function parseExtension(reader: DerReader): Extension {
  const fields = reader.readSequence()
  const id = fields.readOid()
  const critical = fields.readDefaultFalse()
  const value = fields.readOctetString()
  fields.end()
  return { oid: id, critical, value }
}
