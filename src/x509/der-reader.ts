// A strict DER cursor over bytes that a stranger may have written (X.690 §8, §10, §11): definite minimal lengths, minimal
// integers, 00/FF booleans, one-octet tags, a depth limit. It copies nothing: what it returns are views of its input.
// Not checked: the order of SET OF elements, which makes no two readings possible and which issuers get wrong.
import { DerRejected, type DerErrorCode } from './der-rejected.ts'
import { decodeString } from './der-string.ts'
import { GENERALIZED_TIME, parseTime, UTC_TIME } from './der-time.ts'
import { hexOf } from './hex.ts'
import { decodeOid } from './oid.ts'

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
} as const

/** How deep constructed elements may nest. The deepest structure of RFC 5280 that we follow has nine levels. */
export const MAX_DEPTH = 16

/** Largest input of any kind, in bytes: a CRL with a million entries is under 40 MiB. */
export const MAX_DER_BYTES = 64 * 1024 * 1024

/** Longest INTEGER that becomes a bigint, whose parsing takes more than linear time: a modulus of 16,384 bits. */
const MAX_INTEGER_BYTES = 2049

/** The tag octet of a context-specific constructed element, `[number]` EXPLICIT or IMPLICIT of a constructed type. */
export function contextConstructed(number: number): number {
  return 0xa0 | number
}

/** The tag octet of a context-specific primitive element, `[number]` IMPLICIT of a primitive type. */
export function contextPrimitive(number: number): number {
  return 0x80 | number
}

