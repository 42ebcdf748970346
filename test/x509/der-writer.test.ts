import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DerReader } from '../../src/x509/der-reader.ts'
import {
  bitString,
  boolean,
  enumerated,
  explicit,
  ia5String,
  implicitConstructed,
  implicitPrimitive,
  integer,
  nullValue,
  octetString,
  oid,
  printableString,
  sequence,
  set,
  setOf,
  smallInteger,
  time,
  utf8String,
} from '../../src/x509/der-writer.ts'
import { codeOf } from './refusal.ts'

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

describe('the DER writer', () => {
  it.each<[what: string, encoded: Uint8Array, hex: string]>([
    ['an empty sequence', sequence(), '3000'],
    ['a sequence', sequence(boolean(true), nullValue()), '30050101ff0500'],
    ['a set in its own order', set(integer(2n), integer(1n)), '3106020102020101'],
    ['a set of, in order of encoding', setOf([integer(256n), integer(2n), integer(1n)]), '310a02010102010202020100'],
    ['zero', integer(0n), '020100'],
    ['127', smallInteger(127), '02017f'],
    ['128', smallInteger(128), '02020080'],
    ['a magnitude with its top bit set', integer(Uint8Array.of(0x80, 0)), '0203008000'],
    ['a magnitude with leading zeros', integer(Uint8Array.of(0, 0, 1)), '020101'],
    ['a magnitude of zeros', integer(Uint8Array.of(0, 0)), '020100'],
    ['an enumeration', enumerated(10), '0a010a'],
    ['an object identifier', oid('1.2.840.113549'), '06062a864886f70d'],
    ['a bit string', bitString(Uint8Array.of(0xa0), 5), '030205a0'],
    ['text', utf8String('ä'), '0c02c3a4'],
    ['printable text', printableString('CH'), '13024348'],
    ['ASCII', ia5String('a@b'), '1603614062'],
    ['explicit', explicit(3, nullValue()), 'a3020500'],
    ['implicit and constructed', implicitConstructed(1, nullValue()), 'a1020500'],
    ['implicit and primitive', implicitPrimitive(2, Uint8Array.of(7)), '820107'],
  ])('%s', (_, encoded, expected) => {
    expect(hex(encoded)).toBe(expected)
  })

  it.each([
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [65_535, '0482ffff'],
    [65_536, '0483010000'],
    [16_777_216, '048401000000'],
  ])('writes the length %i in the fewest octets', (length, header) => {
    const encoded = octetString(new Uint8Array(length))
    expect(hex(encoded.subarray(0, header.length / 2))).toBe(header)
    expect(encoded.length).toBe(length + header.length / 2)
    expect(DerReader.whole(encoded, (reader) => reader.readOctetString()).length).toBe(length)
  })

  it.each([
    ['1950-01-01T00:00:00Z', '170d3530303130313030303030305a'],
    ['1999-12-31T23:59:59Z', '170d3939313233313233353935395a'],
    ['2049-12-31T23:59:59Z', '170d3439313233313233353935395a'],
    ['2049-12-31T23:59:59.999Z', '170d3439313233313233353935395a'],
    ['2050-01-01T00:00:00Z', '180f32303530303130313030303030305a'],
    ['9999-12-31T23:59:59Z', '180f39393939313233313233353935395a'],
  ])('writes %s in the form of its year', (text, expected) => {
    const at = new Date(text)
    expect(hex(time(at))).toBe(expected)
    const read = DerReader.whole(time(at), (reader) => reader.readTime())
    expect(read.getTime()).toBe(Math.floor(at.getTime() / 1000) * 1000)
  })

  it.each<[what: string, write: () => Uint8Array]>([
    ['a year before 1950', () => time(new Date('1949-12-31T23:59:59Z'))],
    ['a year after 9999', () => time(new Date('+010000-01-01T00:00:00Z'))],
    ['no date', () => time(new Date(Number.NaN))],
    ['a negative integer', () => integer(-1n)],
    ['a negative small integer', () => smallInteger(-1)],
    ['a fraction', () => smallInteger(1.5)],
    ['an integer without octets', () => integer(new Uint8Array())],
    ['an underscore as printable text', () => printableString('a_b')],
    ['an umlaut as ASCII', () => ia5String('ä')],
    ['a line feed as ASCII', () => ia5String('a\nb')],
    ['a lone surrogate', () => utf8String('\ud800')],
    ['an object identifier of one arc', () => oid('1')],
    ['an object identifier under 3', () => oid('3.1')],
    ['a second arc of 40 under 1', () => oid('1.40')],
    ['an arc with a leading zero', () => oid('1.2.03')],
    ['no object identifier', () => oid('commonName')],
  ])('refuses %s', (_, write) => {
    expect(codeOf(write)).toBe('der_unencodable')
  })

  it('reads back every text that it writes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (text) => {
        expect(DerReader.whole(utf8String(text), (reader) => reader.readString(0x0c))).toBe(text)
      }),
    )
  })

  it('reads back every second from 1950 to 9999 that it writes', () => {
    const bounds = { min: new Date('1950-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }
    fc.assert(
      fc.property(fc.date(bounds), (at) => {
        const read = DerReader.whole(time(at), (reader) => reader.readTime())
        expect(read.getTime()).toBe(Math.floor(at.getTime() / 1000) * 1000)
      }),
    )
  })
})
