import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { integer, oid, primitive, sequence, set, utf8String } from '../../src/x509/der-writer.ts'
import {
  attributeValues,
  encodeName,
  formatName,
  parseName,
  sameName,
  singleAttribute,
  type DistinguishedName,
} from '../../src/x509/distinguished-name.ts'
import { OID } from '../../src/x509/oid.ts'
import { codeOf } from './refusal.ts'

const { commonName, countryName, localityName, organizationName, organizationalUnitName } = OID

function one(type: string, value: string): DistinguishedName[number] {
  return [{ type, value }]
}

/** A Name whose CN has this tag and these octets. */
function withTag(tag: number, octets: Uint8Array | string, type: string = commonName): Uint8Array {
  return sequence(set(sequence(oid(type), primitive(tag, Buffer.from(octets)))))
}

describe('encodeName', () => {
  it('writes CN, L, O and OU as UTF8String and C as PrintableString', () => {
    const types = [countryName, organizationName, organizationalUnitName, localityName, commonName]
    const name = types.map((type) => one(type, type === countryName ? 'CH' : 'text'))
    const tags = parseName(encodeName(name)).map((rdn) => rdn[0]?.tag)
    expect(tags).toEqual([0x13, 0x0c, 0x0c, 0x0c, 0x0c])
  })

  it('puts the attributes of a multi-valued RDN in DER order', () => {
    const a = { type: commonName, value: 'b' }
    const b = { type: organizationName, value: 'a' }
    expect(encodeName([[a, b]])).toEqual(encodeName([[b, a]]))
  })

  it.each<[what: string, name: DistinguishedName, code: string]>([
    ['an empty name', [], 'accepted'],
    ['an empty RDN', [[]], 'dn_malformed'],
    ['a NUL', [one(commonName, 'alice\0.evil')], 'dn_control_character'],
    ['a line feed', [one(commonName, 'alice\nCN=root')], 'dn_control_character'],
    ['DEL', [one(commonName, '\x7f')], 'dn_control_character'],
    ['a C1 control', [one(commonName, '\x85')], 'dn_control_character'],
    ['a letter beyond ASCII', [one(commonName, 'Zoë')], 'accepted'],
    ['a country that is not printable', [one(countryName, 'C_')], 'der_unencodable'],
    ['a type that is no OID', [one('CN', 'alice')], 'der_unencodable'],
  ])('%s', (_, name, code) => {
    expect(codeOf(() => encodeName(name))).toBe(code)
  })
})

describe('parseName', () => {
  it.each([
    ['an empty name', sequence(), 'accepted'],
    ['an RDN without attributes', sequence(set()), 'dn_malformed'],
    [
      '64 RDNs',
      sequence(...Array.from({ length: 64 }, () => set(sequence(oid(commonName), utf8String('a'))))),
      'accepted',
    ],
    [
      '65 RDNs',
      sequence(...Array.from({ length: 65 }, () => set(sequence(oid(commonName), utf8String('a'))))),
      'dn_malformed',
    ],
    ['bytes behind the name', Buffer.concat([sequence(), Uint8Array.of(0)]), 'der_trailing_bytes'],
    [
      'bytes behind the value',
      sequence(set(sequence(oid(commonName), utf8String('a'), utf8String('b')))),
      'der_trailing_bytes',
    ],
    ['an attribute without value', sequence(set(sequence(oid(commonName)))), 'der_truncated'],
    ['UTF8String', withTag(0x0c, 'alice'), 'accepted'],
    ['PrintableString', withTag(0x13, 'alice'), 'accepted'],
    ['PrintableString beyond ASCII', withTag(0x13, Uint8Array.of(0xe4)), 'der_string_invalid'],
    ['TeletexString', withTag(0x14, Uint8Array.of(0x61, 0xe4)), 'accepted'],
    ['BMPString', withTag(0x1e, Uint8Array.of(0, 0x61)), 'accepted'],
    ['BMPString of three octets', withTag(0x1e, Uint8Array.of(0, 0x61, 0)), 'der_string_invalid'],
    ['BMPString with half a pair', withTag(0x1e, Uint8Array.of(0xd8, 0)), 'der_string_invalid'],
    ['BMPString with a NUL', withTag(0x1e, Uint8Array.of(0, 0)), 'dn_control_character'],
    ['UniversalString beyond Unicode', withTag(0x1c, Uint8Array.of(0, 0x11, 0, 0)), 'der_string_invalid'],
    ['UTF-8 that is broken', withTag(0x0c, Uint8Array.of(0xff)), 'der_string_invalid'],
    ['a NUL in UTF-8', withTag(0x0c, 'a\0b'), 'dn_control_character'],
    ['a line feed in PrintableString', withTag(0x13, 'a\nCN=b'), 'dn_control_character'],
    ['a CN that is no string', withTag(0x04, 'alice'), 'dn_malformed'],
    ['an unknown attribute that is no string', withTag(0x04, 'alice', '1.2.3.4'), 'accepted'],
  ])('%s', (_, encoded, code) => {
    expect(codeOf(() => parseName(encoded))).toBe(code)
  })

  it.each([
    ['TeletexString as Latin-1', withTag(0x14, Uint8Array.of(0x61, 0xe4)), 'aä'],
    ['BMPString as UTF-16', withTag(0x1e, Uint8Array.of(0, 0x61, 0x20, 0xac)), 'a€'],
    ['a leading byte order mark as a character', withTag(0x0c, '\ufeffa'), '\ufeffa'],
    ['a long text', withTag(0x0c, 'ä'.repeat(300)), 'ä'.repeat(300)],
    ['a long ASCII text', withTag(0x13, 'a'.repeat(300)), 'a'.repeat(300)],
  ])('reads %s', (_, encoded, expected) => {
    expect(attributeValues(parseName(encoded), commonName)).toEqual([expected])
  })

  it('shows what is no string as its encoding, and finds no value in it', () => {
    const name = parseName(sequence(set(sequence(oid('1.2.3.4'), integer(5n)))))
    expect(formatName(name)).toBe('1.2.3.4=#020105')
    expect(attributeValues(name, '1.2.3.4')).toEqual([])
  })

  it('reads back every name that is written', () => {
    const value = fc.string({ maxLength: 40 }).filter((text) => !/[^\x20-\x7e]/.test(text))
    const attribute = fc.record({ type: fc.constantFrom(commonName, organizationName, localityName), value })
    fc.assert(
      fc.property(fc.array(fc.array(attribute, { minLength: 1, maxLength: 1 }), { maxLength: 5 }), (name) => {
        expect(parseName(encodeName(name))).toEqual(name.map((rdn) => rdn.map((a) => ({ ...a, tag: 0x0c }))))
      }),
    )
  })

  it('answers random bytes with values and typed errors alone', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (contents) => {
        expect(typeof codeOf(() => parseName(sequence(set(contents))))).toBe('string')
      }),
      { numRuns: 1000 },
    )
  })
})

