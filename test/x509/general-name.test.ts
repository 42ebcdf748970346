import { describe, expect, it } from 'vitest'
import { DerReader } from '../../src/x509/der-reader.ts'
import {
  explicit,
  implicitConstructed,
  implicitPrimitive,
  nullValue,
  oid,
  type Der,
} from '../../src/x509/der-writer.ts'
import { encodeName } from '../../src/x509/distinguished-name.ts'
import { encodeGeneralName, parseGeneralName, type WritableGeneralName } from '../../src/x509/general-name.ts'
import { commonName } from './fixtures.ts'
import { codeOf } from './refusal.ts'

function text(number: number, value: string): Der {
  return implicitPrimitive(number, Buffer.from(value, 'latin1'))
}

function kindOf(encoded: Der): string {
  return DerReader.whole(encoded, parseGeneralName).kind
}

describe('GeneralName', () => {
  it.each<[WritableGeneralName]>([
    [{ kind: 'dns', value: 'a.internal' }],
    [{ kind: 'uri', value: 'spiffe://signet.internal/project/P/user/u' }],
    [{ kind: 'ip', octets: Uint8Array.of(127, 0, 0, 1) }],
    [{ kind: 'directory', name: [[{ type: '2.5.4.3', value: 'alice', tag: 0x0c }]] }],
  ])('%j survives both ways', (name) => {
    expect(DerReader.whole(encodeGeneralName(name), parseGeneralName)).toEqual(name)
  })

  it.each([
    ['email', text(1, 'a@b.internal'), 'email'],
    ['registered-id', implicitPrimitive(8, Uint8Array.of(0x2a, 3)), 'registered-id'],
    ['otherName', implicitConstructed(0, oid('1.2.3'), explicit(0, nullValue())), 'other'],
    ['x400Address', implicitConstructed(3, nullValue()), 'other'],
    ['ediPartyName', implicitConstructed(5, nullValue()), 'other'],
    ['directory', explicit(4, encodeName(commonName('a'))), 'directory'],
  ])('reads %s', (_, encoded, kind) => {
    expect(kindOf(encoded)).toBe(kind)
  })

  it.each<[what: string, encoded: Der, code: string]>([
    ['a NUL in a DNS name', text(2, 'good.internal\0.evil'), 'general_name_malformed'],
    ['a line feed in a URI', text(6, 'http://a\nb'), 'general_name_malformed'],
    ['a DNS name beyond ASCII', text(2, 'b\xe4d'), 'der_string_invalid'],
    ['an IP address of 5 octets', implicitPrimitive(7, new Uint8Array(5)), 'general_name_malformed'],
    ['an empty IP address', implicitPrimitive(7, new Uint8Array()), 'general_name_malformed'],
    ['a kind that is none', implicitPrimitive(9, new Uint8Array()), 'general_name_malformed'],
    ['nothing', new Uint8Array(), 'general_name_malformed'],
    ['two names in a directoryName', explicit(4, encodeName([]), encodeName([])), 'der_trailing_bytes'],
  ])('refuses %s', (_, encoded, code) => {
    expect(codeOf(() => kindOf(encoded))).toBe(code)
  })

  it.each<[WritableGeneralName]>([[{ kind: 'dns', value: 'ä.internal' }], [{ kind: 'uri', value: 'http://a\nb' }]])(
    'does not write %j',
    (name) => {
      expect(codeOf(() => encodeGeneralName(name))).toBe('der_unencodable')
    },
  )
})
