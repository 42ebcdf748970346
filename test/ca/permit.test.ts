import { describe, expect, test } from 'vitest'
import { encodeCertificateRequest } from '../../src/ca/certificate-bytes.ts'
import { Permit } from '../../src/ca/permit.ts'
import { requestedValidity } from '../../src/ca/requested-validity.ts'
import { makeSerialNumber } from '../../src/domain/serial-number.ts'
import { explicit, sequence, smallInteger } from '../../src/x509/der-writer.ts'
import { contextFor, makeHierarchy, makeKey, NOW, requestFor, TRUST_DOMAIN } from './test-hierarchy.ts'
import { putTogether, takeApart } from './tbs-parts.ts'

const context = contextFor(await makeHierarchy(), 'job')

function goodTbs(): Uint8Array {
  return encodeCertificateRequest(requestFor('job', makeKey('ec-p256').publicKey), context, {
    serial: makeSerialNumber((size) => new Uint8Array(size)),
    validity: requestedValidity('default', context.profile, NOW),
    trustDomain: TRUST_DOMAIN,
  })
}

describe('Permit', () => {
  test('gives the bytes that it was made from, once', () => {
    const tbs = goodTbs()
    const permit = Permit.prepare(tbs, context)
    expect(Buffer.compare(permit.redeem(), tbs)).toBe(0)
    expect(() => permit.redeem()).toThrow(expect.objectContaining({ code: 'permit_spent' }))
  })

  test.each([
    ['a Uint8Array', (tbs: Uint8Array) => tbs],
    ['a Buffer', (tbs: Uint8Array) => Buffer.from(tbs.buffer, tbs.byteOffset, tbs.length)],
    ['a view of more', (tbs: Uint8Array) => new Uint8Array([...tbs, 0]).subarray(0, tbs.length)],
  ])('does not change when the bytes it was made from do: %s', (_kind, viewed) => {
    const tbs = viewed(goodTbs())
    const before = Uint8Array.from(tbs)
    const permit = Permit.prepare(tbs, context)
    tbs.fill(0xff)
    expect(Buffer.compare(permit.redeem(), before)).toBe(0)
  })

  test('shows nothing through which its bytes could be reached', () => {
    const permit = Permit.prepare(goodTbs(), context)
    const shown = Object.values(permit.facts).filter((fact) => typeof fact === 'object' && 'buffer' in fact)
    expect(shown).toEqual([])
    expect(Object.keys(permit).toSorted()).toEqual(['context', 'facts'])
  })

  test('has no other way in', () => {
    // @ts-expect-error the constructor is private: the lints are the only way to a permit
    const make = (): unknown => new Permit(new Uint8Array(), context, {})
    expect(make).toBeTypeOf('function')
  })

  // RFC 5280 §4.1: versions 1 and 2 have no extensions, and ours always do; the parser refuses before any lint.
  test.each([
    ['1, spelled out', explicit(0, smallInteger(0))],
    ['2', explicit(0, smallInteger(1))],
    ['1', new Uint8Array()],
    ['4', explicit(0, smallInteger(3))],
  ])('is not made for version %s', (_version, version) => {
    const tbs = putTogether({ ...takeApart(goodTbs()), version })
    expect(() => Permit.prepare(tbs, context)).toThrow(expect.objectContaining({ code: 'certificate_malformed' }))
  })

  test('is not made for bytes that go on', () => {
    const tbs = Uint8Array.from([...goodTbs(), 0])
    expect(() => Permit.prepare(tbs, context)).toThrow(expect.objectContaining({ code: 'der_trailing_bytes' }))
    expect(() => Permit.prepare(sequence(), context)).toThrow(
      expect.objectContaining({ code: expect.any(String) as string }),
    )
  })
})
