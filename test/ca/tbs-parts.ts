// A TBSCertificate in its parts, so that a test can spoil one and put it together again: encoders of our own refuse most
// of what the lints are there for.
import { contextConstructed, DerReader, TAG } from '../../src/x509/der-reader.ts'
import { constructed, explicit, oid, primitive, sequence, set, type Der } from '../../src/x509/der-writer.ts'
import { encodeExtensions, type Extension } from '../../src/x509/extension.ts'
import { parseTbsCertificate } from '../../src/x509/tbs-certificate.ts'

export interface TbsParts {
  readonly version: Der
  readonly serial: Der
  readonly signature: Der
  readonly issuer: Der
  readonly validity: Der
  readonly subject: Der
  readonly spki: Der
  readonly uniqueIds: readonly Der[]
  readonly extensions: readonly Extension[]
}

export function takeApart(encoded: Uint8Array): TbsParts {
  const reader = DerReader.over(encoded).readSequence()
  return {
    version: reader.readEncoded(contextConstructed(0)),
    serial: reader.readEncoded(TAG.integer),
    signature: reader.readEncoded(),
    issuer: reader.readEncoded(),
    validity: reader.readEncoded(),
    subject: reader.readEncoded(),
    spki: reader.readEncoded(),
    uniqueIds: [],
    extensions: [...parseTbsCertificate(encoded).extensions.values()],
  }
}

export function putTogether(parts: TbsParts): Uint8Array {
  const { version, serial, signature, issuer, validity, subject, spki, uniqueIds, extensions } = parts
  const last = explicit(3, encodeExtensions(extensions))
  return sequence(version, serial, signature, issuer, validity, subject, spki, ...uniqueIds, last)
}

export interface RawAttribute {
  readonly type: string
  readonly value: string
  /** UTF8String, unless said. */
  readonly tag?: number
}

/** A name of RDNs, each a list of attributes, with nothing refused. */
export function rawName(...rdns: readonly (readonly RawAttribute[])[]): Der {
  return sequence(...rdns.map((rdn) => set(...rdn.map(rawAttribute))))
}

function rawAttribute({ type, value, tag = 0x0c }: RawAttribute): Der {
  return sequence(oid(type), primitive(tag, Buffer.from(value, 'utf8')))
}

/** GeneralNames of `[tag number, contents]`. */
export function rawGeneralNames(...names: readonly (readonly [number, string | Uint8Array])[]): Der {
  return constructed(
    TAG.sequence,
    names.map(([number, contents]) =>
      primitive(0x80 | number, typeof contents === 'string' ? Buffer.from(contents) : contents),
    ),
  )
}

/** The extension of that OID replaced, added or (undefined) taken away. */
export function withExtension(parts: TbsParts, id: string, change: Partial<Extension> | undefined): TbsParts {
  const found = parts.extensions.find((extension) => extension.oid === id)
  const others = parts.extensions.filter((extension) => extension.oid !== id)
  if (change === undefined) return { ...parts, extensions: others }
  const made = { oid: id, critical: false, value: new Uint8Array([5, 0]), ...found, ...change }
  return { ...parts, extensions: [...others, made] }
}