describe('singleAttribute', () => {
  const cn = { type: commonName, value: 'alice' }
  const ou = { type: organizationalUnitName, value: 'job-1' }

  it.each<[what: string, name: DistinguishedName, code: string]>([
    ['one CN beside an OU', [[cn], [ou]], 'accepted'],
    ['no CN', [[ou]], 'dn_attribute_not_single'],
    ['two CNs', [[cn], [cn]], 'dn_attribute_not_single'],
    ['two CNs in one RDN', [[cn, cn]], 'dn_attribute_not_single'],
    ['a CN in a multi-valued RDN', [[cn, ou]], 'dn_attribute_not_single'],
  ])('%s', (_, name, code) => {
    expect(codeOf(() => singleAttribute(name, commonName))).toBe(code)
  })

  it('returns the value', () => {
    expect(singleAttribute([[ou], [cn]], commonName)).toBe('alice')
  })
})

describe('sameName', () => {
  const name = [one(organizationName, 'Example Org'), one(commonName, 'Root 1')]

  it.each<[what: string, other: DistinguishedName, same: boolean]>([
    ['itself', name, true],
    ['other case', [one(organizationName, 'EXAMPLE org'), one(commonName, 'root 1')], true],
    ['more white space', [one(organizationName, ' Example   Org '), one(commonName, 'Root 1')], true],
    ['other text', [one(organizationName, 'Example Org'), one(commonName, 'Root 2')], false],
    ['other order', name.toReversed(), false],
    ['a prefix', name.slice(0, 1), false],
    ['other type', [one(organizationalUnitName, 'Example Org'), one(commonName, 'Root 1')], false],
    ['both in one RDN', [name.flat()], false],
    ['separators inside a value', [one(organizationName, 'Example Org","2.5.4.3=\\"Root 1')], false],
  ])('%s', (_, other, same) => {
    expect(sameName(name, other)).toBe(same)
  })
})

describe('formatName', () => {
  it.each<[name: DistinguishedName, text: string]>([
    [[], ''],
    [[one(organizationName, 'Example'), one(commonName, 'lovelace')], 'CN=lovelace,O=Example'],
    [[one(commonName, 'a,b+c"d\\e<f>g;h=i')], 'CN=a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h=i'],
    [[one(commonName, ' # ')], 'CN=\\ #\\ '],
    [[one(commonName, '#1')], 'CN=\\#1'],
    [[[...one(commonName, 'a'), ...one(organizationName, 'b')]], 'CN=a+O=b'],
    [[one('1.2.3.4', 'x')], '1.2.3.4=#0c0178'],
  ])('%j', (name, text) => {
    expect(formatName(name)).toBe(text)
  })
})
