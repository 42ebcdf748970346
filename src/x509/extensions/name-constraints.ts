// NameConstraints (RFC 5280 §4.2.1.10), always critical. Whether a name lies in a subtree is the verifier's to decide.
import { contextConstructed, DerReader } from '../der-reader.ts'
import { implicitConstructed, sequence, type Der } from '../der-writer.ts'
import { ExtensionRejected, makeExtension, type Extension } from '../extension.ts'
import { encodeGeneralName, parseGeneralName, type GeneralName, type WritableGeneralName } from '../general-name.ts'
import { OID } from '../oid.ts'

/** Bases of the subtrees: an `ip` has address and mask; `dns` of an empty text stands for every DNS name. */
export interface NameConstraints<Name extends GeneralName = GeneralName> {
  readonly permitted: readonly Name[]
  readonly excluded: readonly Name[]
}

export function nameConstraints({ permitted, excluded }: NameConstraints<WritableGeneralName>): Extension {
  if (permitted.length + excluded.length === 0) throw malformed()
  const trees = [...encodeSubtrees(0, permitted), ...encodeSubtrees(1, excluded)]
  return makeExtension(OID.nameConstraints, 'critical', sequence(...trees))
}

function encodeSubtrees(number: number, bases: readonly WritableGeneralName[]): readonly Der[] {
  if (bases.length === 0) return []
  return [implicitConstructed(number, ...bases.map((base) => sequence(encodeBase(base))))]
}

function encodeBase(base: WritableGeneralName): Der {
  if (base.kind === 'ip' && base.octets.length !== 8 && base.octets.length !== 32) throw malformed()
  return encodeGeneralName(base)
}

export function parseNameConstraints(value: Uint8Array): NameConstraints {
  return DerReader.whole(value, (reader) => {
    const fields = reader.readSequence()
    const permitted = parseSubtrees(fields, contextConstructed(0))
    const excluded = parseSubtrees(fields, contextConstructed(1))
    fields.end()
    // §4.2.1.10: never an empty sequence.
    if (permitted === undefined && excluded === undefined) throw malformed()
    return { permitted: permitted ?? [], excluded: excluded ?? [] }
  })
}

function parseSubtrees(reader: DerReader, tag: number): readonly GeneralName[] | undefined {
  if (reader.peekTag() !== tag) return undefined
  const bases = reader.readEach(tag, parseSubtree)
  if (bases.length === 0) throw malformed()
  return bases
}

/** §4.2.1.10: minimum is 0, which DER leaves out, and maximum is absent; both therefore are trailing bytes here. */
function parseSubtree(reader: DerReader): GeneralName {
  const fields = reader.readSequence()
  const base = parseGeneralName(fields)
  fields.end()
  if (base.kind === 'ip' && base.octets.length !== 8 && base.octets.length !== 32) throw malformed()
  return base
}

function malformed(): ExtensionRejected {
  return new ExtensionRejected('extension_malformed', { oid: OID.nameConstraints })
}
