// GeneralName (RFC 5280 §4.2.1.6): the kinds that Signet writes, and every kind that a certificate may carry.
import { CodedError } from '../domain/coded-error.ts'
import { encodeName, parseName, type DistinguishedName } from './distinguished-name.ts'
import type { DerReader } from './der-reader.ts'
import { contextConstructed, contextPrimitive, TAG } from './der-reader.ts'
import { STRING_TAG } from './der-string.ts'
import { explicit, ia5Contents, implicitPrimitive, type Der } from './der-writer.ts'

export type GeneralName =
  | { readonly kind: 'dns'; readonly value: string }
  | { readonly kind: 'uri'; readonly value: string }
  | { readonly kind: 'email'; readonly value: string }
  /** 4 or 16 octets; twice as many in name constraints. */
  | { readonly kind: 'ip'; readonly octets: Uint8Array }
  | { readonly kind: 'directory'; readonly name: DistinguishedName }
  | { readonly kind: 'registered-id'; readonly oid: string }
  /** otherName, x400Address or ediPartyName, by its tag octet and whole encoding; its contents are not looked at. */
  | { readonly kind: 'other'; readonly tag: number; readonly encoded: Uint8Array }

export type WritableGeneralName = Exclude<GeneralName, { kind: 'email' | 'registered-id' | 'other' }>

export class GeneralNameRejected extends CodedError<'general_name_malformed'> {}

const OTHER_NAME = contextConstructed(0)
const RFC822_NAME = contextPrimitive(1)
const DNS_NAME = contextPrimitive(2)
const X400_ADDRESS = contextConstructed(3)
const DIRECTORY_NAME = contextConstructed(4)
const EDI_PARTY_NAME = contextConstructed(5)
const URI = contextPrimitive(6)
const IP_ADDRESS = contextPrimitive(7)
const REGISTERED_ID = contextPrimitive(8)

export function encodeGeneralName(name: WritableGeneralName): Der {
  switch (name.kind) {
    case 'dns':
      return implicitPrimitive(2, ia5Contents(name.value))
    case 'directory':
      // Name is a CHOICE, and its tag therefore explicit.
      return explicit(4, encodeName(name.name))
    case 'uri':
      return implicitPrimitive(6, ia5Contents(name.value))
    case 'ip':
      return implicitPrimitive(7, name.octets)
    default:
      name satisfies never
      throw new GeneralNameRejected('general_name_malformed', { why: 'no such kind' })
  }
}

/** One GeneralName at the cursor. Throws `GeneralNameRejected`, `DerRejected`. */
export function parseGeneralName(reader: DerReader): GeneralName {
  const tag = reader.peekTag() ?? 0
  switch (tag) {
    case RFC822_NAME:
      return { kind: 'email', value: readText(reader, tag) }
    case DNS_NAME:
      return { kind: 'dns', value: readText(reader, tag) }
    case URI:
      return { kind: 'uri', value: readText(reader, tag) }
    case IP_ADDRESS:
      return { kind: 'ip', octets: readIp(reader) }
    case DIRECTORY_NAME:
      return { kind: 'directory', name: reader.readExplicit(4, parseName) }
    case REGISTERED_ID:
      return { kind: 'registered-id', oid: reader.readOid(tag) }
    case OTHER_NAME:
    case X400_ADDRESS:
    case EDI_PARTY_NAME:
      return { kind: 'other', tag, encoded: reader.readEncoded(tag) }
    default:
      throw new GeneralNameRejected('general_name_malformed', { tag })
  }
}

/** GeneralNames: one or more, under `tag` when it is tagged implicitly. */
export function parseGeneralNames(reader: DerReader, tag: number = TAG.sequence): readonly GeneralName[] {
  const names = reader.readEach(tag, parseGeneralName)
  if (names.length === 0) throw new GeneralNameRejected('general_name_malformed', { why: 'none' })
  return names
}

/** The URIs among `names`, in order. */
export function urisOf(names: readonly GeneralName[]): string[] {
  return names.flatMap((name) => (name.kind === 'uri' ? [name.value] : []))
}

function readText(reader: DerReader, tag: number): string {
  const text = reader.readString(STRING_TAG.ia5, tag)
  // A NUL or line break in a name has made readers compare less than they showed.
  if (!/^[\x20-\x7e]*$/.test(text)) throw new GeneralNameRejected('general_name_malformed', { tag, why: 'control' })
  return text
}

function readIp(reader: DerReader): Uint8Array {
  const octets = reader.readContents(IP_ADDRESS)
  if (![4, 8, 16, 32].includes(octets.length)) {
    throw new GeneralNameRejected('general_name_malformed', { why: 'ip', octets: octets.length })
  }
  return octets
}
