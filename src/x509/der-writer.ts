// DER encodings (X.690) as plain functions: each takes encoded parts and returns the encoded whole. What it is given is
// our own or was parsed; it still refuses what the ASN.1 type cannot hold.
import { contextConstructed, contextPrimitive, TAG } from './der-reader.ts'
import { DerRejected } from './der-rejected.ts'
import { STRING_TAG } from './der-string.ts'
import { formatTime, GENERALIZED_TIME, generalizedDigits } from './der-time.ts'
import { encodeOid } from './oid.ts'

export type Der = Uint8Array

/**
 * Small encodings are cut from a larger piece of memory: one of its own for each would cost more than all that is written
 * into it. Nothing cut from it is ever written again.
 */
const SLAB_BYTES = 16 * 1024
const MAX_CUT_BYTES = 1024
let slab = new Uint8Array(SLAB_BYTES)
let cut = 0

function allocate(length: number): Uint8Array<ArrayBuffer> {
  if (length > MAX_CUT_BYTES) return new Uint8Array(length)
  if (length > SLAB_BYTES - cut) {
    slab = new Uint8Array(SLAB_BYTES)
    cut = 0
  }
  cut += length
  return slab.subarray(cut - length, cut)
}

export function sequence(...parts: readonly Der[]): Der {
  return constructed(TAG.sequence, parts)
}

/** SET with its parts in the order given. */
export function set(...parts: readonly Der[]): Der {
  return constructed(TAG.set, parts)
}

/** SET OF: the encodings in ascending order (X.690 §11.6). */
export function setOf(parts: readonly Der[]): Der {
  return constructed(TAG.set, parts.length < 2 ? parts : parts.toSorted((a, b) => Buffer.compare(a, b)))
}

/** Any constructed element. Takes a list, since a CRL has more parts than a call may have arguments. */
export function constructed(tag: number, parts: readonly Der[]): Der {
  let length = 0
  for (const part of parts) length += part.length
  const out = allocate(headerLength(length) + length)
  let at = writeHeader(out, tag, length)
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/**
 * A constructed element that is not written yet. What is deep and long is written once and in one piece this way: a piece of memory for
 * each of its levels costs more than all that is written into them.
 */
export interface Unwritten {
  readonly tag: number
  readonly parts: readonly (Der | Unwritten)[]
  /** Octets of all of it, tag and length included. */
  readonly length: number
  readonly contentLength: number
}

export function unwritten(tag: number, ...parts: readonly (Der | Unwritten)[]): Unwritten {
  let contentLength = 0
  for (const part of parts) contentLength += part.length
  return { tag, parts, length: headerLength(contentLength) + contentLength, contentLength }
}

export function written(element: Unwritten): Der {
  const out = allocate(element.length)
  writeInto(out, 0, element)
  return out
}

function writeInto(out: Uint8Array, from: number, { tag, parts, contentLength }: Unwritten): number {
  let at = from + writeHeader(out, tag, contentLength, from)
  for (const part of parts) {
    if ('tag' in part) {
      at = writeInto(out, at, part)
      continue
    }
    out.set(part, at)
    at += part.length
  }
  return at
}

/** Tag and length of an element whose content octets, `length` of them, are written elsewhere. */
export function header(tag: number, length: number): Der {
  const out = allocate(headerLength(length))
  writeHeader(out, tag, length)
  return out
}

/** Any primitive element with these content octets. */
export function primitive(tag: number, contents: Uint8Array): Der {
  const out = allocate(headerLength(contents.length) + contents.length)
  out.set(contents, writeHeader(out, tag, contents.length))
  return out
}

/** `[number]` EXPLICIT. */
export function explicit(number: number, ...parts: readonly Der[]): Der {
  return constructed(contextConstructed(number), parts)
}

/** `[number]` IMPLICIT of a constructed type, whose elements are the parts. */
export function implicitConstructed(number: number, ...parts: readonly Der[]): Der {
  return constructed(contextConstructed(number), parts)
}

/** `[number]` IMPLICIT of a primitive type, by its content octets. */
export function implicitPrimitive(number: number, contents: Uint8Array): Der {
  return primitive(contextPrimitive(number), contents)
}

/** A non-negative INTEGER: a bigint, or its magnitude with the most significant octet first. */
export function integer(value: bigint | Uint8Array): Der {
  return primitive(TAG.integer, typeof value === 'bigint' ? bigintContents(value) : magnitudeContents(value))
}

/** An INTEGER of 0 to 2^53-1. */
export function smallInteger(value: number): Der {
  return primitive(TAG.integer, smallContents(value))
}

/** The content octets of a non-negative INTEGER, for an implicit tag. */
export function smallContents(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new DerRejected('der_unencodable', { integer: String(value) })
  return value < 0x80 ? Uint8Array.of(value) : bigintContents(BigInt(value))
}

export function enumerated(value: number): Der {
  return primitive(TAG.enumerated, smallContents(value))
}

export function oid(dotted: string): Der {
  return primitive(TAG.oid, encodeOid(dotted))
}

export function octetString(contents: Uint8Array): Der {
  return primitive(TAG.octetString, contents)
}

/** A BIT STRING; `unusedBits` of its last octet are not part of it. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Der {
  const length = bytes.length + 1
  const out = allocate(headerLength(length) + length)
  const at = writeHeader(out, TAG.bitString, length)
  out[at] = unusedBits
  out.set(bytes, at + 1)
  return out
}

/** The content octets of a named bit list of at most 16 bits; the highest of the 16 is bit 0 (X.690 §11.2.2). */
export function namedBitsContents(bits: number): Uint8Array {
  if (bits === 0) return Uint8Array.of(0)
  const lowest = bits & 0xff ? bits & 0xff : bits >> 8
  const unused = 31 - Math.clz32(lowest & -lowest)
  return bits & 0xff ? Uint8Array.of(unused, bits >> 8, bits & 0xff) : Uint8Array.of(unused, bits >> 8)
}

export function boolean(value: boolean): Der {
  return Uint8Array.of(TAG.boolean, 1, value ? 0xff : 0)
}

export function nullValue(): Der {
  return Uint8Array.of(TAG.null, 0)
}

export function utf8String(text: string): Der {
  if (!text.isWellFormed()) throw new DerRejected('der_unencodable', { why: 'lone surrogate' })
  return primitive(STRING_TAG.utf8, Buffer.from(text, 'utf8'))
}

/** X.680 §41.4: letters, digits, space and `'()+,-./:=?`. */
export function printableString(text: string): Der {
  if (!/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)) throw new DerRejected('der_unencodable', { why: 'not printable' })
  return primitive(STRING_TAG.printable, Buffer.from(text, 'latin1'))
}

