// Texts of a directory: values that are compared to the letter, filters that hold what a stranger typed (RFC 4515 §3), and
// the immutable ids of entries.
import type { LdapEntry } from './ldap-connection.ts'
import type { ImmutableId } from './ldap-settings.ts'
import { LdapFailed } from './ldap-failed.ts'

/** Nothing is trimmed, folded or normalised, and a byte order mark stays: a name that looks like another is another. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** For use as a value in a filter. Every byte that is not a letter or digit is written as its number. */
export function escaped(value: string | Uint8Array): string {
  return Array.from(Buffer.from(value), (byte) => {
    const character = String.fromCharCode(byte)
    return /[A-Za-z0-9]/.test(character) ? character : `\\${byte.toString(16).padStart(2, '0')}`
  }).join('')
}

export function bytesOf(entry: LdapEntry, attribute: string): readonly Uint8Array[] {
  return entry.values.get(attribute.toLowerCase()) ?? []
}

/** Throws `LdapFailed` where a value is no text. */
export function textsOf(entry: LdapEntry, attribute: string): readonly string[] {
  return bytesOf(entry, attribute).map((bytes) => {
    try {
      return UTF8.decode(bytes)
    } catch (error) {
      throw new LdapFailed('incomplete', `a value of ${attribute} is no UTF-8`, { cause: error })
    }
  })
}

/** Lower case, with dashes. Throws `LdapFailed` where the directory shows none, or no such thing. */
export function immutableIdOf(entry: LdapEntry, id: ImmutableId): string {
  const [value, ...more] = bytesOf(entry, id)
  const parsed = value === undefined || more.length > 0 ? undefined : PARSERS[id](value)
  if (parsed === undefined) throw new LdapFailed('misconfigured', `an entry without one ${id}`)
  return parsed
}

/** As ids are written here. A link that an administrator typed may say anything. */
export function isImmutableId(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
}

/** The filter value that finds it again. */
export function escapedId(id: ImmutableId, value: string): string {
  return id === 'entryUUID' ? escaped(value) : escaped(guidBytes(value))
}

const PARSERS = { entryUUID: parseEntryUuid, objectGUID: parseObjectGuid } as const satisfies Record<
  ImmutableId,
  unknown
>

/** A UUID as text (RFC 4530 §2.1). */
function parseEntryUuid(value: Uint8Array): string | undefined {
  const text = Buffer.from(value).toString('latin1').toLowerCase()
  return isImmutableId(text) ? text : undefined
}

/** Sixteen bytes, the first three fields little-endian ([MS-DTYP] §2.3.4.2). */
function parseObjectGuid(value: Uint8Array): string | undefined {
  if (value.length !== 16) return undefined
  const hex = swapped(Buffer.from(value)).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function guidBytes(text: string): Buffer {
  return swapped(Buffer.from(text.replaceAll('-', ''), 'hex'))
}

function swapped(bytes: Buffer): Buffer {
  bytes.subarray(0, 4).reverse()
  bytes.subarray(4, 6).reverse()
  bytes.subarray(6, 8).reverse()
  return bytes
}
