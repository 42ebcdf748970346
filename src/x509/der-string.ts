// Character strings of ASN.1 (X.690 §8.23) to JavaScript strings. It refuses bytes that the type cannot hold; whether a
// control character is welcome is for the caller to say.
import { DerRejected } from './der-rejected.ts'

export const STRING_TAG = {
  utf8: 0x0c,
  numeric: 0x12,
  printable: 0x13,
  teletex: 0x14,
  ia5: 0x16,
  visible: 0x1a,
  universal: 0x1c,
  bmp: 0x1e,
} as const

const STRING_TAGS: ReadonlySet<number> = new Set(Object.values(STRING_TAG))

// ignoreBOM keeps a leading U+FEFF in the value: dropping it would make two names equal that are not.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Of Node's Buffer, but it takes any bytes: to make a Buffer of them first would cost more than the text. */
const { latin1Slice } = Buffer.prototype as unknown as {
  readonly latin1Slice: (this: Uint8Array, from?: number, to?: number) => string
}

export function isStringTag(tag: number): boolean {
  return STRING_TAGS.has(tag)
}

/** Decodes the octets from `from` up to `to` by the tag's character set. Throws `DerRejected` (`der_string_invalid`). */
export function decodeString(tag: number, bytes: Uint8Array, from = 0, to = bytes.length): string {
  const isWide = tag === STRING_TAG.bmp || tag === STRING_TAG.universal
  // Plain ASCII is nearly every string we see.
  if (!isWide && isAscii(bytes, from, to)) return latin1Slice.call(bytes, from, to)
  const contents = bytes.subarray(from, to)
  if (isWide) return decodeUnits(contents, tag === STRING_TAG.bmp ? 2 : 4)
  if (tag === STRING_TAG.utf8) return decodeUtf8(contents)
  // T.61 has no usable definition; what issuers wrote under the tag is Latin-1.
  if (tag === STRING_TAG.teletex) return latin1Slice.call(contents)
  throw new DerRejected('der_string_invalid', { tag, why: 'not ASCII' })
}

function isAscii(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((bytes[at] ?? 0) > 0x7f) return false
  return true
}

function decodeUtf8(contents: Uint8Array): string {
  try {
    return utf8.decode(contents)
  } catch (cause) {
    throw new DerRejected('der_string_invalid', { tag: STRING_TAG.utf8, why: 'not UTF-8' }, { cause })
  }
}

function decodeUnits(contents: Uint8Array, width: 2 | 4): string {
  if (contents.length % width !== 0) throw new DerRejected('der_string_invalid', { why: `not a multiple of ${width}` })
  const view = new DataView(contents.buffer, contents.byteOffset, contents.byteLength)
  let text = ''
  for (let at = 0; at < contents.length; at += width) {
    text += codePoint(width === 2 ? view.getUint16(at) : view.getUint32(at))
  }
  return text
}

function codePoint(code: number): string {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    throw new DerRejected('der_string_invalid', { why: 'not a character' })
  }
  return String.fromCodePoint(code)
}