export class DerReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  readonly #depth: number
  #at: number
  // Where the contents of the element last entered begin and end.
  #from = 0
  #to = 0

  private constructor(bytes: Uint8Array, at: number, end: number, depth: number) {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
    this.#depth = depth
  }

  /** A cursor at the start of `bytes`. Throws `DerRejected` (`der_too_large`) over `maxBytes`. */
  static over(bytes: Uint8Array, maxBytes: number = MAX_DER_BYTES): DerReader {
    if (bytes.length > maxBytes) throw new DerRejected('der_too_large', { bytes: bytes.length, maxBytes })
    // Views of a plain Uint8Array are several times cheaper than those of a Buffer.
    const plain = Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes
    return new DerReader(plain, 0, plain.length, 0)
  }

  /** Reads `bytes` as one whole element: `read` must leave nothing behind. */
  static whole<T>(bytes: Uint8Array, read: (reader: DerReader) => T): T {
    const reader = DerReader.over(bytes)
    const value = read(reader)
    reader.end()
    return value
  }

  /** Where the cursor stands in the outermost input, in bytes. */
  get offset(): number {
    return this.#at
  }

  get atEnd(): boolean {
    return this.#at === this.#end
  }

  /** Throws `DerRejected` (`der_trailing_bytes`) unless all was read. */
  end(): void {
    if (this.#at !== this.#end) throw this.#refusal('der_trailing_bytes')
  }

  /** The next tag octet, or undefined at the end. */
  peekTag(): number | undefined {
    return this.#at < this.#end ? this.#bytes[this.#at] : undefined
  }

  /** The whole next element, tag and length included; of the kind `tag`, if given. */
  readEncoded(tag?: number): Uint8Array {
    const start = this.#at
    this.#enter(tag)
    return this.#bytes.subarray(start, this.#to)
  }

  /** The contents of the next element, which must have `tag`. */
  readContents(tag: number): Uint8Array {
    this.#enter(tag)
    return this.#bytes.subarray(this.#from, this.#to)
  }

  readOptionalContents(tag: number): Uint8Array | undefined {
    return this.peekTag() === tag ? this.readContents(tag) : undefined
  }

  /** A cursor over the contents of the next element, which must have `tag`. */
  readConstructed(tag: number): DerReader {
    if (this.#depth >= MAX_DEPTH) throw this.#refusal('der_too_deep')
    this.#enter(tag)
    return new DerReader(this.#bytes, this.#from, this.#to, this.#depth + 1)
  }

  /** Like `readConstructed`, undefined when the next element has another tag or there is none. */
  readOptional(tag: number): DerReader | undefined {
    return this.peekTag() === tag ? this.readConstructed(tag) : undefined
  }

  readSequence(): DerReader {
    return this.readConstructed(TAG.sequence)
  }

  readSet(): DerReader {
    return this.readConstructed(TAG.set)
  }

  /** The one element inside `[number]` EXPLICIT. Throws when there is more. */
  readExplicit<T>(number: number, read: (inner: DerReader) => T): T {
    const inner = this.readConstructed(contextConstructed(number))
    const value = read(inner)
    inner.end()
    return value
  }

  readOptionalExplicit<T>(number: number, read: (inner: DerReader) => T): T | undefined {
    return this.peekTag() === contextConstructed(number) ? this.readExplicit(number, read) : undefined
  }

  /** Every element of a SEQUENCE OF, SET OF or implicitly tagged one; `read` takes one element each time. */
  readEach<T>(tag: number, read: (reader: DerReader) => T): T[] {
    const items: T[] = []
    const inner = this.readConstructed(tag)
    while (!inner.atEnd) items.push(read(inner))
    return items
  }

  /** Two's complement content octets of an INTEGER, minimal and never empty. */
  readIntegerBytes(tag: number = TAG.integer): Uint8Array {
    this.#enter(tag)
    const first = this.#bytes[this.#from]
    const length = this.#to - this.#from
    if (length === 0 || first === undefined) throw this.#refusal('der_integer_not_minimal')
    const second = this.#bytes[this.#from + 1] ?? 0
    const padded = (first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80)
    if (length > 1 && padded) throw this.#refusal('der_integer_not_minimal')
    return this.#bytes.subarray(this.#from, this.#to)
  }

  /** An INTEGER of at most MAX_INTEGER_BYTES octets. */
  readInteger(): bigint {
    const bytes = this.readIntegerBytes()
    if (bytes.length > MAX_INTEGER_BYTES) throw this.#refusal('der_integer_out_of_range')
    const magnitude = BigInt(`0x${hexOf(bytes)}`)
    return (bytes[0] ?? 0) >= 0x80 ? magnitude - (1n << BigInt(bytes.length * 8)) : magnitude
  }

  /** An INTEGER of 0 to 2^31-1. */
  readSmallInteger(tag: number = TAG.integer): number {
    const bytes = this.readIntegerBytes(tag)
    if (bytes.length > 4 || (bytes[0] ?? 0) >= 0x80) throw this.#refusal('der_integer_out_of_range')
    return bytes.reduce((value, byte) => value * 256 + byte, 0)
  }

  readEnumerated(): number {
    return this.readSmallInteger(TAG.enumerated)
  }

  readBoolean(tag: number = TAG.boolean): boolean {
    this.#enter(tag)
    const value = this.#bytes[this.#from]
    // X.690 §11.1: TRUE has all eight bits set.
    if (this.#to - this.#from !== 1 || (value !== 0x00 && value !== 0xff)) throw this.#refusal('der_boolean_invalid')
    return value === 0xff
  }

  /** BOOLEAN DEFAULT FALSE: DER leaves the default out (X.690 §11.5), so an explicit FALSE is refused. */
  readDefaultFalse(tag: number = TAG.boolean): boolean {
    if (this.peekTag() !== tag) return false
    if (!this.readBoolean(tag)) throw this.#refusal('der_boolean_invalid')
    return true
  }

  readNull(): void {
    this.#enter(TAG.null)
    if (this.#to !== this.#from) throw this.#refusal('der_null_invalid')
  }

  readOid(tag: number = TAG.oid): string {
    this.#enter(tag)
    return decodeOid(this.#bytes, this.#from, this.#to)
  }

  readOctetString(): Uint8Array {
    return this.readContents(TAG.octetString)
  }

  /** A BIT STRING that holds whole octets, as keys and signatures do. */
  readBitString(): Uint8Array {
    this.#enter(TAG.bitString)
    if (this.#to === this.#from || this.#bytes[this.#from] !== 0) throw this.#refusal('der_bit_string_invalid')
    return this.#bytes.subarray(this.#from + 1, this.#to)
  }

  /** A named bit list: trailing zero bits are left out (X.690 §11.2.2). At most 16 bits, bit 0 is the highest of the number. */
  readNamedBits(tag: number = TAG.bitString): number {
    const contents = this.readContents(tag)
    const [unused, first = 0, second = 0] = contents
    if (unused === undefined || unused > 7 || contents.length > 3) throw this.#refusal('der_bit_string_invalid')
    if (contents.length === 1 && unused === 0) return 0
    const last = contents[contents.length - 1] ?? 0
    const lowestSet = last & -last
    if (contents.length === 1 || lowestSet !== 1 << unused) throw this.#refusal('der_bit_string_invalid')
    return (first << 8) | second
  }

  /** UTCTime or GeneralizedTime. */
  readTime(): Date {
    const tag = this.peekTag()
    if (tag !== UTC_TIME && tag !== GENERALIZED_TIME) throw this.#refusal('der_tag_unexpected')
    this.#enter(tag)
    return parseTime(tag, this.#bytes, this.#from, this.#to)
  }

  /** GeneralizedTime alone, to whole seconds. */
  readGeneralizedTime(): Date {
    this.#enter(GENERALIZED_TIME)
    return parseTime(GENERALIZED_TIME, this.#bytes, this.#from, this.#to)
  }

  /** A character string of exactly the type `tag`, or under the implicit tag `as`. */
  readString(tag: number, as: number = tag): string {
    this.#enter(as)
    return decodeString(tag, this.#bytes, this.#from, this.#to)
  }

  /** Reads tag and length, and moves behind the element. */
  #enter(expected: number | undefined): void {
    const start = this.#at
    const tag = this.#octet(start)
    if (expected !== undefined && tag !== expected) {
      throw new DerRejected('der_tag_unexpected', { offset: start, tag, expected })
    }
    if ((tag & 0x1f) === 0x1f) throw this.#refusal('der_tag_unsupported')
    const short = this.#octet(start + 1)
    this.#from = start + 2
    const length = short < 0x80 ? short : this.#longLength(short)
    if (length > this.#end - this.#from) throw this.#refusal('der_truncated')
    this.#to = this.#from + length
    this.#at = this.#to
  }

  #longLength(first: number): number {
    if (first === 0x80) throw this.#refusal('der_indefinite_length')
    const octets = first & 0x7f
    if (octets > 4) throw this.#refusal('der_too_large')
    let length = 0
    for (let i = 0; i < octets; i++) length = length * 256 + this.#octet(this.#from + i)
    // X.690 §10.1: the fewest octets; below 128 the short form.
    if (length < 0x80 || length < 2 ** (8 * (octets - 1))) throw this.#refusal('der_length_not_minimal')
    this.#from += octets
    return length
  }

  #octet(at: number): number {
    const octet = at < this.#end ? this.#bytes[at] : undefined
    if (octet === undefined) throw this.#refusal('der_truncated')
    return octet
  }

  #refusal(code: DerErrorCode): DerRejected {
    return new DerRejected(code, { offset: this.#at })
  }
}
