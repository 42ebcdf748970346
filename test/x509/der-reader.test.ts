import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DerReader, MAX_DEPTH, TAG } from '../../src/x509/der-reader.ts'
import { explicit, integer, namedBitsContents, octetString, primitive, sequence } from '../../src/x509/der-writer.ts'
import { codeOf } from './refusal.ts'

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

function whole<T>(hex: string, read: (reader: DerReader) => T): T {
  return DerReader.whole(bytes(hex), read)
}

const readAny = (reader: DerReader): unknown => reader.readEncoded()
const readInteger = (reader: DerReader): unknown => reader.readInteger()
const readBoolean = (reader: DerReader): unknown => reader.readBoolean()
const readNull = (reader: DerReader): unknown => reader.readNull()
const readBitString = (reader: DerReader): unknown => reader.readBitString()
const readNamedBits = (reader: DerReader): unknown => reader.readNamedBits()
const readSmall = (reader: DerReader): unknown => reader.readSmallInteger()
const readDefaultFalse = (reader: DerReader): unknown => reader.readSequence().readDefaultFalse()
const readTime = (reader: DerReader): unknown => reader.readTime()
const readUtf8 = (reader: DerReader): unknown => reader.readString(0x0c)

describe('DerReader', () => {
  it.each<[what: string, hex: string, read: (reader: DerReader) => unknown, code: string]>([
    ['nothing', '', readAny, 'der_truncated'],
    ['a tag without length', '30', readAny, 'der_truncated'],
    ['contents that end early', '3003 0201', readAny, 'der_truncated'],
    ['a long length that ends early', '3082 01', readAny, 'der_truncated'],
    ['empty contents', '3000', readAny, 'accepted'],
    ['bytes behind the element', '3000 00', readAny, 'der_trailing_bytes'],
    ['an indefinite length', '3080 0000', readAny, 'der_indefinite_length'],
    ['a long form for 127', `30817f${'00'.repeat(127)}`, readAny, 'der_length_not_minimal'],
    ['a long form for 128', `308180${'00'.repeat(128)}`, readAny, 'accepted'],
    ['two octets for 255', `308200ff${'00'.repeat(255)}`, readAny, 'der_length_not_minimal'],
    ['two octets for 256', `30820100${'00'.repeat(256)}`, readAny, 'accepted'],
    ['the reserved length octet', `30ff${'00'.repeat(127)}`, readAny, 'der_too_large'],
    ['five length octets', '308500000000 01 00', readAny, 'der_too_large'],
    ['four length octets for more than there is', '3084ffffffff 00', readAny, 'der_truncated'],
    ['a tag of several octets', '1f8101 00', readAny, 'der_tag_unsupported'],
    ['another tag', '0201 00', readBoolean, 'der_tag_unexpected'],
    ['an INTEGER without contents', '0200', readInteger, 'der_integer_not_minimal'],
    ['a padded positive INTEGER', '0202 007f', readInteger, 'der_integer_not_minimal'],
    ['a zero that keeps an INTEGER positive', '0202 0080', readInteger, 'accepted'],
    ['a padded negative INTEGER', '0202 ff80', readInteger, 'der_integer_not_minimal'],
    ['a minimal negative INTEGER', '0202 ff7f', readInteger, 'accepted'],
    ['an INTEGER of 2049 octets', `0282080101${'00'.repeat(2048)}`, readInteger, 'accepted'],
    ['an INTEGER of 2050 octets', `0282080201${'00'.repeat(2049)}`, readInteger, 'der_integer_out_of_range'],
    ['the largest small INTEGER', '0204 7fffffff', readSmall, 'accepted'],
    ['one more', '0205 0080000000', readSmall, 'der_integer_out_of_range'],
    ['a negative small INTEGER', '0201 ff', readSmall, 'der_integer_out_of_range'],
    ['BOOLEAN 00', '0101 00', readBoolean, 'accepted'],
    ['BOOLEAN ff', '0101 ff', readBoolean, 'accepted'],
    ['BOOLEAN 01', '0101 01', readBoolean, 'der_boolean_invalid'],
    ['BOOLEAN of two octets', '0102 ffff', readBoolean, 'der_boolean_invalid'],
    ['BOOLEAN without contents', '0100', readBoolean, 'der_boolean_invalid'],
    ['an absent default', '3000', readDefaultFalse, 'accepted'],
    ['a default written out', '3003 010100', readDefaultFalse, 'der_boolean_invalid'],
    ['NULL', '0500', readNull, 'accepted'],
    ['NULL with contents', '0501 00', readNull, 'der_null_invalid'],
    ['BIT STRING without its first octet', '0300', readBitString, 'der_bit_string_invalid'],
    ['BIT STRING of no bits', '0301 00', readBitString, 'accepted'],
    ['BIT STRING of seven bits for octets', '0302 0180', readBitString, 'der_bit_string_invalid'],
    ['named bits', '0302 0780', readNamedBits, 'accepted'],
    ['no named bits', '0301 00', readNamedBits, 'accepted'],
    ['no bits, some of them unused', '0301 01', readNamedBits, 'der_bit_string_invalid'],
    ['named bits with a trailing zero bit', '0302 0680', readNamedBits, 'der_bit_string_invalid'],
    ['named bits with a trailing zero octet', '0303 078000', readNamedBits, 'der_bit_string_invalid'],
    ['set bits among the unused', '0302 0781', readNamedBits, 'der_bit_string_invalid'],
    ['eight unused bits', '0302 0880', readNamedBits, 'der_bit_string_invalid'],
    ['more than sixteen named bits', '0304 00000001', readNamedBits, 'der_bit_string_invalid'],
    ['UTCTime', '170d 3236303330313132303030305a', readTime, 'accepted'],
    ['UTCTime without seconds', '170b 323630333031313230305a', readTime, 'der_time_invalid'],
    ['UTCTime with an offset', '1711 3236303330313132303030302b30313030', readTime, 'der_time_invalid'],
    ['31 February', '170d 3236303233313132303030305a', readTime, 'der_time_invalid'],
    ['29 February of a leap year', '170d 3238303232393132303030305a', readTime, 'accepted'],
    ['month 13', '170d 3236313330313132303030305a', readTime, 'der_time_invalid'],
    ['hour 24', '170d 3236303330313234303030305a', readTime, 'der_time_invalid'],
    ['second 60', '170d 3236303330313132303036305a', readTime, 'der_time_invalid'],
    ['a time with a letter', '170d 3236303330313132303030785a', readTime, 'der_time_invalid'],
    ['GeneralizedTime with a fraction', '1811 32303530303130313132303030302e355a', readTime, 'der_time_invalid'],
    ['year 0', '180f 30303030303130313132303030305a', readTime, 'der_time_invalid'],
    ['an INTEGER for a time', '0201 00', readTime, 'der_tag_unexpected'],
    ['UTF-8', '0c02 c3a4', readUtf8, 'accepted'],
    ['UTF-8 that is overlong', '0c02 c080', readUtf8, 'der_string_invalid'],
    ['a lone surrogate in UTF-8', '0c03 eda080', readUtf8, 'der_string_invalid'],
  ])('%s (%s)', (_, hex, read, code) => {
    expect(codeOf(() => whole(hex, read))).toBe(code)
  })

  it('stops at its depth limit and not before', () => {
    const nested = (depth: number): Uint8Array => (depth === 0 ? sequence() : sequence(nested(depth - 1)))
    const descend = (depth: number): void => {
      let reader = DerReader.over(nested(depth))
      for (let i = 0; i < depth; i++) reader = reader.readSequence()
    }
    expect(codeOf(() => descend(MAX_DEPTH))).toBe('accepted')
    expect(codeOf(() => descend(MAX_DEPTH + 1))).toBe('der_too_deep')
  })

  it('refuses what is over the size it was given', () => {
    expect(codeOf(() => DerReader.over(new Uint8Array(100), 100))).toBe('accepted')
    expect(codeOf(() => DerReader.over(new Uint8Array(101), 100))).toBe('der_too_large')
  })

  it('returns views of its input', () => {
    const input = sequence(octetString(Uint8Array.of(1, 2, 3)))
    const contents = DerReader.over(input).readSequence().readOctetString()
    expect(contents.buffer).toBe(input.buffer)
  })

  it('tells where it stood in the outermost input', () => {
    const reader = DerReader.over(sequence(integer(5n), integer(6n))).readSequence()
    reader.readInteger()
    expect(reader.offset).toBe(5)
    expect(reader.readEncoded()).toEqual(Uint8Array.of(2, 1, 6))
  })

  it('passes over what is optional and absent', () => {
    const reader = DerReader.over(sequence(explicit(1, integer(9n)))).readSequence()
    expect(reader.readOptionalExplicit(0, (inner) => inner.readInteger())).toBeUndefined()
    expect(reader.readOptional(TAG.set)).toBeUndefined()
    expect(reader.readOptionalContents(TAG.integer)).toBeUndefined()
    expect(reader.readOptionalExplicit(1, (inner) => inner.readInteger())).toBe(9n)
    reader.end()
  })

  it('reads back every integer that the writer writes', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 200n }), (value) => {
        expect(DerReader.whole(integer(value), (reader) => reader.readInteger())).toBe(value)
      }),
    )
  })

  it('reads back every named bit list that the writer writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), (bits) => {
        const encoded = primitive(TAG.bitString, namedBitsContents(bits))
        expect(DerReader.whole(encoded, (reader) => reader.readNamedBits())).toBe(bits)
      }),
    )
  })

  it('answers random bytes with values and typed errors alone', () => {
    const reads = [readAny, readInteger, readBoolean, readNull, readBitString, readNamedBits, readTime, readUtf8]
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...reads), (input, read) => {
        expect(typeof codeOf(() => DerReader.whole(input, read))).toBe('string')
      }),
      { numRuns: 2000 },
    )
  })
})
