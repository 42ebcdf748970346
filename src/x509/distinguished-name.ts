// Distinguished names (RFC 5280 §4.1.2.4): encoded, parsed, compared (§7.1) and shown (RFC 4514). The parser keeps every
// RDN apart, so that a verifier can ask for exactly one CN in an RDN of its own, and refuses control characters, by which
// one name could be shown as another.
import { CodedError } from '../domain/coded-error.ts'
import { DerReader, TAG } from './der-reader.ts'
import { isStringTag } from './der-string.ts'
import { ia5String, oid, printableString, sequence, set, setOf, utf8String, type Der } from './der-writer.ts'
import { hexOf } from './hex.ts'
import { OID } from './oid.ts'

export interface NameAttribute {
  /** Attribute type, dotted. */
  readonly type: string
  /** Text of the value; of a value that is no string `#` and its encoding in hexadecimal (RFC 4514 §2.4). */
  readonly value: string
  /** Tag octet of the value as it was read; what we write follows from the type. */
  readonly tag?: number
}

/** More than one attribute makes it multi-valued. Never empty. */
export type RelativeDistinguishedName = readonly NameAttribute[]

export type DistinguishedName = readonly RelativeDistinguishedName[]

export type NameErrorCode = 'dn_control_character' | 'dn_malformed' | 'dn_attribute_not_single'

export class DistinguishedNameRejected extends CodedError<NameErrorCode> {}

/** Most RDNs of a name, and most attributes of an RDN, that we read; directories stay under ten. */
const MAX_PARTS = 64

/** Types whose values RFC 5280 appendix A.1 fixes to another type than UTF8String. */
const STRING_TYPES: ReadonlyMap<string, (text: string) => Der> = new Map([
  [OID.countryName, printableString],
  [OID.serialNumber, printableString],
  [OID.dnQualifier, printableString],
  [OID.domainComponent, ia5String],
  [OID.emailAddress, ia5String],
])

/** RFC 4514 §3. */
const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  [OID.commonName, 'CN'],
  [OID.localityName, 'L'],
  [OID.stateOrProvinceName, 'ST'],
  [OID.organizationName, 'O'],
  [OID.organizationalUnitName, 'OU'],
  [OID.countryName, 'C'],
  [OID.streetAddress, 'STREET'],
  [OID.domainComponent, 'DC'],
  [OID.userId, 'UID'],
])

/** Name. Throws when a value does not fit its type or holds a control character. */
export function encodeName(name: DistinguishedName): Der {
  return sequence(...name.map(encodeRelativeName))
}

function encodeRelativeName(rdn: RelativeDistinguishedName): Der {
  const [only] = rdn
  if (only === undefined) throw new DistinguishedNameRejected('dn_malformed', { why: 'empty RDN' })
  return rdn.length === 1 ? set(encodeAttribute(only)) : setOf(rdn.map(encodeAttribute))
}

function encodeAttribute(attribute: NameAttribute): Der {
  return sequence(oid(attribute.type), encodeValue(attribute))
}

function encodeValue({ type, value }: NameAttribute): Der {
  refuseControlCharacters(type, value)
  return (STRING_TYPES.get(type) ?? utf8String)(value)
}

/** Name, at the cursor or as all of the bytes. */
export function parseName(from: DerReader | Uint8Array): DistinguishedName {
  if (from instanceof DerReader) return parseNameAt(from)
  return DerReader.whole(from, parseNameAt)
}

function parseNameAt(reader: DerReader): DistinguishedName {
  const rdns = reader.readEach(TAG.sequence, parseRelativeName)
  if (rdns.length > MAX_PARTS) throw new DistinguishedNameRejected('dn_malformed', { rdns: rdns.length })
  return rdns
}

/** RelativeDistinguishedName, under `tag` when it is tagged implicitly. */
export function parseRelativeName(reader: DerReader, tag: number = TAG.set): RelativeDistinguishedName {
  const attributes = reader.readEach(tag, parseAttribute)
  if (attributes.length === 0 || attributes.length > MAX_PARTS) {
    throw new DistinguishedNameRejected('dn_malformed', { attributes: attributes.length })
  }
  return attributes
}

function parseAttribute(reader: DerReader): NameAttribute {
  const pair = reader.readSequence()
  const type = pair.readOid()
  const tag = pair.peekTag() ?? 0
  const value = isStringTag(tag) ? pair.readString(tag) : otherValue(type, pair.readEncoded())
  pair.end()
  refuseControlCharacters(type, value)
  return { type, value, tag }
}

function otherValue(type: string, encoded: Uint8Array): string {
  // Types we know are strings (RFC 5280 appendix A.1); a CN that is none must not pass as one.
  if (SHORT_NAMES.has(type)) throw new DistinguishedNameRejected('dn_malformed', { type, why: 'not a string' })
  return `#${hexOf(encoded)}`
}

function refuseControlCharacters(type: string, value: string): void {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f))
      throw new DistinguishedNameRejected('dn_control_character', { type })
  }
}

/** Every string value of this type, first to last, in whatever RDN it stands. */
export function attributeValues(name: DistinguishedName, type: string): string[] {
  const values: string[] = []
  for (const rdn of name) {
    for (const attribute of rdn) if (attribute.type === type && isString(attribute)) values.push(attribute.value)
  }
  return values
}

function isString({ tag }: NameAttribute): boolean {
  return tag === undefined || isStringTag(tag)
}

/** The value of the only attribute of this type, which stands alone in its RDN. Throws `dn_attribute_not_single`. */
export function singleAttribute(name: DistinguishedName, type: string): string {
  const holders = name.filter((rdn) => rdn.some((attribute) => attribute.type === type))
  const [attribute] = holders[0] ?? []
  if (holders.length !== 1 || holders[0]?.length !== 1 || attribute === undefined) {
    throw new DistinguishedNameRejected('dn_attribute_not_single', { type })
  }
  return attribute.value
}

/** Whether two names match as RFC 5280 §7.1 compares them: without regard to case and to repeated white space. */
export function sameName(a: DistinguishedName, b: DistinguishedName): boolean {
  return a.length === b.length && canonicalName(a) === canonicalName(b)
}

/** A text that is equal exactly for names that match (RFC 5280 §7.1); for lookups, not for eyes. */
export function canonicalName(name: DistinguishedName): string {
  return JSON.stringify(name.map((rdn) => rdn.map(canonicalAttribute).toSorted()))
}

function canonicalAttribute(attribute: NameAttribute): string {
  // A value that is no string starts with '#', a string with '"'.
  if (!isString(attribute)) return `${attribute.type}=${attribute.value}`
  const folded = attribute.value.normalize('NFKC').toLowerCase().trim().replace(/\s+/gu, ' ')
  return `${attribute.type}="${folded}`
}

/** RFC 4514: the last RDN first, `CN=lovelace,O=Example`. For eyes and logs; never compare it. */
export function formatName(name: DistinguishedName): string {
  return name
    .map((rdn) => rdn.map(formatAttribute).join('+'))
    .reverse()
    .join(',')
}

function formatAttribute(attribute: NameAttribute): string {
  const short = SHORT_NAMES.get(attribute.type)
  if (!isString(attribute)) return `${attribute.type}=${attribute.value}`
  // §2.4: with a dotted type the value is its encoding.
  if (short === undefined) return `${attribute.type}=#${hexValue(attribute)}`
  return `${short}=${escapeValue(attribute.value)}`
}

function hexValue({ value }: NameAttribute): string {
  return hexOf(utf8String(value))
}

function escapeValue(value: string): string {
  return value
    .replace(/[\\"+,;<>]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
}