export function ia5String(text: string): Der {
  return primitive(STRING_TAG.ia5, ia5Contents(text))
}

/** The octets of an IA5String, for an implicit tag. Control characters are refused: no name that we write has any. */
export function ia5Contents(text: string): Uint8Array {
  if (!/^[\x20-\x7e]*$/.test(text)) throw new DerRejected('der_unencodable', { why: 'not ASCII' })
  return Buffer.from(text, 'latin1')
}

/** UTCTime through 2049, GeneralizedTime after (RFC 5280 §4.1.2.5); cut to whole seconds. */
export function time(at: Date): Der {
  const { tag, digits } = formatTime(at)
  return primitive(tag, Buffer.from(digits, 'latin1'))
}

/** GeneralizedTime whatever the year; cut to whole seconds. */
export function generalizedTime(at: Date): Der {
  const digits = generalizedDigits(at)
  const out = allocate(digits.length + 2)
  writeHeader(out, GENERALIZED_TIME, digits.length)
  for (let i = 0; i < digits.length; i++) out[2 + i] = digits.charCodeAt(i)
  return out
}

function bigintContents(value: bigint): Uint8Array {
  if (value < 0n) throw new DerRejected('der_unencodable', { why: 'negative' })
  const digits = value.toString(16)
  return magnitudeContents(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'))
}

/** Minimal two's complement: no needless zeros, one when the top bit is set. */
function magnitudeContents(magnitude: Uint8Array): Uint8Array {
  let from = 0
  while (from < magnitude.length - 1 && magnitude[from] === 0) from++
  const first = magnitude[from]
  if (first === undefined) throw new DerRejected('der_unencodable', { why: 'empty integer' })
  if (first < 0x80) return from === 0 ? magnitude : magnitude.subarray(from)
  const padded = new Uint8Array(magnitude.length - from + 1)
  padded.set(magnitude.subarray(from), 1)
  return padded
}

/** Octets that tag and length take. */
function headerLength(length: number): number {
  if (length < 0x80) return 2
  if (length < 0x100) return 3
  if (length < 0x10000) return 4
  return length < 0x1000000 ? 5 : 6
}

/** Writes tag and length into `out` from `at` on; returns how many octets they take. */
function writeHeader(out: Uint8Array, tag: number, length: number, at = 0): number {
  out[at] = tag
  const octets = headerLength(length) - 2
  if (octets === 0) {
    out[at + 1] = length
    return 2
  }
  out[at + 1] = 0x80 | octets
  for (let i = 0; i < octets; i++) out[at + 2 + i] = (length >>> (8 * (octets - 1 - i))) & 0xff
  return 2 + octets
}
