// BasicConstraints (RFC 5280 §4.2.1.9).
import { DerReader, TAG } from '../der-reader.ts'
import { boolean, sequence, smallInteger } from '../der-writer.ts'
import { ExtensionRejected, makeExtension, type Criticality, type Extension } from '../extension.ts'
import { OID } from '../oid.ts'

/** Only an authority has a path length: how many CA certificates may follow below it; undefined: any number. */
export type BasicConstraints =
  { readonly authority: false } | { readonly authority: true; readonly pathLength: number | undefined }

export function basicConstraints(constraints: BasicConstraints, criticality: Criticality): Extension {
  return makeExtension(OID.basicConstraints, criticality, encode(constraints))
}

function encode(constraints: BasicConstraints): Uint8Array {
  if (!constraints.authority) return sequence()
  if (constraints.pathLength === undefined) return sequence(boolean(true))
  return sequence(boolean(true), smallInteger(constraints.pathLength))
}

export function parseBasicConstraints(value: Uint8Array): BasicConstraints {
  return DerReader.whole(value, (reader) => {
    const fields = reader.readSequence()
    const authority = fields.readDefaultFalse()
    const pathLength = fields.peekTag() === TAG.integer ? fields.readSmallInteger() : undefined
    fields.end()
    if (authority) return { authority, pathLength }
    // §4.2.1.9: pathLenConstraint is meaningful only if cA is set.
    if (pathLength !== undefined) throw new ExtensionRejected('extension_malformed', { oid: OID.basicConstraints })
    return { authority }
  })
}
