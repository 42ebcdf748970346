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

export function isStringTag(tag: number): boolean {
  return STRING_TAGS.has(tag)
}

/** Decodes by the tag's character set. Throws `DerRejected` (`der_string_invalid`). */
export function decodeString(tag: number, contents: Uint8Array): string {
  if (tag === STRING_TAG.bmp) return decodeUnits(contents, 2)
  if (tag === STRING_TAG.universal) return decodeUnits(contents, 4)
  const ascii = decodeAscii(contents)
  if (ascii !== undefined) return ascii
  if (tag === STRING_TAG.utf8) return decodeUtf8(contents)
  // T.61 has no usable definition; what issuers wrote under the tag is Latin-1.
  if (tag === STRING_TAG.teletex) return decodeLatin1(contents)
  throw new DerRejected('der_string_invalid', { tag, why: 'not ASCII' })
}

/** Plain ASCII is nearly every string we see, and this loop beats the decoder's call overhead. */
function decodeAscii(contents: Uint8Array): string | undefined {
  if (contents.length > 256) return isAscii(contents) ? utf8.decode(contents) : undefined
  let text = ''
  for (const byte of contents) {
    if (byte > 0x7f) return undefined
    text += String.fromCharCode(byte)
  }
  return text
}

function isAscii(contents: Uint8Array): boolean {
  return contents.every((byte) => byte <= 0x7f)
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

function decodeLatin1(contents: Uint8Array): string {
  let text = ''
  for (const byte of contents) text += String.fromCharCode(byte)
  return text
}
