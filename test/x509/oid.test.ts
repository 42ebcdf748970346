import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeOid, encodeOid, OID } from '../../src/x509/oid.ts'
import { codeOf } from './refusal.ts'

describe('object identifiers', () => {
  it.each(Object.entries(OID))('%s survives both ways', (_, dotted) => {
    expect(decodeOid(encodeOid(dotted))).toBe(dotted)
  })

  it.each([
    ['2.25.88805599207476776364421019267525894493.1.3'],
    ['2.999.1'],
    ['0.0'],
    ['1.39'],
    [`2.25.${2n ** 128n - 1n}`],
  ])('%s survives both ways', (dotted) => {
    expect(decodeOid(encodeOid(dotted))).toBe(dotted)
  })

  it.each([
    ['no octets', [], 'der_oid_invalid'],
    ['one octet', [0x2a], 'accepted'],
    ['an arc that does not end', [0x2a, 0x86], 'der_oid_invalid'],
    ['a padded arc', [0x2a, 0x80, 0x01], 'der_oid_invalid'],
    ['an arc of nineteen octets', [0x2a, ...Array<number>(18).fill(0x81), 0x01], 'accepted'],
    ['an arc of twenty octets', [0x2a, ...Array<number>(19).fill(0x81), 0x01], 'der_oid_invalid'],
    ['64 octets', Array<number>(64).fill(0x2a), 'accepted'],
    ['65 octets', Array<number>(65).fill(0x2a), 'der_oid_invalid'],
  ])('reads %s', (_, octets, code) => {
    expect(codeOf(() => decodeOid(Uint8Array.from(octets)))).toBe(code)
  })

  it('encodes again what it decodes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 30 }), (octets) => {
        if (codeOf(() => decodeOid(octets)) === 'accepted') expect(encodeOid(decodeOid(octets))).toEqual(octets)
      }),
      { numRuns: 2000 },
    )
  })
})
