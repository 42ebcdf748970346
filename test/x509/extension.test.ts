import { describe, expect, it } from 'vitest'
import { boolean, octetString, oid, sequence, type Der } from '../../src/x509/der-writer.ts'
import { encodeExtensions, makeExtension, parseExtensions } from '../../src/x509/extension.ts'
import { OID } from '../../src/x509/oid.ts'
import { codeOf } from './refusal.ts'

const value = octetString(sequence())
const usage = sequence(oid(OID.keyUsage), value)

describe('Extensions', () => {
  it('keeps order, criticality and value', () => {
    const list = [
      makeExtension(OID.keyUsage, 'critical', sequence()),
      makeExtension('1.2.3', 'non-critical', sequence()),
    ]
    expect([...parseExtensions(encodeExtensions(list)).values()]).toEqual(list)
  })

  it('writes criticality only when it is there', () => {
    expect(encodeExtensions([makeExtension(OID.keyUsage, 'non-critical', sequence())])).toEqual(sequence(usage))
  })

  it.each<[what: string, encoded: Der, code: string]>([
    ['one', sequence(usage), 'accepted'],
    ['none', sequence(), 'extension_malformed'],
    ['two of one kind', sequence(usage, usage), 'extension_duplicate'],
    ['an explicit FALSE', sequence(sequence(oid(OID.keyUsage), boolean(false), value)), 'der_boolean_invalid'],
    ['an explicit TRUE', sequence(sequence(oid(OID.keyUsage), boolean(true), value)), 'accepted'],
    ['TRUE as 01', sequence(sequence(oid(OID.keyUsage), Uint8Array.of(1, 1, 1), value)), 'der_boolean_invalid'],
    ['a value that is no octet string', sequence(sequence(oid(OID.keyUsage), sequence())), 'der_tag_unexpected'],
    ['no value', sequence(sequence(oid(OID.keyUsage))), 'der_truncated'],
    ['a second value', sequence(sequence(oid(OID.keyUsage), value, value)), 'der_trailing_bytes'],
    ['no OID', sequence(sequence(value)), 'der_tag_unexpected'],
    ['bytes behind', Buffer.concat([sequence(usage), Uint8Array.of(0)]), 'der_trailing_bytes'],
  ])('reads %s', (_, encoded, code) => {
    expect(codeOf(() => parseExtensions(encoded))).toBe(code)
  })

  it.each([
    ['none', [], 'extension_malformed'],
    ['two of one kind', [OID.keyUsage, OID.keyUsage], 'extension_duplicate'],
    ['two of two kinds', [OID.keyUsage, OID.basicConstraints], 'accepted'],
  ])('writes %s', (_, ids, code) => {
    expect(codeOf(() => encodeExtensions(ids.map((id) => makeExtension(id, 'critical', sequence()))))).toBe(code)
  })
})
